import type { Language } from "./told";

const LOOK = "Sehen Sie in `homarus logs` nach.";

export const german: Language = {
  more: "und {more} weitere",
  told: {
    // Conditions.
    backup_failed: ["Die Sicherung ist misslungen: {reason}", `Schaffen Sie Platz. ${LOOK}`],
    certificate_renewed: [
      "Das TLS-Zertifikat dieser Box wurde erneuert. Apps, die das alte kannten, fragen einmal, ob sie dem Fingerabdruck {fingerprint}… trauen sollen; Browser, die der Stelle der Box trauen, merken nichts.",
      "Vergleichen Sie den Fingerabdruck mit `homarus security audit` und sagen Sie dann in der App ja.",
    ],
    certificate_unusable: ["Das Zertifikat ist nicht brauchbar: {reason} Bis dahin ist dieses Gateway nur auf dieser Maschine zu erreichen.", "Beheben Sie das, danach `homarus gateway restart`."],
    config_invalid: ["[{path}: ]{reason}[ (gefunden: {value})]", "[{hint}]"],
    config_unused: ["[{path}: ]{reason}[ (gefunden: {value})]", "[{hint}]"],
    config_warning: ["[{path}: ]{reason}[ (gefunden: {value})]", "[{hint}]"],
    "database_rebuilt/lost": [
      "Die Datenbank war nicht brauchbar ({reason}) und wurde[ aus der Sicherung {base} und] aus dem Journal neu aufgebaut. Einige Zeilen können fehlen.",
      "[Die beschädigte Datei liegt noch hier: {aside}. Prüfen Sie die Platte: `homarus logs`.]",
    ],
    "database_rebuilt/whole": [
      "Die Datenbank war nicht brauchbar ({reason}) und wurde[ aus der Sicherung {base} und] aus dem Journal neu aufgebaut. Nichts, was bestätigt war, fehlt.",
      "[Die beschädigte Datei liegt noch hier: {aside}. Prüfen Sie die Platte: `homarus logs`.]",
    ],
    "devices_restored/ended": [
      "Die Datenbank ist älter als die Liste dessen, was entzogen wurde, wie nach dem Einspielen einer Sicherung. Diese Geräte bleiben, wie sie waren, entfernt oder mit weniger Rechten: {names}.",
      "Sehen Sie mit `homarus devices list` nach und entfernen Sie, was Sie nicht kennen: `homarus devices remove NAME`.",
    ],
    "devices_restored/lost": [
      "Die Liste der entfernten Geräte fehlt, darum kann eine alte Sicherung einige wieder hereingelassen haben. Diesen Geräten wird vertraut: {names}. Prüfen Sie sie.",
      "Sehen Sie mit `homarus devices list` nach und entfernen Sie, was Sie nicht kennen: `homarus devices remove NAME`.",
    ],
    embedded_model: ["Das eingebaute Modell ist nicht brauchbar: {reason}", "Installieren Sie noch einmal."],
    embeddings_absent: ["Satzvektoren sind gewünscht (models.mini.embeddings), aber nicht eingerichtet; sie stimmen nicht mit ab.", "Führen Sie scripts/embeddings aus, oder `homarus config set models.mini.embeddings false`."],
    "embeddings_absent/broken": ["Die Satzvektoren sind nicht brauchbar: {reason}", "Installieren Sie noch einmal."],
    engine_absent: ["Auf dieser Box kann kein Modell laufen: {reason}.", "Bis dahin kann nur ein Modell aus der Cloud antworten; scripts/engine richtet die Engine ein."],
    "engine_down/again": [
      "Der Modellprozess {name} ist beendet[ ({reason})]. Er wird neu gestartet.",
      `${LOOK} Ein anderes Modell: \`homarus models use NAME\`. Weniger Speicher: models.local.contextTokens.`,
    ],
    "engine_down/later": [
      "Der Modellprozess {name} ist beendet[ ({reason})]. Es wird später noch einmal versucht.",
      `${LOOK} Ein anderes Modell: \`homarus models use NAME\`. Weniger Speicher: models.local.contextTokens.`,
    ],
    model_unusable: ["Das Modell {file} ist nicht brauchbar: {reason}[ Stattdessen antwortet {instead}.]", "Wählen Sie ein anderes: `homarus models list`, `homarus models use NAME`."],
    not_announced: ["Handys finden diese Box nicht von selbst: Die Ankündigung ist beendet[ ({reason})].", "Es wird alle paar Minuten wieder versucht. Bis dahin koppeln Sie mit dem Code aus `homarus pair`."],
    peer_away: ["Die Box {name} ist nicht da: {reason}", "Sie wird von selbst wieder gesucht; um auf sie zu verzichten, entfernen Sie models.remotes.{name}."],
    peer_serving: ["Keine andere Box kann diese fragen: {reason}", "Berichtigen Sie models.local.serve oder die Datei; die Engine liest sie von selbst neu."],
    peer_settings: ["Die Box {name} ist falsch eingetragen: {reason}", "Berichtigen Sie models.remotes.{name}."],
    provider_settings: ["Ein Modelldienst ist falsch eingetragen: {reason}", "Berichtigen Sie {path}."],
    questions_kept: ["{count} Fragen warten auf die Verbindung.", "Sie werden beantwortet, wenn sie wieder da ist. /later zeigt die eines Gesprächs, /later clear verwirft sie."],
    "questions_kept/one": ["{count} Frage wartet auf die Verbindung.", "Sie wird beantwortet, wenn sie wieder da ist. /later zeigt die eines Gesprächs, /later clear verwirft sie."],
    restart_required: ["Gilt nach einem Neustart: {names}.", "Starten Sie das Gateway neu: `homarus gateway restart`."],
    tailscale_unserved: ["Über Tailscale ist die Box nicht zu erreichen: {reason}", "Beheben Sie das; es wird jede Minute wieder versucht. Oder: `homarus config set gateway.tailscale.mode off`"],
    // Findings of the audit.
    any_origin: ["gateway.controlUi.allowedOrigins enthält „{origin}“: Webseiten von Fremden dürfen sich verbinden.", "`homarus config unset gateway.controlUi.allowedOrigins`"],
    auth_none: ["Jedes Programm und jeder Benutzer dieser Maschine darf alles, und jede Webseite auf http://localhost kann Besitzer werden: gateway.auth.mode ist none.", "`homarus config set gateway.auth.mode token`"],
    funnel: ["gateway.tailscale.mode ist funnel, das zeigt einen Dienst dem ganzen Internet. Es wird nicht getan.", "`homarus config set gateway.tailscale.mode serve`"],
    "lax_lock/attempts": ["{number} falsche Geheimnisse dürfen versucht werden, bevor eine Quelle gesperrt wird.", "`homarus config unset gateway.auth.rateLimit.maxAttempts`"],
    "lax_lock/seconds": ["Wer rät, wird nur für {seconds} Sekunden gesperrt.", "`homarus config unset gateway.auth.rateLimit.lockoutMs`"],
    no_client_certificates: ["gateway.tls.caPath ist gesetzt, aber nach Zertifikaten der Clients wird nicht gefragt: Es hält niemanden fern.", "`homarus config unset gateway.tls.caPath`"],
    no_tls: ["Andere können sich unverschlüsselt verbinden: Wer im Netz ist, liest mit.", "`homarus config unset gateway.tls.enabled`, danach `homarus gateway restart`"],
    open_file: ["Andere Benutzer dieser Maschine können {path} lesen.", "`chmod {bits} {path}`"],
    plaintext_origin: ["gateway.controlUi.allowedOrigins enthält {origin}: Wer im Netz ist, kann diese Seite verändern.", "Setzen Sie gateway.controlUi.allowedOrigins mit https."],
    public_address: ["Das Gateway lauscht auf {addresses}, wo das ganze Internet anklopfen kann.", "`homarus config set gateway.bind tailnet` (oder loopback), danach `homarus gateway restart`"],
    public_plaintext: ["gateway.publicOrigin ist {origin}: Setup-Codes würden Handys unverschlüsselt dorthin schicken.", "`homarus config set gateway.publicOrigin https://…`"],
    "weak_secret/password": ["Das Passwort des Gateways ist kürzer als {least} Zeichen.", "Setzen Sie gateway.auth.password mit mindestens {least} Zeichen."],
    "weak_secret/token": ["Das Token des Gateways ist kürzer als {least} Zeichen.", "`homarus config unset gateway.auth.token` (ein starkes wird erzeugt), danach `homarus gateway restart`"],
    wide_network: ["{path} traut {network}, weit mehr als einem Zuhause.", "`homarus config set {path} […]`"],
  },
  reasons: {
    "the local engine is not set up: run scripts/engine": "die Engine ist nicht eingerichtet; scripts/engine holt das nach",
    "{} is damaged: run scripts/engine": "{1} ist beschädigt; führen Sie scripts/engine aus",
    "the local engine is incomplete, {} is missing: run scripts/engine": "die Engine ist unvollständig, {1} fehlt; führen Sie scripts/engine aus",
    "this processor cannot run the local engine, it lacks {}": "dieser Prozessor kann die Engine nicht ausführen, ihm fehlt {1}",
    "The engine does not start with it: {}.": "Die Engine startet nicht damit: {1}.",
    "HTTPS certificates are off in this tailnet; turn them on in its DNS settings.": "HTTPS-Zertifikate sind in diesem Tailnet aus; schalten Sie sie in seinen DNS-Einstellungen ein.",
    "Tailscale runs but is not connected; `tailscale up` connects it.": "Tailscale läuft, ist aber nicht verbunden; `tailscale up` verbindet es.",
    "Tailscale serves something else at https://{}/; `tailscale serve reset` frees it.": "Tailscale bedient unter https://{1}/ etwas anderes; `tailscale serve reset` gibt es frei.",
    "Tailscale does not answer at {} ({}). Is it installed, and may this user ask it (`sudo tailscale set --operator=$USER`)?":
      "Tailscale antwortet nicht unter {1} ({2}). Ist es installiert, und darf dieser Benutzer es fragen (`sudo tailscale set --operator=$USER`)?",
    "Tailscale said no ({}): {}": "Tailscale lehnt ab ({1}): {2}",
    "Tailscale answered something that is no JSON.": "Tailscale hat etwas geantwortet, das kein JSON ist.",
    "The certificates in {} cannot be used ({}). Restore them from a backup, or move the folder away: then new ones are made and every device has to pair again.":
      "Die Zertifikate in {1} sind nicht brauchbar ({2}). Stellen Sie sie aus einer Sicherung wieder her, oder verschieben Sie den Ordner: Dann werden neue erzeugt, und jedes Gerät muss neu gekoppelt werden.",
    "No certificate could be made in {}: {}.": "In {1} konnte kein Zertifikat erzeugt werden: {2}.",
    "{} cannot be used ({}). Move it away: another is made, and apps ask again.": "{1} ist nicht brauchbar ({2}). Verschieben Sie es: Ein anderes wird erzeugt, und Apps fragen noch einmal.",
    "{} can be read by others; `chmod 600 {}` mends it.": "{1} ist für andere lesbar; `chmod 600 {2}` behebt das.",
    "{} cannot be read: {}.": "{1} ist nicht lesbar: {2}.",
    "{} is no address; HOST:PORT is wanted.": "{1} ist keine Adresse; gebraucht wird HOST:PORT.",
    "{} is no SHA-256 of a certificate: 64 hexadecimal digits are wanted.": "{1} ist kein SHA-256 eines Zertifikats: gebraucht werden 64 hexadezimale Ziffern.",
    "{} is no name of a box: small letters, digits and '-' are.": "{1} ist kein Name einer Box: Kleinbuchstaben, Ziffern und „-“ sind erlaubt.",
    "The section gateway of the configuration cannot be read: only the control socket answers.": "Der Abschnitt gateway der Konfiguration ist nicht lesbar: Nur der Steuer-Socket antwortet.",
    "The certificate does not name {}: apps do not mind, browsers warn there. Open https://{}.local:{} instead, or make another with `homarus security renew-certificate`; apps then ask once.":
      "Das Zertifikat nennt {1} nicht: Apps stört das nicht, Browser warnen dort. Öffnen Sie stattdessen https://{2}.local:{3}, oder erzeugen Sie ein anderes mit `homarus security renew-certificate`; Apps fragen dann einmal.",
  },
};
