import type { Language } from "./told";

const LOOK = "Regardez `homarus logs`.";

export const french: Language = {
  more: "et {more} de plus",
  told: {
    // Conditions.
    backup_failed: ["La sauvegarde a échoué : {reason}", `Libérez de la place. ${LOOK}`],
    certificate_renewed: [
      "Le certificat TLS de ce boîtier a été renouvelé. Les applications qui connaissaient l’ancien demandent une fois s’il faut faire confiance à l’empreinte {fingerprint}… ; les navigateurs qui font confiance à l’autorité du boîtier ne remarquent rien.",
      "Comparez l’empreinte avec `homarus security audit`, puis acceptez dans l’application.",
    ],
    certificate_unusable: ["Le certificat est inutilisable : {reason} D’ici là, cette passerelle n’est joignable que sur cette machine.", "Corrigez cela, puis `homarus gateway restart`."],
    config_invalid: ["[{path} : ]{reason}[ (trouvé : {value})]", "[{hint}]"],
    config_unused: ["[{path} : ]{reason}[ (trouvé : {value})]", "[{hint}]"],
    config_warning: ["[{path} : ]{reason}[ (trouvé : {value})]", "[{hint}]"],
    "database_rebuilt/lost": [
      "La base de données était inutilisable ({reason}) et a été reconstruite[ depuis la sauvegarde {base} et] depuis le journal. Quelques lignes peuvent manquer.",
      "[Le fichier abîmé est gardé ici : {aside}. Vérifiez le disque : `homarus logs`.]",
    ],
    "database_rebuilt/whole": [
      "La base de données était inutilisable ({reason}) et a été reconstruite[ depuis la sauvegarde {base} et] depuis le journal. Rien de ce qui était confirmé ne manque.",
      "[Le fichier abîmé est gardé ici : {aside}. Vérifiez le disque : `homarus logs`.]",
    ],
    "devices_restored/ended": [
      "La base de données est plus ancienne que la liste de ce qui a été retiré, comme après la restauration d’une sauvegarde. Ces appareils restent comme ils étaient, retirés ou avec moins de droits : {names}.",
      "Regardez `homarus devices list` et retirez ce que vous ne connaissez pas : `homarus devices remove NAME`.",
    ],
    "devices_restored/lost": [
      "La liste des appareils retirés manque ; une vieille sauvegarde a pu en laisser rentrer. Ces appareils ont la confiance du boîtier : {names}. Vérifiez-les.",
      "Regardez `homarus devices list` et retirez ce que vous ne connaissez pas : `homarus devices remove NAME`.",
    ],
    embedded_model: ["Le modèle intégré est inutilisable : {reason}", "Réinstallez."],
    embeddings_absent: ["Les vecteurs de phrases sont demandés (models.mini.embeddings) mais pas installés ; ils ne votent pas.", "Lancez scripts/embeddings, ou `homarus config set models.mini.embeddings false`."],
    "embeddings_absent/broken": ["Les vecteurs de phrases sont inutilisables : {reason}", "Réinstallez."],
    engine_absent: ["Aucun modèle ne peut tourner sur ce boîtier : {reason}.", "D’ici là, seul un modèle du cloud peut répondre ; scripts/engine installe le moteur."],
    "engine_down/again": [
      "Le processus du modèle {name} s’est arrêté[ ({reason})]. Il est relancé.",
      `${LOOK} Un autre modèle : \`homarus models use NAME\`. Moins de mémoire : models.local.contextTokens.`,
    ],
    "engine_down/later": [
      "Le processus du modèle {name} s’est arrêté[ ({reason})]. Un nouvel essai aura lieu plus tard.",
      `${LOOK} Un autre modèle : \`homarus models use NAME\`. Moins de mémoire : models.local.contextTokens.`,
    ],
    model_unusable: ["Le modèle {file} est inutilisable : {reason}[ {instead} répond à sa place.]", "Choisissez-en un autre : `homarus models list`, `homarus models use NAME`."],
    not_announced: ["Les téléphones ne trouvent pas ce boîtier tout seuls : l’annonce s’est arrêtée[ ({reason})].", "Un nouvel essai a lieu toutes les quelques minutes. D’ici là, associez avec le code de `homarus pair`."],
    peer_away: ["Le boîtier {name} est absent : {reason}", "Il est recherché de lui-même ; pour vous en passer, retirez models.remotes.{name}."],
    peer_serving: ["Aucun autre boîtier ne peut interroger celui-ci : {reason}", "Corrigez models.local.serve ou le fichier ; le moteur le relit de lui-même."],
    peer_settings: ["Le boîtier {name} est mal inscrit : {reason}", "Corrigez models.remotes.{name}."],
    provider_settings: ["Un service de modèles est mal inscrit : {reason}", "Corrigez {path}."],
    questions_kept: ["{count} questions attendent la connexion.", "Elles auront leur réponse à son retour. /later montre celles d’une discussion, /later clear les abandonne."],
    "questions_kept/one": ["{count} question attend la connexion.", "Elle aura sa réponse à son retour. /later montre celles d’une discussion, /later clear les abandonne."],
    restart_required: ["Valable après un redémarrage : {names}.", "Redémarrez la passerelle : `homarus gateway restart`."],
    tailscale_unserved: ["Le boîtier n’est pas joignable par Tailscale : {reason}", "Corrigez cela ; un nouvel essai a lieu chaque minute. Ou : `homarus config set gateway.tailscale.mode off`"],
    // Findings of the audit.
    any_origin: ["gateway.controlUi.allowedOrigins contient « {origin} » : les pages web d’inconnus peuvent se connecter.", "`homarus config unset gateway.controlUi.allowedOrigins`"],
    auth_none: ["Chaque programme et chaque utilisateur de cette machine peut tout faire, et toute page web sur http://localhost peut devenir propriétaire : gateway.auth.mode vaut none.", "`homarus config set gateway.auth.mode token`"],
    funnel: ["gateway.tailscale.mode vaut funnel, ce qui montre un service à tout Internet. Ce n’est pas fait.", "`homarus config set gateway.tailscale.mode serve`"],
    "lax_lock/attempts": ["{number} secrets faux peuvent être essayés avant qu’une source soit bloquée.", "`homarus config unset gateway.auth.rateLimit.maxAttempts`"],
    "lax_lock/seconds": ["Une source qui devine n’est bloquée que {seconds} secondes.", "`homarus config unset gateway.auth.rateLimit.lockoutMs`"],
    no_client_certificates: ["gateway.tls.caPath est réglé, mais aucun certificat n’est demandé aux clients : cela n’écarte personne.", "`homarus config unset gateway.tls.caPath`"],
    no_tls: ["D’autres peuvent se connecter sans chiffrement : qui est sur le réseau lit tout.", "`homarus config unset gateway.tls.enabled`, puis `homarus gateway restart`"],
    open_file: ["D’autres utilisateurs de cette machine peuvent lire {path}.", "`chmod {bits} {path}`"],
    plaintext_origin: ["gateway.controlUi.allowedOrigins contient {origin} : qui est sur le réseau peut modifier cette page.", "Réglez gateway.controlUi.allowedOrigins avec https."],
    public_address: ["La passerelle écoute sur {addresses}, où tout Internet peut frapper.", "`homarus config set gateway.bind tailnet` (ou loopback), puis `homarus gateway restart`"],
    public_plaintext: ["gateway.publicOrigin vaut {origin} : les codes d’installation y enverraient les téléphones en clair.", "`homarus config set gateway.publicOrigin https://…`"],
    "weak_secret/password": ["Le mot de passe de la passerelle a moins de {least} caractères.", "Réglez gateway.auth.password avec au moins {least} caractères."],
    "weak_secret/token": ["Le jeton de la passerelle a moins de {least} caractères.", "`homarus config unset gateway.auth.token` (un jeton fort est créé), puis `homarus gateway restart`"],
    wide_network: ["{path} fait confiance à {network}, bien plus qu’une maison.", "`homarus config set {path} […]`"],
  },
  reasons: {
    "the local engine is not set up: run scripts/engine": "le moteur n’est pas installé ; lancez scripts/engine",
    "{} is damaged: run scripts/engine": "{1} est abîmé ; lancez scripts/engine",
    "the local engine is incomplete, {} is missing: run scripts/engine": "le moteur est incomplet, {1} manque ; lancez scripts/engine",
    "this processor cannot run the local engine, it lacks {}": "ce processeur ne peut pas faire tourner le moteur, il lui manque {1}",
    "The engine does not start with it: {}.": "Le moteur ne démarre pas avec lui : {1}.",
    "HTTPS certificates are off in this tailnet; turn them on in its DNS settings.": "Les certificats HTTPS sont désactivés dans ce tailnet ; activez-les dans ses réglages DNS.",
    "Tailscale runs but is not connected; `tailscale up` connects it.": "Tailscale tourne mais n’est pas connecté ; `tailscale up` le connecte.",
    "Tailscale serves something else at https://{}/; `tailscale serve reset` frees it.": "Tailscale sert autre chose à https://{1}/ ; `tailscale serve reset` libère la place.",
    "Tailscale does not answer at {} ({}). Is it installed, and may this user ask it (`sudo tailscale set --operator=$USER`)?":
      "Tailscale ne répond pas à {1} ({2}). Est-il installé, et cet utilisateur peut-il l’interroger (`sudo tailscale set --operator=$USER`) ?",
    "Tailscale said no ({}): {}": "Tailscale refuse ({1}) : {2}",
    "Tailscale answered something that is no JSON.": "Tailscale a répondu quelque chose qui n’est pas du JSON.",
    "The certificates in {} cannot be used ({}). Restore them from a backup, or move the folder away: then new ones are made and every device has to pair again.":
      "Les certificats de {1} sont inutilisables ({2}). Restaurez-les d’une sauvegarde, ou déplacez le dossier : de nouveaux seront créés et chaque appareil devra être associé de nouveau.",
    "No certificate could be made in {}: {}.": "Aucun certificat n’a pu être créé dans {1} : {2}.",
    "{} cannot be used ({}). Move it away: another is made, and apps ask again.": "{1} est inutilisable ({2}). Déplacez-le : un autre sera créé, et les applications redemanderont.",
    "{} can be read by others; `chmod 600 {}` mends it.": "{1} est lisible par d’autres ; `chmod 600 {2}` corrige cela.",
    "{} cannot be read: {}.": "{1} est illisible : {2}.",
    "{} is no address; HOST:PORT is wanted.": "{1} n’est pas une adresse ; il faut HOST:PORT.",
    "{} is no SHA-256 of a certificate: 64 hexadecimal digits are wanted.": "{1} n’est pas le SHA-256 d’un certificat : il faut 64 chiffres hexadécimaux.",
    "{} is no name of a box: small letters, digits and '-' are.": "{1} n’est pas un nom de boîtier : des minuscules, des chiffres et « - » le sont.",
    "The section gateway of the configuration cannot be read: only the control socket answers.": "La section gateway de la configuration est illisible : seule la prise de contrôle répond.",
    "The certificate does not name {}: apps do not mind, browsers warn there. Open https://{}.local:{} instead, or make another with `homarus security renew-certificate`; apps then ask once.":
      "Le certificat ne nomme pas {1} : les applications s’en passent, les navigateurs y avertissent. Ouvrez plutôt https://{2}.local:{3}, ou créez-en un autre avec `homarus security renew-certificate` ; les applications demanderont une fois.",
  },
};
