"""Where the open text of a request usually stands: after `dass`, between `setz` and `auf die Liste`, before "
"`erinnern`.

The fixed words of German do this more surely than a small model copies rare words; where no rule fits, the language
model's copy is taken. Rules read the sentence with its umlauts spelled out; what they find is cut from the original.
"""

from __future__ import annotations

import functools
import re

from appliance.understanding.german.homes import HOME_RULES, NAMES_NOTHING
from appliance.understanding.german.tokens import folded

Rules = tuple[str, ...]

_POLITE = (
    r"(?:,? (?:bitte|danke|danke dir|jetzt|ok|okay|ja|gell|wenn's geht|wenn du kannst|vielen dank|fuer mich|"
    r"bevor ich es vergesse|mal|doch|schnell))*[.!?]*$"
)
_SMALL = r"(?:(?:bitte|mal|noch|auch|mir|uns|dir|doch|schnell|ruhig|jetzt|eben|gleich|kurz|wieder|zusaetzlich) )*"
_WHOSE = r"(?:(?:die|der|den|dem|das|meine|meiner|meinen|meinem|unsere|unserer|deine|eine|einer|diese|ganze|neue) )*"
_LIST = (
    rf"{_WHOSE}(?:liste (?:fuer (?:den |die |das )?)?(?!bitte\b|steht\b|drauf\b)[\w-]+|"
    r"(?:(?!(?:die|der|den|meine|unsere|auf|zur|von|eine)\b)[\w-]+[ -])?[\w-]*(?:liste|lsite|zettel)|liste|"
    r"to do liste|(?:aufgaben|to-?dos?|todos)(?! ?liste))"
)
_PUT = (
    r"(?:setze?n?|schreibe?n?|packe?n?|tue?|tun|nimm|nehmen|hau|klatsch|notiere?n?|schmeiss|stell|mach|gib|"
    r"schieb|fuege?n?|"
    r"trage?n?|eintragen|hinzufuegen|ergaenze?n?|aufnehmen|erweitere?|merke?)"
)
_DOWN = (
    r"(?:hinzufuegen|hinzu|setzen|schreiben|packen|tun|nehmen|notieren|eintragen|aufnehmen|ergaenzen|schmeissen|"
    r"hauen|drauf|"
    r"dazu|auf|ein|rauf|haben|mit|kommt|kommen|muss|muessen)"
)
_TAKE = (
    r"(?:streiche?n?|loesche?n?|entferne?n?|nimm|nehm|nehmen|kratz|radier|hake?n?|schmeiss|wirf|werf|hau|tu|"
    r"kill|markiere?|"
    r"kennzeichne|setz|mach)"
)
_GONE = (
    r"(?:streichen|loeschen|entfernen|nehmen|wegnehmen|runternehmen|rausstreichen|abhaken|rausnehmen|"
    r"wegstreichen|runter|weg|"
    r"raus|ab|wieder|gestrichen|geloescht)"
)

