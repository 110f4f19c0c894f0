"""Where the open text of a French request usually stands: after "rappelle-moi de", between "ajoute" and "à la liste".

Patterns are for the sentence in lower case without accents, letter for letter as long as the sentence; what is found
is given back as it was written, in whole words ("d'appeler maman").
"""

from __future__ import annotations

import functools
import re

from appliance.understanding.french.names.around import CONTROL, HEAD_WORDS, PLAYED, TAIL_WORDS, UNKEPT
from appliance.understanding.french.names.homes import (
    PLACE_OF_LIGHT,
    PLACE_OF_MUSIC,
    PLACE_OF_SOUND,
    QUERY,
    SCENE,
)
from appliance.understanding.french.spelling import fold

Rules = tuple[str, ...]

_POLITE = (
    r"(?:[ ,]+(?:s'?il (?:te|vous) plait|sil (?:te|vous) plait|s il te plait|stp|svp|merci(?: d'avance| beaucoup)?|"
    r"maintenant|"
    r"tout de suite|pour moi|ok|steuplait|s'te plait|hein|si possible|si tu peux|quand tu peux|veux-tu|tu veux "
    r"bien|vite))*"
    r"[ .!?]*$"
)
_KNOWN = (
    r"courses|commissions|epicerie|achats|emplettes|taches|corvees|choses a faire|trucs a faire|to-?do(?:[ "
    r"-]?list)?|todolist|"
    r"to do(?: list)?|liste"
)
_LIST = (
    rf"(?:(?:l'|d'|la |ma |mes |les |notre |nos |une |cette |votre )?(?:listes?\b(?: (?:de|des|du|d|pour|pour le|"
    rf"pour la|pour les|a)\b)?(?: ?(?:de |d'|des |du |les |la |l')*[\w'-]+(?: a [\w'-]+)?)?|(?:{_KNOWN})))"
)
_LISTS = rf"(?:(?:a|sur|dans|aux?|pour|de|des) ?{_LIST}|aux (?:{_KNOWN})|des (?:{_KNOWN})|a l'(?:epicerie))"
_ADD = (
    r"(?:r?ajoute(?:r|s|z)?|mets|met|mettre|mettez|mettes|note[rsz]?|inscri(?:s|re|ves)|ecri(?:s|re)|marque[rs]?|"
    r"inclus|colle|insere[r]?|"
    r"glisse|balance|rentre|integre|enregistre|prevois)(?:-moi| moi)?"
)
_REMOVE = (
    r"(?:enleve[rsz]?|enlevez|retire[rsz]?|retirez|supprime[rsz]?|supprimez|efface[rsz]?|raye[rs]?|raies|"
    r"barre[rs]?|coche[rs]?|vire[rs]?|ote[r]?|"
    r"degage|sor(?:s|tir)|elimine|decoche)(?:-moi| moi)?"
)
_LACK = (
    r"(?:(?:il )?(?:me |nous )?(?:faut|faudrait|manque)(?: acheter| racheter| prendre)?(?! que)|besoin(?! que| de "
    r"toi)|plus|a court|manquer|manque|fini|"
    r"(?:dois|doit) (?:acheter|prendre)|reste plus|presque plus)"
)
_NOTE = r"(?:notes?|memos?)"
_ABOUT = (
    r"(?:sur|a propos|concernant|au sujet|parlant|qui parle|qui mentionne|mentionnant|contenant|relative a|avec|pour)"
)
_REMIND = (
    r"(?:rappelle[rsz]?|rapelle[rs]?|rappelez|rappeler|rappelleras|rappel|rappels|penser|previen[st]|avertis|"
    r"notifie|alerte|"
    r"pense-bete|signe)"
)
_WHEN = (
    r"(?:(?:demain|apres-demain|aujourd'?hui|ce (?:soir|matin|midi|week-end)|cet apres-midi|lundi|mardi|mercredi|"
    r"jeudi|vendredi|"
    r"samedi|dimanche|(?:a|vers|pour|avant|le|dans|d'ici|tous|toutes|chaque|en|la|cette|du) )[^,:]*? )"
)