_ITEMS_ADD = (
    rf"\b(?:fueg|fuege) {_SMALL}(?:der |zur |meiner |unserer ){_LIST} (.+?) hinzu\b",
    rf"\bbrauche? (?:ich |wir )?auf {_LIST} {_SMALL}(.+?){_POLITE}",
    rf"^auf {_LIST} {_SMALL}(.+?) (?:ergaenzen|eintragen|notieren|hinzufuegen|aufschreiben){_POLITE}",
    rf"^.*?\b{_LIST}(?: (?:bitte|hinzufuegen|dazu|kommt noch|noch))* ?[:,] (.+?){_POLITE}",
    rf"(?:brauchen|brauche|brauch|fehlt|fehlen|kaufen muss|muss noch|muessen noch) {_SMALL}(.+?), .*\b{_LIST}",
    rf"(?:kein|keine|keinen) (.+?) mehr,? .*\b{_LIST}",
    rf"^(?:hey |ok |also |du )?(.+?) (?:ist|sind) (?:alle|leer|aus|ausgegangen|fast leer|verbraucht),? .*\b{_LIST}",
    rf"(?:muss|muessen|will|wollen|sollte) {_SMALL}(.+?) (?:kaufen|besorgen|holen|einkaufen),? .*\b{_LIST}",
    rf"\b{_PUT} {_SMALL}(?:zu |auf |zur |in ){_LIST} (.+?)(?: hinzu| drauf| auf)?{_POLITE}",
    rf"\b{_LIST} (?:um|mit) (.+?)(?: ergaenzen| erweitern| an)?{_POLITE}",
    rf"\b{_PUT} {_SMALL}(.+?) (?:(?:dazu|mit|oben|noch|zusaetzlich|fuers wochenende|fuer morgen) )*(?:auf|zu|zur|"
    rf"in|fuer) {_LIST}",
    r"(?:kannst du|koenntest du|bitte|moechte|will|wuerde gerne?|du sollst|koennen sie|kannste|magst du) "
    rf"{_SMALL}(.+?) (?:auf|zu|zur|in) {_LIST}",
    rf"^(?:hey |ok |also |du )?(?:zur|auf|fuer) {_LIST} {_SMALL}(?:{_DOWN} |fehlt |fehlen |brauchen wir |brauche "
    rf"ich )*{_SMALL}(.+?)(?: drauf| rauf| hinzufuegen| setzen)?{_POLITE}",
    rf"^(?:hey |ok |also |du )?{_SMALL}(.+?) (?:muss|muessen|soll|sollen|gehoert|gehoeren|kommt|kommen|sollte|"
    rf"sollten|fehlt|fehlen)? ?(?:noch |auch )*(?:auf|zur|zu) {_LIST}",
    rf"^(?:hey |ok )?{_LIST} (.+?)(?: (?:dazu|hinzufuegen|drauf|ergaenzen|setzen))*{_POLITE}",
)
_ITEMS_REMOVE = (
    r"^(?:hey |ok |also )?(?:die |das |den )?((?!ich\b|wir\b)\w[\w ,-]*?) (?:brauchen|brauche|hab|habe|haben) "
    r"(?:wir|ich) (?:schon|bereits|jetzt|nicht mehr|doch nicht|gekauft|schon gekauft|bereits gekauft)\b",
    rf"^.*?\b{_LIST} ?[:,] (.+?) {_GONE}{_POLITE}",
    r"(?:habe|hab|haben) (?:die |das |den |der )?(.+?) (?:schon |bereits |gerade )*(?:gekauft|besorgt|geholt|"
    r"erledigt|gemacht|bekommen|gekriegt)",
    rf"^(?:hey |ok )?(.+?) (?:ist|sind) (?:erledigt|gekauft|besorgt|abgehakt|da),? .*\b{_TAKE}",
    r"(?:brauche|brauchen|brauch) (?:wir |doch )?(?:kein|keine|keinen|die|das|den) (.+?) (?:mehr|nicht mehr),? "
    rf".*\b{_TAKE}",
    rf"\b{_TAKE} {_SMALL}(?:von|aus|auf) {_LIST} (.+?)(?: {_GONE})*{_POLITE}",
    r"\b(?:markiere?|setz|kennzeichne) {_SMALL}(.+?)(?: auf .+?)? als ".replace("{_SMALL}", _SMALL),
    rf"\b{_TAKE} {_SMALL}(.+?) (?:von|aus|auf) {_LIST}",
    r"(?:kannst du|koenntest du|bitte|moechte|will|wuerde gerne?|du sollst|koennen sie|kannste|magst du) "
    rf"{_SMALL}(.+?) (?:von|aus|auf) {_LIST}",
    rf"^(?:hey |ok |also )?{_SMALL}(.+?) (?:(?:kann|koennen|soll|sollen|darf|muss) )?(?:von|aus|auf) {_LIST}",
    rf"\b{_TAKE} {_SMALL}(.+?) (?:ab|weg|raus|runter){_POLITE}",
)
_LIST_NAME = (
    r"\b(to[ -]?do[ -]?liste|to do'?s)\b",
    r"\b((?!(?:die|der|den|dem|meine|meiner|meinen|unsere|unserer|auf|zur|von|eine|einer|ganze|ganzen|alte|neue|"
    r"komplette|"
    r"gesamte|diese|liste|welche|alle|leere|aktuelle|leer|loesch|loesche|zeig|lies|oeffne|zu|aus)\b)[\w-]+ liste)\b"
    r"(?! (?:fuer|camping|urlaub|garten|geschenke|party|filme|buecher|arbeit|schule|haushalt|weihnachten|"
    r"drogerie|einkauf|ikea|baumarkt))",
    r"\b([\w-]+liste|[\w-]*einkaufs?zettel)\b",
    r"\bliste (?:fuer (?:den |die |das )?)((?!heute|morgen|mich)[\w-]+)",
    r"\bliste (camping|urlaub|garten|geschenke|party|filme|buecher|arbeit|schule|haushalt|weihnachten|drogerie|"
    r"einkauf|ikea|baumarkt)\b",
    r"\b(?:zu|auf) (?:meinen|den|meine) (aufgaben|todos|to-dos)\b",
    r"\b(aufgaben|todos|to-dos)\b",
)
_COLON = r" ?[:,-]? "
_JOT = (
    r"(?:notiere?n?|merke?n?|aufschreiben|schreibe?n?|notiz|memo|vermerke?|festhalten|behalte?|speichere?|fest|"
    r"gemerkt|notiert)"
)
_NOTE_TEXT = (
    r"^(?:hey |ok |so )?(.+?), (?:merk dir das|notiere? das|schreib das auf|schreib dir das auf|bitte notieren|"
    r"bitte merken|"
    r"das bitte notieren|kannst du dir das merken|merk's dir|das merken|halt das fest).*$",
    r"\b(?:notiz|notizen|memo|notier|notiere|auf|dir|folgendes|notieren|merken|aufschreiben|vermerk|eintrag|"
    rf"idee|inhalt|text|selbst|mich|ein|hinzu|an) ?: (.+?){_POLITE}",
    rf"\bdir (?:merkst|notierst|aufschreibst),? dass (.+?){_POLITE}",
    rf"\b{_JOT}\b.*?,? dass (?!du dir)(.+?)(?:,? (?:notier|schreib|notiz|merk).*)?{_POLITE}",
    rf"\bdass (?!du dir)(.+?)(?:,? (?:notier|schreib|notiz|merk).*)?{_POLITE}",
    r"\b(?:notiz|memo|vermerk|anmerkung) (?:an mich(?: selbst)? |anlegen |erstellen |machen |schreiben "
    r")?(?:ueber|zu|zum thema|wegen|bezueglich) (.+?)(?: (?:machen|erstellen|schreiben|speichern|anlegen|"
    rf"aufnehmen|verfassen|hinterlassen))?{_POLITE}",
    r"\b(?:fuege?|schreibe?|pack|tu|setz|trag) (?:bitte |mal )?(.+?) (?:zu|in) (?:meinen?|die|den) notizen\b",
    rf"\b(?:in die|in meine|zu meinen|fuer die) notiz(?:en)?(?: ein| hinzu)?{_COLON}(.+?){_POLITE}",
    rf"\bschreibe? {_SMALL}auf{_COLON}(.+?){_POLITE}",
    rf"\bschreibe? {_SMALL}(.+?) auf{_POLITE}",
    rf"\b(?:notiere?|merke?) {_SMALL}{_COLON[1:]}?(.+?){_POLITE}",
    rf"\b(?:notiz|memo)(?: an mich(?: selbst)?)?{_COLON}(.+?){_POLITE}",
)
_SEEK = (
    r"(?:suchen|finden|anzeigen|zeigen|vorlesen|oeffnen|heraussuchen|raussuchen|durchsuchen|schauen|gucken|"
    r"stoebern|notiert|"
    r"aufgeschrieben|geschrieben|vermerkt|gemerkt|gespeichert|loeschen|entfernen|verwerfen|wegwerfen|rauswerfen|"
    r"weg|raus|vor|an|"
    r"kann weg|hinter?legt|hab|habe|haben|nicht mehr|steht|drin|in meinen notizen|in den notizen|diktiert|"
    r"gesagt|streichen|"
    r"was (?:stand|war) (?:da|das)|such das|find das|notiert gehabt|gehabt|nimmer|net mehr|hat sich .*|ist "
    r"(?:veraltet|erledigt).*|"
    r"wegmachen|wegwirfst|loeschst|entfernst|bitte loeschen|sofort|gleich|weg .*|nicht|in notizen|"
    r"(?:kann|soll|darf|muss) (?:weg|raus|geloescht werden|entfernt werden|verschwinden))"
)
_ABOUT = r"(?:ueber|zu|zum thema|zum|zur|wegen|bezueglich|betreffend|mit|von|nach|fuer|vom)"
_QUERY = (
    rf"\bnotiz(?:en|suche)? ?: (.+?){_POLITE}",
    rf"\bnotiz(?:en)?(?: heute)? {_ABOUT} (.+?)(?:,? {_SEEK})*{_POLITE}",
    r"\bnotizen, (?:in denen|wo) (.+?) (?:vorkommt|steht|erwaehnt|drin).*$",
    rf"^(?:{_TAKE} )?{_SMALL}(?!.*\b(?:ueber|zu|wegen)\b)(.+?) (?:aus|von) (?:meinen|den) notizen (?:loeschen|"
    r"entfernen|nehmen|streichen)",
    rf"\b(?:loesch|loesche|entferne|entfern|streich|such|suche|find|finde) {_SMALL}(.+?) (?:aus|von|in) "
    r"(?:meinen|den) notizen\b",
    rf"\bin (?:meinen|den) notizen (?:nach|etwas ueber|was ueber|was zu|etwas zu) (.+?)(?: {_SEEK})*{_POLITE}",
    r"\b([\w-]{3,}notiz(?:en)?)\b",
    rf"\b(?:ueber|zum thema|wegen|bezueglich|zu|von) (.+?)(?:,? {_SEEK})*{_POLITE}",
)
_DUTY = r"(?: (?:muss|muessen|soll|sollte|will|wollen|wollte|moechte|wollten|darf|sollen|wollen))?"
_DASS = r"dass (?:ich |wir )?"
_REMIND = r"(?:erinnere?n? sie|erinnert|erinnere?|erinnern|erinnerung|reminder|bescheid)"
_NUDGE = (
    r"(?:erinnere?|bitte erinner|kannst du mich|erinnerung|bitte erinnern|reminder|erinnerst du|vergiss nicht|"
    r"kannst du bitte)"
)
_REMINDER_TEXT = (
    r"^(?:hey |ok |ach ja |so |also |bitte )?.*?\b(?:ich|wir) (?:muss|muessen|will|soll|sollte|darf nicht "
    rf"vergessen,?|wollte) (.+?), {_NUDGE}",
    rf"^.*?\b(?:muss|soll|will) ich (.+?), {_NUDGE}",
    rf"(?:vergesse?|vergess) (?:immer|staendig|dauernd)?,? ?(.+?), {_NUDGE}",
    rf"nicht vergessen,? (?!mich)(.+?), {_NUDGE}",
    rf"\b{_REMIND}\b.*?\b(?:daran|dran),? (?:bitte )?{_DASS}(.+?){_DUTY}{_POLITE}",
    rf"\b{_REMIND}\b.*?\b{_DASS}(.+?){_DUTY}{_POLITE}",
    rf"\b(?:mich|uns) (?:.*? )?(?:daran|dran) (?:zu )?erinner[ns]t?,? (.+?){_POLITE}",
    rf"\b{_REMIND}\b.*?\b(?:daran|dran),? (?:zu erinnern,? )?(.+?){_POLITE}",
    rf"\b{_REMIND}\b[^:]*?(?<!\d) ?:(?!\d) ?(.+?){_POLITE}",
    rf"^(?:.*?)\berinnern ?: (.+?){_POLITE}",
    r"\b(?:mich|uns|erinnerung|reminder) (?:.*? )?(?:an|ans|fuer|zum|zur|wegen) (?!(?:morgen|heute|uebermorgen|"
    r"montag|werktagen|weihnachten|silvester)\b)(?!\d)(.+?) (?:zu )?(?:erinner[ns]t?|erstellen|setzen|stellen|"
    r"machen|anlegen|einrichten|hinzufuegen|einstellen|speichern|eintragen|schreiben|werden)\b",
    rf"\b{_REMIND}\b.*?\b(?:ans?|fuer|zum|zur|zu (?=der |dem |den |das |die |mein)|wegen|bezueglich|bzgl) "
    rf"(?!(?:morgen|heute|uebermorgen|montag|werktagen|weihnachten|silvester|am)\b)(?!\d)(.+?){_POLITE}",
    r"\b(?:erinnerung|reminder|benachrichtigung)\b.*?\b(?:hinzufuegen|machen|setzen|stellen|erstellen|anlegen|"
    r"einrichten|"
    rf"speichern|eintragen|einstellen|schreiben),? ?:? ?(.+?){_POLITE}",
    r"\blasst? mich (?:bitte )?(.+?) nicht vergessen",
    rf"\bnicht vergessen,? ?:? ?(.+?){_POLITE}",
    r"\ban (.+?) (?:erinnern|denken|bitte erinnern)\b",
    rf"\b(?:daran )?denken ?: (.+?){_POLITE}",
    rf"\b(?:mich|uns) (?:bitte |mal )?(.+?) erinnern{_POLITE}",
    rf"^(?:hey |ok |bitte )?{_REMIND} (?:mich|uns) (?:bitte |mal |dann |auch |doch |nochmal )*,? ?(.+?){_POLITE}",
    rf"\b(?:erinnerung|reminder),? (.+?){_POLITE}",
)
_DROP = (
    r"(?:loeschen|entfernen|weg|aus|stornieren|abbrechen|streichen|canceln|stoppen|ab|raus|ausmachen|"
    r"deaktivieren|rausnehmen|"
    r"wegmachen|beenden|abschalten|vergessen|wieder|nicht mehr)"
)
_REMINDER_GONE = (
    r"\b((?!keine)[\w-]{3,}erinnerung)\b",
    r"\b(?:erinnerung|erinnere|erinner|mich|reminder)\b.*?\b(?:daran|dran),? (?:zu erinnern,? |dass (?:ich |wir "
    rf")?)?(?!erinnern|zu erinnern)(.+?){_DUTY}(?: (?:zu erinnern|erinnern|{_GONE}))*{_POLITE}",
    r"\b(?:erinnerung|erinnere|erinner|mich|reminder)\b.*?\b(?:ans?|fuer|wegen|zum|zur|zu (?=der |dem |den |das "
    r"|die )|mit) (?!erinnern)(.+?)(?:,? (?:loeschen|entfernen|weg|aus|stornieren|abbrechen|streichen|canceln|"
    r"stoppen|zu erinnern|erinnern|nicht mehr|wieder|"
    r"ausmachen|deaktivieren|rausnehmen|wegmachen|beenden|abschalten|vergessen|ab|raus|sein|bleiben|mehr|kann|"
    rf"soll|ist|wird|nicht|streichst|loeschst|entfernst|nimmer|halt).*)?{_POLITE}",
    r"(?:habe|hab) (.+?) (?:schon |bereits )?(?:erledigt|gemacht),? .*erinnerung",
    r"\b(?:erinnerung|reminder),? (?:dass (?:ich |wir )?)?(?!(?:loeschen|entfernen|abbrechen|wieder|von|weg|aus|"
    r"stoppen|mehr|mit|zu d\w\w|wegmachen|vergessen|rausnehmen|canceln|streichen|beenden|deaktivieren|bitte)\b)(.+?)"
    rf"(?:,? (?:bitte|{_DROP}))*{_POLITE}",
    r"\b(?:streich|nimm|loesch|loesche|entferne) (.+?) (?:von|aus) (?:meinen|den) erinnerungen",
)
_NO_LABEL = (
    r"(?:kuechen|kurzzeit|handy|eier|naechste|naechsten|letzten|ersten|zweiten|laufenden|aktuellen|neuen|"
    r"weiteren|einen|den|nen|"
    r"ein|der|mein|meinen|diesen|unseren|noch|minuten|stunden|sekunden|minute|stunde|sekunde|min|std|alle|alle "
    r"meine|beide|jeden|"
    r"keinen|kein|dieser|bitte|mal|uhr|auf|fuer|und|mir|stell|stelle|starte|start|stopp|stoppe|mach|mache|"
    r"loesch|loesche|beende|"
    r"zweiter|dritter|neuer|weiterer|ersten|erster|anderen|abgelaufen|taeglichen|regelmaessigen|wiederkehrenden|"
    r"was|lange|"
    r"minuetigen|stuendigen|sekuendigen|aktiver|meine|laufende|countdown|setz|setze|den|beim|dem|h|s|morgens|"
    r"frueh|abends|"
    r"uhr|\d.*|jetzt|doch|saemtliche|brauchen|brauche|brauch|braucht|man|wir|ich|ihn|es|vielleicht|fertig|habe|"
    r"hab|als|breche|brich|meinem|dreiviertelstunde|viertelstunde|halbe|eieruhr|noch|nochmal|wieder|abbrechen|"
    r"aus|stellen|bitte|gleich|schnell|eben|[a-z]+igen|starten|stoppen|loeschen|alarm|weck|timer|wecker|halb|"
    r"dreiviertel|viertel|stunde|ne|n|eine|noch|danke|ok|hey|den|eigentlich)"
)
_NAMED = (
    r"(?:namens|mit dem namen|und nenne? ihn|mit der bezeichnung|mit dem titel|genannt|mit der aufschrift|"
    r"bezeichnet als|"
    r"und zwar fuer|fuer(?: den| die| das| meine| meinen| mein)?|fuers|zum|von der|von den)"
)
_UNITS = r"(?:minuten?|min|sekunden?|sek|stunden?|std|tage?|viertelstunde|dreiviertelstunde|uhr|h|s|m)"
_LABEL_END = (
    r"(?: (?:auf|von|mit|ueber|fuer) (?:\d|ein|zwei|drei|vier|fuenf|sechs|sieben|acht|neun|zehn|elf|zwoelf|"
    r"zwanzig|dreissig|"
    r"vierzig|anderthalb).*| (?:stellen|starten|setzen|machen|aktivieren|erstellen|einrichten|anlegen|"
    r"einstellen|loeschen|"
    r"stoppen|abbrechen|ausmachen|aus|ab|an|ein|stopp|weg|beenden|abstellen|bitte|programmieren|anmachen|"
    r"ausschalten|laeuft|"
    r"abschalten|um|anhalten|entfernen|canceln|stornieren|deaktivieren|beginnen|laufen|nicht).*)?"
)
_TIMER_LABEL = (
    r"\b((?!kuechentimer|kurzzeittimer|[a-z]*(?:minuten?|stunden?|sekunden?)-?timer)[a-z]{3,}timer|"
    r"(?!kuechen-|kurzzeit-|[a-z]*minuten?-|[a-z]*sekunden?-|[a-z]*stunden?-)[a-z]{2,}-timer)\b",
    rf"(?:^|\b(?:einen|den|nen|meinen|n|der|mein|{_UNITS}) )((?!{_NO_LABEL}\b)[a-z][a-z-]{{1,}}) timer\b",
    r"\b(?:namens|mit dem namen|und nenne? ihn|mit der bezeichnung|mit dem titel|genannt) "
    rf"(.+?){_LABEL_END}{_POLITE}",
    rf"\b{_UNITS}\b(?: timer)? {_NAMED} ((?!{_NO_LABEL}\b)[a-z][a-z-]{{2,}}(?: [a-z]{{3,}})??){_LABEL_END}{_POLITE}",
    rf"\b(?:timer|countdown|wecker) {_NAMED} ((?!{_NO_LABEL}\b)[a-z][a-z-]{{2,}}){_LABEL_END}{_POLITE}",
    rf"^(?:den |die |das )?((?!{_NO_LABEL}\b)[a-z]{{3,}}) (?:muss|muessen|braucht|brauchen) .*timer",
)
_ALARM_LABEL = (
    r"\b((?!handywecker|kurzzeitwecker|kuechenwecker)[a-z]{3,}wecker)\b",
    r"\b(?:namens|mit dem namen|und nenne? ihn|mit der bezeichnung|mit dem titel|genannt) "
    rf"(.+?){_LABEL_END}{_POLITE}",
    r"\b(?:wecker|alarm) (?:fuer|zum|zur) (?:die |das |den )(?!(?:fruehschicht )?\d)((?!montag|dienstag|"
    rf"mittwoch|donnerstag|freitag|samstag|sonntag|morgen)[a-z-]{{3,}}){_LABEL_END}{_POLITE}",
)
_PLACE = (
    r"\b(?:in|drueben in|dort in|zeit fuer|zeit von) (?!welche[mnrs]?\b|der (?:frueh|naehe|nacht|woche)|welche|"
    r"einer|einem|uns)((?:der |den )?[a-z][\w' .-]*?)"
    r"(?:,? (?:gerade|jetzt|ist|ist es|sind|aktuell|momentan|im moment|heute|bitte|eigentlich|denn|waere|wie "
    r"spaet|wie viel uhr|"
    r"wieviel uhr|haben|hat|waeren|gleich|nochmal)\b.*)?[?.! ]*$",
    r"\bin (?!welche[mnrs]?\b|der (?:frueh|naehe|nacht)|einer|einem|uns|diesem)((?:der |den )?[a-z][\w'-]+(?: "
    r"(?:york|angeles|francisco|aviv|kong|janeiro|paulo|aires|vegas|lumpur|stadt|delhi|afrika|lanka))?)\b",
    r"^(?:hey |ok )?((?!die|aktuelle|genaue|lokale|wie|welche|was|sag|datum|gib|nenn|zeig|verrat|was|eine|"
    r"ortszeit|uhrzeit)[a-z][\w'-]+(?: [a-z]+)??) (?:aktuelle |lokale )?(?:uhrzeit|zeit|ortszeit)\b",
)
_WHEN_END = (
    r"(?: (?:dieses jahr|heuer|naechstes jahr|sein|ist|war|faellt|her|schon her|zurueck|warten|wann|an|sind|hat|"
    r"haben wir|"
    r"vergangen|auf welchen tag|an welchem tag|welcher tag|was fuer ein tag|welches datum|fuer ein tag|fuer ein "
    r"wochentag))*[?.!]*$"
)
_WHEN = (
    rf"\bbis (?:zum |zu |zur )?(.+?){_WHEN_END}",
    rf"\bseit (.+?){_WHEN_END}",
    r"\b(?:wann|tag|datum|wochentag|wievielte|wievielten)\b (?:es |genau )?(?:ist|war|faellt|wird|haben wir|"
    r"waere|hat|feiern wir|feiert man|"
    r"liegt|fallen|sind|beginnt)(?: denn| dieses jahr| heuer| nochmal| es)*(?: der| die| das| am| an)? "
    rf"(.+?){_WHEN_END}",
    rf"\b(?:datum|wochentag|tag) (?:von|vom|fuer|am|an) (.+?){_WHEN_END}",
    r"\bwie (?:lange|lang) (?:ist|liegt|war) (.+?) (?:schon )?(?:her|zurueck)",
    r"\bauf (.+?) warten",
    r"\bin wie ?viele?n? (?:tagen|wochen) (?:ist|haben wir) (?:der |den |die )?(.+?)[?.!]*$",
    r"\b(?:wann|tag|datum|wochentag)\b (?:denn |dieses jahr |heuer )?(.+?) (?:ist|faellt|war|sind|hat)[?.!]*$",
    r"^(?:hey |ok |der |die )?(.+?) (?:ist|faellt|war|hat) (?:auf )?(?:wann|welche|an welche|dieses jahr wann|"
    r"ein|was|auf)",
    r"^(?:was )?(?:ist|war|wird|faellt) (?:der |am |die )?(.+?)(?: (?:dieses jahr|heuer|auf|an|ein|fuer|"
    r"am)\b.*)?[?.!]*$",
    r"^(?:hey |ok )?(.+?) (?:dieses jahr|heuer|datum|wann genau|welcher tag|wann)[?.!]*$",
)

_TABLE: dict[str, dict[str, Rules]] = {
    "timer_set": {"label": _TIMER_LABEL},
    "timer_cancel": {"label": _TIMER_LABEL},
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
    "date_lookup": {"when": _WHEN},
    **HOME_RULES,
}
_STOP_NAMES = re.compile(
    r"^(?:die|der|das|den|dem|mein|meine|eine?|es|sie|ihn|alles|alle|hier|da|dort|diese[rns]?|auf|noch|bitte|"
    r"mich|uns)$"
)
_PREFIXES: dict[str, str] = {
    "items": (
        r"(?:(?:bitte|mal|noch|auch|mir|uns|doch|schnell|ruhig|jetzt|hinzu|zu|und|dass|kannst du|koenntest du|dir|"
        r"ich moechte|ich will|ich wollte|ich sagte|sie|wir wollen|wir muessen|ich muss|ich haette gerne?|"
        r"kommen|kommt|ist schon|sind schon|"
        r"vergiss nicht|nicht vergessen|denk dran|steht|stehen|schon|hab ich|habe ich|haben wir|wir brauchen|"
        r"ich brauche|"
        r"wir braeuchten|gehoeren|gehoert|muessen|muss|fehlt|fehlen|wuerdest du|bidde|gruezi|hoer mal|mir ist|"
        r"setz|setze|schreib|schreibe|pack|fuege?|fueg|tu|nimm|hey|ok|dazu|zusaetzlich|ausserdem)\b[,:]? )+"
    ),
    "query": (r"(?:(?:der|die|eine) notiz (?:ueber|zu|wegen|mit) )"),
    "when": (r"(?:(?:der|die|das|am|an|zum|zu|es|denn|den|noch|genau) )+"),
    "text": (
        r"(?:(?:daran|dran|bitte|dass|mal|folgendes|mich|dir|mir|noch|doch|auch|machen|schreiben|anlegen|"
        r"hinzufuegen|hinterlassen|erstellen|die lautet|wo drinsteht|in der steht|und zwar|erinnern)\b[:,]? )+"
    ),
}