def _rules(*patterns: str) -> Rules:
    return patterns


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile when first needed: all of them at import would cost the start of the gateway."""
    return re.compile(pattern)


_ITEMS_ADD = _rules(
    rf"^.*?\b(?:{_LIST}|{_KNOWN}) ?: ?(.+?){_POLITE}",
    rf"\b{_LACK} (?:acheter |prendre |racheter )?(.+?)[, ]+(?:tu peux |peux-tu )?(?:l'|les |en |le "
    rf")?{_ADD}(?:-l[ea]s?|-en| ca| les?)?\b"
    rf".*?(?:{_LIST}|{_KNOWN}){_POLITE}",
    rf"\b(?:dois|faut que je|il faut que je) (.+?)[, ]+{_ADD}(?:-l[ea]s?|-en| ca| les?)\b",
    rf"\bmets? a jour {_LIST} avec (.+?){_POLITE}",
    rf"\b(?:complete[r]?|mettre a jour) {_LIST} avec (.+?){_POLITE}",
    rf"\b(?:cree|creer|fais|faire|commence|commencer|demarre) une (?:nouvelle )?{_LIST} (?:avec|et ajoute|et "
    rf"mets-y|et mets|contenant) (.+?){_POLITE}",
    rf"^(?:\S+ )*?(?:sur|dans|a|pour) {_LIST}[, ]+(?:tu peux |peux-tu )?{_ADD} (.+?){_POLITE}",
    rf"\b(?:pour les|aux) (?:{_KNOWN})[, ]+(?:{_ADD}|il faut|prevois) (.+?){_POLITE}",
    rf"\b{_ADD} (?:aussi |egalement |encore |en plus )?(?:a|sur|dans) {_LIST} ?[,:]? ?(?!$)(.+?){_POLITE}",
    rf"\b(?:il y a|j'ai|on a|jai) (.+?) (?:sur|dans) {_LIST}[, ]+(?:sinon|si non|si ce)\b",
    rf"\b(?:assure-toi que|que) (.+?) (?:soit|soient|est|sont) (?:bien )?(?:sur|dans|a) {_LIST}",
    rf"\b{_ADD} (?:aussi |egalement |encore |en plus )?(.+?) (?:a acheter |en plus |aussi )?{_LISTS}\b",
    rf"\b(?:veux|voudrais|faut|besoin de|aimerais|besoin d')(?: acheter| racheter)? ?(.+?) (?:sur|dans) {_LIST}",
    rf"^(?:(?:hey|ok|dis|alors|euh) )*(.+?) (?:doit|doivent|va|vont|a mettre|a ajouter|est a mettre).*?(?:sur|dans|"
    rf"a) {_LIST}",
    rf"\b{_LACK} (?:acheter |prendre )?(.+?)[, ]+(?:note|ajoute|liste|sur la liste|mets|rajoute)\b",
    rf"^(?:(?:hey|ok|dis|alors|euh) )*(.+?)[, ]+(?:a mettre |a ajouter |ajoute |mets )?(?:sur|dans|a) {_LIST}{_POLITE}",
    rf"\b(?:manque|besoin de|contenir|avoir) (.+?){_POLITE}",
    rf"\b{_ADD} (.+?) (?:a|sur|dans|aux) [\w' -]+?{_POLITE}",
)
_ITEMS_REMOVE = _rules(
    rf"\b(?:achete|pris|trouve|rachete|deja|fini|termine|fait) (?:achete |pris |eu )?(.+?)[, ]+(?:tu peux )?(?:l'|"
    rf"les |le |la )?{_REMOVE}",
    rf"\b(?:plus besoin|pas besoin) (?:de |d')?(.+?)[, ]+(?:tu peux )?(?:l'|les )?{_REMOVE}",
    r"\b(?:marque|coche|mets|cocher|marquer) (.+?) comme (?:fait|achete|termine|pris)",
    rf"\b(?:sur|dans|de) {_LIST}[, ]+{_REMOVE} (.+?){_POLITE}",
    rf"^(.+?) (?:peut|peuvent|doit|doivent|n'a|n'ont|na|ne doit) .*?(?:de|sur) {_LIST}",
    rf"\b{_REMOVE} (?:l'article |le produit |le dernier article )?(.+?) (?:qui (?:est|sont) )?(?:de|dans|sur|des|"
    rf"du) {_LIST}\b",
    rf"\b{_REMOVE} (.+?) (?:des|de mes|dans les|de) (?:{_KNOWN})\b",
    rf"^(?:(?:hey|ok|dis|alors|euh) )*(.+?) (?:peut|peuvent|doit|doivent|n'a|n'ont|na|ne doit) .*?(?:de|sur) {_LIST}",
    rf"\b(?:veux plus|veut plus)(?: de| d')? ?(.+?) (?:sur|dans) {_LIST}",
    rf"\b(?:oublie|laisse tomber) (.+?) (?:sur|pour) {_LIST}",
    rf"\bliste[\w' ]*?[,:] ?{_REMOVE} (.+?){_POLITE}",
)
_LIST_NAME = _rules(
    r"\blistes? (?:(?:de|des|du|pour le|pour la|pour les|pour) |d'|appelee |nommee )+((?:choses|trucs|livres|"
    r"films|jeux) a \w+|fournitures scolaires|[\w'-]+)",
    r"\b(?:ma|la|mes|les) (to-?do(?:[ -]list)?|todo(?: list)?|todolist|to do(?: list)?)\b",
    r"\b(?:aux|les|des|mes|nos) (courses|commissions|achats|emplettes|taches|corvees)\b",
    r"\b(?:a|dans|sur|de) l'(epicerie)\b",
    r"\bliste d (\w{4,})",
    r"\bliste (?!s'?il|stp|svp|avec|et\b|vide|est|contient|sinon|de\b|a\b|pour\b|si\b|merci|en\b|dont|qui|que|tout|"
    r"aussi|complet|noire)([a-z][\w'-]{2,})\b",
    r"^(courses|commissions) ?:",
)
_NOTE_TEXT = _rules(
    rf"\b(?:comme quoi|avec le texte|disant(?: que)?|qui dit(?: que)?|indiquant que|pour dire que) (.+?){_POLITE}",
    rf"\bnote (?:appelee|intitulee|nommee) [\w-]+ (?:avec )?(.+?){_POLITE}",
    rf"\b(?:suit|suivant|ca|ceci|memo|note|notes|meme|info|noter|retenir|retiens|journal|idee|moi-meme|pense-bete|"
    rf"perso|texte|bien|"
    rf"dicter une note|retenez|quelque part|oublier|chose|tard|trace de ceci|moi|{_NOTE} [\w']+) ?: ?(?:que "
    rf")?(.+?){_POLITE}",
    r"^(?:(?:hey|ok|dis|alors|euh) )*(.+?)[, ]+(?:note(?:z)?(?: ca| cela|-ca|-le|-la)|ecris(?: ca|-ca|-le)|tu peux "
    r"(?:le )?noter|mets(?: ca|-ca|-le)|"
    r"prends note|enregistre(?: ca|-ca|-le)|garde(?: ca|-ca|-le)|ajoute(?: ca|-ca|-le)|retiens(?: ca|-ca|-le)|"
    r"marque(?: ca|-ca|-le)|c'est a noter|tu notes$|"
    r"note-le)(?![\w-]).*$",
    rf"\b(?:note[rsz]?|memo|noter|rappelle-toi|souviens-toi|souvenez-vous|souvenir|retiens|retenir|retiennes|"
    rf"memorise[r]?|ecris|ecrire|inscris|inscrire|marquer?|enregistrer|memoriser|"
    rf"enregistre|memoire|tete|en note|oublie pas|disant|dit|indiquant|quoi|dire|bien|fait|prends note|prendre "
    rf"note|prenez note|moi|tard|notes) "
    rf"(?:que |qu'|qu )(.+?){_POLITE}",
    rf"\b{_NOTE} (?:sur|a propos de|a propos d'|a propos du|a propos des|au sujet de|au sujet du|au sujet des|"
    rf"concernant|pour(?! moi| plus| ne)) (.+?){_POLITE}",
    r"\b(?:mets|enregistre[r]?|sauvegarde[r]?|ajoute[r]?|ecris|note[r]?|inscris|mettre|garde) (.+?) (?:dans "
    r"(?:mes|les|une) notes?|en note|comme note|"
    r"dans mon (?:carnet|bloc-notes)|dans le bloc-notes|a mes notes)\b",
    rf"\b(?:prends en note|prendre en note|prends note|prendre note|prenez note|dans mes notes|a mes notes|en note|"
    rf"note vocale|une note|nouvelle note|"
    rf"un memo|en memoire|quelque part|vite fait|note-moi|pour moi|marque-moi|ecris-moi|le fait|la note) ?,? "
    rf"(?:pour moi,? |pour plus tard,? |pour ne pas oublier,? )?(?:de |d')?(.+?){_POLITE}",
    rf"\b(?:note[rsz]?|memo|ecris|ecrire|inscris|marque|retiens|retenir|memorise|souviens-toi (?:de|d')|"
    rf"rappelle-toi (?:de|d')|enregistrer?|sauvegarder?)\b,? ?(?:pour moi,? |pour plus tard,? |pour ne pas "
    rf"oublier,? |quelque part,? )?(?:de |d')?(.+?){_POLITE}",
)
_OF = r"(?:de la |de l'|du |des |de |d')?"
_QUERY = _rules(
    r"\b(?:cherche[rz]?|recherche[r]?|fouille[r]?|regarde[r]?|trouve[r]?|retrouve[r]?|verifie|oeil|supprime[rsz]?|"
    r"efface[rsz]?|enleve[rs]?|retire[rs]?|"
    r"vire[rs]?|jette[rs]?|jeter)(?: moi|-moi)? (?!dans\b|la note|ma note|les notes|mes notes|ce que)(.+?) "
    r"(?:dans|de|des) (?:mes |les )?notes\b",
    rf"\bnotes\b ?: ?(.+?){_POLITE}",
    rf"\bdans (?:mes|les) notes (?:ce que j'ai (?:ecrit |note )?sur |ce qui parle {_OF}|tout sur |le mot |sur "
    rf")?(.+?){_POLITE}",
    r"\b(?:c'etait quoi|c'est quoi|cest quoi|quel est) (?!(?:la|ma) note)(.+?) (?:que j'(?:ai|avais) note|dans "
    r"mes notes|d'apres mes notes|selon mes notes)",
    rf"\b(?:d'apres|selon|dans) mes notes,? (?:c'est quoi|qu'est-ce que j'ai sur|il y a quoi sur|qu'est-ce qu'on "
    rf"dit sur) (.+?){_POLITE}",
    rf"\b(?:{_NOTE}|note|noter|ecrit|mis|info|truc|chose|garder|notees|tout|dit)\b.*?\b{_ABOUT} {_OF}(.+?)"
    rf"(?: (?:peut etre supprimee|est a supprimer|tu peux.*|n'est plus.*|on peut.*|peut partir|supprimer?|efface|"
    rf"poubelle))?{_POLITE}",
    rf"\b{_NOTE} (?:appelee|intitulee|nommee|qui s'appelle|qui dit|disant|parle {_OF}|mentionne|contient) "
    rf"?(.+?){_POLITE}",
    rf"\b(?:la|ma|cette) note (.+?){_POLITE}",
    rf"\bnotes? (.+?){_POLITE}",
)
_TIME_HEAD = (
    r"(?:(?:demain|apres[- ]demain|aujourd'?hui|ce soir|ce matin|ce midi|cet apres[- ]midi|(?:a|vers|dans|le|tous "
    r"les|toutes les|chaque|avant|pour|d'ici|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|en) ?[^,]{0,40}?) )??"
)
_INFINITIVE = r"(?:ne pas |pas |me |m'|te |se |s'|y |en |les? |la |l')*[\w-]+(?:er|ir|re|oir)\b"
_REMINDER_TEXT = _rules(
    r"^(?:(?:hey|ok|dis|alors|euh|bon) )*(?:je dois|il faut que je pense a|faut que je pense a|il faut|faut|je ne "
    r"dois pas oublier de|je veux|faudrait|"
    r"il ne faut pas que j'oublie de|faut pas que j'oublie de|j'oublie (?:toujours|tout le temps) de|je (?:vais|"
    r"risque d')\s?oublier de) ?(.+?)[, ]+"
    r"(?:rappelle-moi|rappelle-le-moi|rappelle le moi|tu me le rappelles|mets-moi un rappel|mets un rappel|tu peux "
    r"me (?:le rappeler|faire un rappel)|fais-moi un rappel|"
    r"fais-moi penser|peux-tu me le rappeler)\b",
    r"\b(?:rdv|rendez-vous) (.+?)[, ]+(?:mets un rappel|rappelle-moi|rappelle-le-moi)",
    r"^(?:(?:hey|ok|dis|alors|euh|bon) )*(?!rappelle|rappel\b|mets|fais|dis|previens|tu\b|peux|dans\b|a \d|"
    r"demain\b|ce soir\b|lundi\b|mardi\b|mercredi\b|"
    r"jeudi\b|vendredi\b|samedi\b|dimanche\b|le \d|chaque\b|tous\b|aujourd)(.+?)[, ]+(?:rappelle-moi|"
    r"rappelle-le-moi|tu me le rappelles|mets-moi un rappel|mets un rappel)"
    rf"{_POLITE}",
    rf"\b{_REMIND}\b.*?(?<!\d) ?:(?!\d) ?(.+?){_POLITE}",
    rf"\b(?:rappel|pense-bete)\b (?:pour |a |le |dans )(?:le |la |demain|ce |\d|lundi|mardi|mercredi|jeudi|"
    rf"vendredi|samedi|dimanche|midi|apres)[^,:]*, (.+?){_POLITE}",
    rf"\b{_REMIND}\b.*?\b(?:que je (?:dois|devrais|veux|dois absolument)|qu'il faut(?: que je)?|qu'il faudra|qu'on "
    rf"doit|que (?:j'ai|nous avons|il y a)|qu'il y a|que jai|que c'est(?: bientot)?) "
    rf"(.+?){_POLITE}",
    rf"\bpenser a (?!\d|midi|minuit|une heure|[a-z]+ heures?\b|me )(.+?){_POLITE}",
    rf"\b(?:rappelle[rsz]?|rapelle[rs]?|rappelez|rappelleras|previens|dis|avertis|alerte|signe|notifie|forcer|"
    rf"rappeler|me dire)(?:-moi|-nous| moi)? ?{_TIME_HEAD}"
    rf"(?:de penser a|de ne pas oublier de|de pas oublier de|de ne pas oublier d'|d'aller) ?(.+?){_POLITE}",
    rf"\b(?:rappel|pense-bete)\b[^,:]*? (?:pour|de) ((?:{_INFINITIVE}).*?){_POLITE}",
    rf"\b(?:rappel|pense-bete)\b[^,:]*? (d'{_INFINITIVE}.*?){_POLITE}",
    rf"\b{_REMIND}\b(?:-moi|-nous| moi)?.*?(?<!tard)(?<!plus) ((?:de |d'){_INFINITIVE}.*?){_POLITE}",
    rf"\bpenser {_TIME_HEAD}(?:a |au |aux )(?!\d|midi|minuit|une heure|[a-z]+ heures?\b|me )(.+?){_POLITE}",
    rf"\b(?:au sujet|a propos|concernant) (?:de |d'|du |des )?(.+?){_POLITE}",
    rf"\b(?:oublier|oublie) (?:de |d')(.+?){_POLITE}",
    rf"\brappel\b.*?\b(?:pour|concernant|au sujet de|a propos de) (?!(?:demain|ce|cet|lundi|mardi|mercredi|jeudi|"
    rf"vendredi|samedi|dimanche|midi|dans|le \d+|le lundi|le mardi|\d+|la semaine)\b)(.+?){_POLITE}",
    rf"\brappel\b.*?[,] ?(.+?){_POLITE}",
    rf"\b(?:rappelle[rsz]?|rapelle[rs]?|rappelez|rappeler)(?:-moi|-nous| moi| nous)? (?:pour |a propos de |"
    rf"concernant |au sujet de |que )?(?!(?:de|d)\b)(.+?){_POLITE}",
    rf"^rappel (?:pour |de )?(.+?){_POLITE}",
)
_REMINDER_GONE = _rules(
    rf"\brappels?\b.*?\b(?:pour|concernant|a propos de|a propos du|au sujet de|sur|qui dit|disant) (?!(?:demain|"
    rf"aujourd|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|le \d|le week|\d|ce |cet |la semaine|la fin|"
    rf"apres))(.+?)"
    rf"(?: (?:n'est plus.*|peut etre.*|tu peux.*|c'est plus.*|est inutile|ne sert plus|annulee?|a annuler|annuler|"
    rf"supprimer|a supprimer))?{_POLITE}",
    rf"\brappel ((?:de |d'|du |des )(?!(?:demain|\d[\dh]*|ce|cet|midi|minuit|la semaine|lundi|mardi|mercredi|jeudi|"
    rf"vendredi|samedi|dimanche|aujourd|[a-z-]+ heures?)\b).+?)(?: (?:n'est plus.*|peut etre.*|tu peux.*|c'est "
    rf"plus.*|est inutile|ne sert plus|a annuler|annule))?{_POLITE}",
    rf"\b(?:me rappeler?|me rappelle|rappelle-moi)(?: plus| pas)? (?:pour )?(.+?){_POLITE}",
    rf"\b(?:mon|le) rappel (?!(?:de|pour|du|que|qui|demain|s|stp|svp|merci|prochain|en|prevu|programme|demain|est|"
    rf"peut|a|ne|tu|annuler|supprimer|annule)\b)([a-z][\w' -]{{2,}}?){_POLITE}",
)
_LABEL_STOP = (
    r"(?:le|la|les|mon|ma|mes|un|une|ce|cette|de|du|des|d|l|a|au|en|dans|pour|sur|et|heure|heures|minute|minutes|"
    r"min|mn|seconde|secondes|"
    r"demain|matin|soir|midi|minuit|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|tous|toutes|chaque|semaine|"
    r"prochain|prochaine|"
    r"quotidien|quotidienne|recurrent|recurrente|apres|avant|aujourd|qui|que|quand|si|s|stp|svp|merci|stop|off|"
    r"maintenant|tout|plus|unique|vers|"
    r"est|sonne|ne|cet|prevue?|programmee?|reglee?|lance|lancer|commencer?|demarrer?|declencher?|programmer?|"
    r"preparer?|go|dis|mets|mettre|compte|ajoutes?|fais|faire|cours|treize|quatorze|seize|parce|car|derriere|lance|"
    r"quand|pendant|sert|sonnera|doit|devrait|marche|tourne|annuler|supprimer|annulee?|supprime|annule|arrete|"
    r"supprime|on|moi|ca|pas|appele|appelee|nomme|nommee|intitule|intitulee|cuisine|cuisson|rebours|\d\w*|"
    r"un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|"
    r"demi|demie|quart|peut|doit|en cours|actif|"
    r"week|ici|jour|jours|journee|avec|me|te|il|y|c|tard|tot|pile|ok|s'il|dormir|lever|reveiller|sonner|votre|"
    r"notre|janvier|fevrier|mars|avril|mai|juin|"
    r"juillet|aout|septembre|octobre|novembre|decembre|noel|premier)"
)
_TIMER = r"(?:minuteur|timer|minuterie|chrono|chronometre|compte a rebours|decompte)"
_ALARM = r"(?:reveil|alarme|cadran|reveille-matin)"
_WORD = rf"(?!{_LABEL_STOP}\b)[a-zœ][a-zœ'-]+(?: a laver| de terre)?(?: (?!{_LABEL_STOP}\b)[a-zœ][a-zœ'-]+)?"
_TIMER_LABEL = _rules(
    rf"\b(?:appelee?|nommee?|qui s'appelle|intitulee?|baptisee?|avec le nom|appelle-l[ea]|nomme-l[ea]|avec "
    rf"l'etiquette) (.+?)(?: (?:de|pour|sur|a) \d.*| (?:de|pour|sur) (?:un|deux|trois|dix|vingt|une|cinq|quinze|"
    rf"trente)\b.*)?{_POLITE}",
    rf"\b{_TIMER} ((?:pour (?:le |la |les |l'|mes |mon |ma )?|du |des |de la |de l'|de |d')?{_WORD})",
    rf"\b(?:heures?|minutes?|min|mn|secondes?|\d+ ?[hms]|\d+h\d\d|quart|demie?) pour ((?:le |la |les |l'|mon |ma |"
    rf"mes ){_WORD})",
    rf"\b(?:minutes?|min|secondes?|heures?) pour ({_WORD}){_POLITE}",
    rf"^({_WORD}),? {_TIMER} (?:de )?(?:\d+|une?|deux|trois|cinq|dix|quinze|vingt|trente)\b",
    rf"\b(?:les|mes|le|la|mon|ma) ({_WORD}) (?:doi(?:t|vent) |cui(?:t|sent)|a besoin|ont besoin|met(?:tent)? |"
    rf"pren(?:d|nent) |va |vont |en (?:a|ont) |sont? |est )",
    rf"\b(?:fais cuire|prepare|fais|mets|lance) (?:des |les |du |le |la |une? )({_WORD}),",
)
_ALARM_LABEL = _rules(
    rf"\b(?:appelee?|nommee?|qui s'appelle|intitulee?|avec le nom|appelle-l[ea]|avec l'etiquette) (.+?)(?: (?:a|"
    rf"pour) \d.*)?{_POLITE}",
    rf"\b{_ALARM} ((?:pour (?:le |la |les |l'|mes |mon |ma )|du |des |de la |de l'|d'|de )?{_WORD})",
)
_NOT_PLACE = (
    r"(?!(?:ce moment|general|france metro|retard|avance|direct|cours|plus|fait|heure|tout|temps|quelle|quel|"
    r"fuseau|mon|quoi|combien|deja|pleine)\b)"
)
_PLACE = _rules(
    rf"\b(?:a|au|aux|en) (?!l'heure|quelle|{_NOT_PLACE[3:-1]}){_NOT_PLACE}((?:[a-z][\w'.-]*)(?: (?!(?:il|quelle|en|"
    rf"la|maintenant|c'est|quel|on|exactement|actuellement|s'il|stp|merci|svp|vit|est)\b)[a-z][\w'.-]*){{0,3}}?)"
    rf"(?:,? (?:il est|quelle heure|en ce moment|maintenant|actuellement|la|c'est|on est|quel jour|quelle heure il|"
    rf"la-bas|exactement|aujourd'hui|tout de suite|deja|quelle).*)?{_POLITE}",
    rf"\bheure (?:locale |actuelle |exacte )?(?:de |du |des |d')(?!(?:aujourd|ete|hiver|maintenant|pointe|"
    rf"dejeuner)\b)([a-z][\w' .-]+?){_POLITE}",
)
_TAIL = (
    r"(?: (?:c'est|cest|tombe|ca tombe|est|sera|etait|on est|on sera|ce sera|on etait|c'etait|cette annee|l'annee "
    r"prochaine|l'an prochain|exactement|"
    r"deja|quel jour|d'apres|a lieu|quand|on fete|environ|de cette annee|cette semaine|ce mois-ci|bientot|"
    r"prochaine? annee)\b.*)?"
)
_WHEN_RULES = _rules(
    r"^(?:(?:hey|ok|dis|alors|euh|bon|et|sinon|au fait),? )*(?!(?:c'est|quel|quand|combien|dans combien|on est|"
    r"est-ce|jours|compte|nombre|dis|a quelle|il reste|donne|calcule|ca|la date|vendredi saint quand|tu|peux|sais|"
    r"regarde|trouve|verifie|temps|encore|quelle|qu)\b)"
    r"(.+?),? (?:c'est|cest|tombe|ca tombe|est|sera|etait|on (?:est|sera|etait|fete|tombe)|ce sera|c'etait) "
    r"(?:quand|quel|quelle|un quoi|a quelle|le combien|dans|quoi|le|un|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
    r"dimanche)\b",
    rf"\b(?:avant|jusqu'(?:a|au|aux)|jusqu (?:a|au)|d'ici(?: a)?|depuis|passes depuis|d ici) (?:a |au "
    rf")?(?!maintenant)(.+?){_TAIL}{_POLITE}",
    rf"\b(?:dans combien (?:de jours|de temps|de semaines|de mois)) (?:est-ce que c'est|est|c'est|cest|on est|"
    rf"tombe|sera|est-ce que)? ?(.+?){_TAIL}{_POLITE}",
    rf"\b(?:on (?:etait|sera|est|sera-t-on|fete|celebre)|etait-on|serons-nous|sera-t-on|sera|etait) (?:quel jour|"
    rf"le combien|quelle date|un quoi) ?(.+?){_TAIL}{_POLITE}",
    rf"\bquel(?:le)? (?:jour|date)(?: de la semaine)? (?:est-ce que tombe|sera-t-on|on sera|on est|serons-nous|on "
    rf"etait|etait-ce|c'est|cest|tombe|tombera|est|sera|etait|est-ce) ?(.+?){_TAIL}{_POLITE}",
    rf"\b(?:quand est-ce que c'est|quand c'est|c'est quand|quand est|quand a lieu|quand tombe|quand on fete|c'est "
    rf"le combien|c'est quel jour|c'est a quelle date|ca tombe quel jour|a quelle date (?:tombe|est|c'est)|c'est "
    rf"bientot|c'est encore loin|on est loin de|on fete|tombe quand) (.+?){_TAIL}{_POLITE}",
    rf"\bdate (?:de |du |des |d')(.+?){_TAIL}{_POLITE}",
    rf"\bdate (.+?){_TAIL}{_POLITE}",
    rf"\bquel jour(?: de la semaine)? (?:tombe |est |c'est )?(.+?){_TAIL}{_POLITE}",
    r"\b(?:fin de |dans )(l'annee|le mois|l'ete|l'hiver)",
    rf"\b(?:on etait|c'etait|on sera|ce sera|est-ce que|quand est) (?:quel jour |le combien |c'est |on a "
    rf")?(.+?){_TAIL}{_POLITE}",
)
_TABLE: dict[str, dict[str, Rules]] = {
    "timer_set": {"label": _TIMER_LABEL},
    "timer_cancel": {"label": _TIMER_LABEL[:2]},
    "alarm_set": {"label": _ALARM_LABEL},
    "alarm_cancel": {"label": _ALARM_LABEL},
    "reminder_set": {"text": _REMINDER_TEXT},
    "reminder_cancel": {"text": _REMINDER_GONE},
    "note_add": {"text": _NOTE_TEXT},
    "note_search": {"query": _QUERY},
    "note_delete": {"query": _QUERY},
    "list_add": {"items": _ITEMS_ADD, "list": _LIST_NAME},
    "list_remove": {"items": _ITEMS_REMOVE, "list": _LIST_NAME},
    "list_show": {"list": _LIST_NAME},
    "list_clear": {"list": _LIST_NAME},
    "clock_now": {"place": _PLACE},
    "date_lookup": {"when": _WHEN_RULES},
    "volume_set": {"place": PLACE_OF_SOUND},
    "media_control": {"query": QUERY, "place": PLACE_OF_MUSIC},
    "light_set": {"place": PLACE_OF_LIGHT},
    "scene_set": {"scene": SCENE},
}
_STOP = re.compile(
    r"^(?:le|la|les|mon|ma|mes|un|une|ce|ca|de|du|des|cette|tout|toute|liste|rappel|pour|a|que|qui|quoi|moi|ici|"
    r"la-bas|tard|plus|on|tu|que tu|un truc|un article|quelque chose|des articles|un produit|des trucs|annuler|"
    r"supprimer)$"
)
_EDGES = " ,:;\"'.!?"


def ruled(tool: str, text: str) -> dict[str, str]:
    """Return the spans that rules find in a lower-case sentence, by key; a key that no rule fits is absent."""
    text = TAIL_WORDS.sub("", HEAD_WORDS.sub("", text))
    flat = fold(text)
    found: dict[str, str] = {}
    for key, rules in _TABLE.get(tool, {}).items():
        if key == "query" and tool == "media_control" and CONTROL.search(flat) and not PLAYED.search(flat):
            continue
        said = next((one for rule in rules if (one := _said(rule, flat, text))), None)
        if said and tool == "reminder_set":
            said = UNKEPT.split(f"{said} ")[0].strip(_EDGES)  # a repeat that no tool keeps must be seen by the parsers
        if said:
            found[key] = said
    return found


def _said(rule: str, flat: str, text: str) -> str | None:
    """Return what a rule finds, as it was written, from the start of its first word."""
    match = _compiled(rule).search(flat)
    if match is None or not match[1]:
        return None
    start, end = match.span(1)
    while start and text[start - 1] not in " ":
        start -= 1
    while end < len(text) and text[end] not in " ":
        end += 1
    said = text[start:end].strip(_EDGES)
    return None if not said or _STOP.match(fold(said)) else said