# what is said around a wish and belongs to none of its parts
_OPENING = (
    r"(?:(?:hey|hi|hallo|ok|okay|so|also|ach|ach ja|na|na los|los|du|sag mal|hoer mal|hoer zu|guten (?:morgen|"
    r"abend|tag)|moin|servus|"
    r"gruezi|bitte|bidde|aehm?|und|noch was|auch noch|alles klar|gut|na gut|entschuldigung|assistent|computer|"
    r"komm|dann|mal|"
    r"uebrigens|kannst du|koenntest du|wuerdest du|magst du|du sollst|du kannst|du musst|kannste|kannst|koennen sie|"
    r"koennten sie|wuerden sie|kann man|tu mal|lass uns|bitte mal|und zwar|jetzt|eben|sei so (?:gut|nett|lieb) "
    r"und|mir|"
    r"tu mir den gefallen und|hilf mir(?: und)?|geht das)[,:]? )+"
)
_CLOSING = (
    r"(?:,? (?:bitte|danke|danke dir|vielen dank|jetzt|sofort|ok|okay|ja|gell|oida|ganz schnell|wenn's geht|"
    r"wenn moeglich|"
    r"bei gelegenheit|das waere? (?:nett|super|lieb|toll)|sei so gut|so schnell wie moeglich|ich hab'?s eilig|"
    r"nur zur sicherheit|sicherheitshalber|bevor ich es vergesse|sonst vergesse ich es|kannst du das|fuer mich|"
    r"und zwar jetzt|wenn du kannst|oder so|glaub ich|danke im voraus|mein lieber|bitte danke))+[.!?]*$"
)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile when first needed: all of them at import would cost the start of the gateway."""
    return re.compile(pattern)


def ruled(tool: str, text: str) -> dict[str, str]:
    """Return the spans that rules find in a lower-case sentence, by key; a key that no rule fits is absent."""
    flat, origin = _flattened(text)
    opening = _compiled(_OPENING).match(flat)
    closing = _compiled(_CLOSING).search(flat, opening.end() if opening else 0)
    first, last = opening.end() if opening else 0, closing.start() if closing else len(flat)
    flat, origin = flat[first:last], origin[first:last]
    found: dict[str, str] = {}
    named = tool != "media_control" or not _compiled(NAMES_NOTHING).search(flat)
    for key, rules in _TABLE.get(tool, {}).items():
        if key == "query" and not named:
            continue
        place = next((one for rule in rules if (one := _said(rule, flat, key))), None)
        if place:
            start, end = origin[place[0]], origin[place[1] - 1] + 1
            found[key] = text[start:end]
    return found


def _flattened(text: str) -> tuple[str, list[int]]:
    """Return the text with umlauts spelled out, and for each of its characters the place it came from."""
    pieces = [folded(char) for char in text]
    return "".join(pieces), [at for at, piece in enumerate(pieces) for _ in piece]


def _said(rule: str, text: str, key: str) -> tuple[int, int] | None:
    match = _compiled(rule).search(text)
    if match is None or match[1] is None:
        return None
    start, end = match.span(1)
    prefix = _PREFIXES.get(key)
    for _ in range(2):
        while start < end and text[start] in " ,:;\"'":
            start += 1
        while start < end and text[end - 1] in " ,:;\"'":
            end -= 1
        if prefix and (found := _compiled(prefix).match(text, start, end)):
            start = found.end()
    return None if start >= end or _STOP_NAMES.match(text[start:end]) else (start, end)
