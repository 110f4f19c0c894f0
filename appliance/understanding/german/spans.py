"""Where the open text of a request usually stands: after `dass`, between `setz` and `auf die Liste`, before `erinnern`.

The fixed words of German do this more surely than a small model copies rare words; where no rule fits, the language
model's copy is taken. Rules read the sentence with its umlauts spelled out; what they find is cut from the original.
"""

from __future__ import annotations

import functools
import re

from appliance.understanding.german.homes import HOME_RULES
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
    r"(?:(?!die|der|den|meine|unsere|auf|zur|von|eine)[\w-]+[ -])?[\w-]*(?:liste|lsite|zettel)|liste|"
    r"(?:aufgaben|to-?dos?|todos))"
)
_PUT = (
    r"(?:setze?n?|schreibe?n?|packe?n?|tue?|tun|nimm|nehmen|hau|klatsch|notiere?n?|schmeiss|stell|mach|gib|schieb|fuege?n?|"
    r"trage?n?|eintragen|hinzufuegen|ergaenze?n?|aufnehmen|erweitere?|merke?)"
)
_DOWN = (
    r"(?:hinzufuegen|hinzu|setzen|schreiben|packen|tun|nehmen|notieren|eintragen|aufnehmen|ergaenzen|schmeissen|hauen|drauf|"
    r"dazu|auf|ein|rauf|haben|mit|kommt|kommen|muss|muessen)"
)
_TAKE = (
    r"(?:streiche?n?|loesche?n?|entferne?n?|nimm|nehm|nehmen|kratz|radier|hake?n?|schmeiss|wirf|werf|hau|tu|kill|markiere?|"
    r"kennzeichne|setz|mach)"
)
_GONE = (
    r"(?:streichen|loeschen|entfernen|nehmen|wegnehmen|runternehmen|rausstreichen|abhaken|rausnehmen|wegstreichen|runter|weg|"
    r"raus|ab|wieder|gestrichen|geloescht)"
)

_ITEMS_ADD = (
    rf"^.*?\b{_LIST}(?: (?:bitte|hinzufuegen|dazu|kommt noch|noch))* ?[:,] (.+?){_POLITE}",
    rf"(?:brauchen|brauche|brauch|fehlt|fehlen|kaufen muss|muss noch|muessen noch) {_SMALL}(.+?), .*\b{_LIST}",
    rf"(?:kein|keine|keinen) (.+?) mehr,? .*\b{_LIST}",
    rf"^(?:hey |ok |also |du )?(.+?) (?:ist|sind) (?:alle|leer|aus|ausgegangen|fast leer|verbraucht),? .*\b{_LIST}",
    rf"(?:muss|muessen|will|wollen|sollte) {_SMALL}(.+?) (?:kaufen|besorgen|holen|einkaufen),? .*\b{_LIST}",
    rf"\b{_PUT} {_SMALL}(?:zu |auf |zur |in ){_LIST} (.+?)(?: hinzu| drauf| auf)?{_POLITE}",
    rf"\b{_LIST} (?:um|mit) (.+?)(?: ergaenzen| erweitern| an)?{_POLITE}",
    rf"\b{_PUT} {_SMALL}(.+?) (?:(?:dazu|mit|oben|noch|zusaetzlich|fuers wochenende|fuer morgen) )*(?:auf|zu|zur|in|fuer) {_LIST}",
    rf"(?:kannst du|koenntest du|bitte|moechte|will|wuerde gerne?|du sollst|koennen sie|kannste|magst du) {_SMALL}(.+?) (?:auf|zu|zur|in) {_LIST}",
    rf"^(?:hey |ok |also |du )?(?:zur|auf|fuer) {_LIST} {_SMALL}(?:{_DOWN} |fehlt |fehlen |brauchen wir |brauche ich )*{_SMALL}(.+?)(?: drauf| rauf| hinzufuegen| setzen)?{_POLITE}",
    rf"^(?:hey |ok |also |du )?{_SMALL}(.+?) (?:muss|muessen|soll|sollen|gehoert|gehoeren|kommt|kommen|sollte|sollten|fehlt|fehlen)? ?(?:noch |auch )*(?:auf|zur|zu) {_LIST}",
    rf"^(?:hey |ok )?{_LIST} (.+?)(?: (?:dazu|hinzufuegen|drauf|ergaenzen|setzen))*{_POLITE}",
)
_ITEMS_REMOVE = (
    rf"^.*?\b{_LIST} ?[:,] (.+?) {_GONE}{_POLITE}",
    r"(?:habe|hab|haben) (?:die |das |den |der )?(.+?) (?:schon |bereits |gerade )*(?:gekauft|besorgt|geholt|erledigt|gemacht|bekommen|gekriegt)",
    rf"^(?:hey |ok )?(.+?) (?:ist|sind) (?:erledigt|gekauft|besorgt|abgehakt|da),? .*\b{_TAKE}",
    rf"(?:brauche|brauchen|brauch) (?:wir |doch )?(?:kein|keine|keinen|die|das|den) (.+?) (?:mehr|nicht mehr),? .*\b{_TAKE}",
    rf"\b{_TAKE} {_SMALL}(?:von|aus|auf) {_LIST} (.+?)(?: {_GONE})*{_POLITE}",
    r"\b(?:markiere?|setz|kennzeichne) {_SMALL}(.+?)(?: auf .+?)? als ".replace("{_SMALL}", _SMALL),
    rf"\b{_TAKE} {_SMALL}(.+?) (?:von|aus|auf) {_LIST}",
    rf"(?:kannst du|koenntest du|bitte|moechte|will|wuerde gerne?|du sollst|koennen sie|kannste|magst du) {_SMALL}(.+?) (?:von|aus|auf) {_LIST}",
    rf"^(?:hey |ok |also )?{_SMALL}(.+?) (?:(?:kann|koennen|soll|sollen|darf|muss) )?(?:von|aus|auf) {_LIST}",
    rf"\b{_TAKE} {_SMALL}(.+?) (?:ab|weg|raus|runter){_POLITE}",
)
_LIST_NAME = (
    r"\b((?!die|der|den|dem|meine|meiner|meinen|unsere|unserer|auf|zur|von|eine|einer|ganze|ganzen|alte|neue|komplette|"
    r"gesamte|diese|liste|welche|alle|leere|aktuelle|leer|loesch|loesche|zeig|lies|oeffne)[\w-]+ liste)\b(?! fuer)",
    r"\b([\w-]+liste|[\w-]*einkaufs?zettel)\b",
    r"\bliste (?:fuer (?:den |die |das )?)((?!heute|morgen|mich)[\w-]+)",
    r"\b(?:zu|auf) (?:meinen|den|meine) (aufgaben|todos|to-dos)\b",
    r"\b(aufgaben|todos|to-dos)\b",
)
_COLON = r" ?[:,-]? "
_JOT = r"(?:notiere?n?|merke?n?|aufschreiben|schreibe?n?|notiz|memo|vermerke?|festhalten|behalte?|speichere?|fest|gemerkt|notiert)"
_NOTE_TEXT = (
    r"^(?:hey |ok |so )?(.+?), (?:merk dir das|notiere? das|schreib das auf|schreib dir das auf|bitte notieren|bitte merken|"
    r"das bitte notieren|kannst du dir das merken|merk's dir|das merken|halt das fest).*$",
    rf"\b(?:notiz|notizen|memo|notier|notiere|auf|dir|folgendes|notieren|merken|aufschreiben|vermerk|eintrag|idee|inhalt|text|selbst|mich|ein|hinzu|an) ?: (.+?){_POLITE}",
    rf"\b{_JOT}\b.*?,? dass (.+?){_POLITE}",
    rf"\bdass (.+?)(?:, (?:notier|schreib|notiz|merk).*)?{_POLITE}",
    rf"\bnotiz (?:an mich(?: selbst)? |anlegen |erstellen |machen |schreiben )?(?:ueber|zu|zum thema|wegen|bezueglich) (.+?)(?: (?:machen|erstellen|schreiben|speichern|anlegen|aufnehmen|verfassen))?{_POLITE}",
    rf"\b(?:fuege?|schreibe?|pack|tu|setz|trag) (?:bitte |mal )?(.+?) (?:zu|in) (?:meinen?|die|den) notizen\b",
    rf"\b(?:in die|in meine|zu meinen|fuer die) notizen?(?: ein| hinzu)?{_COLON}(.+?){_POLITE}",
    rf"\bschreibe? {_SMALL}auf{_COLON}(.+?){_POLITE}",
    rf"\bschreibe? {_SMALL}(.+?) auf{_POLITE}",
    rf"\b(?:notiere?|merke?) {_SMALL}{_COLON[1:]}?(.+?){_POLITE}",
    rf"\b(?:notiz|memo)(?: an mich(?: selbst)?)?{_COLON}(.+?){_POLITE}",
)
_SEEK = (
    r"(?:suchen|finden|anzeigen|zeigen|vorlesen|oeffnen|heraussuchen|raussuchen|durchsuchen|schauen|gucken|stoebern|notiert|"
    r"aufgeschrieben|geschrieben|vermerkt|gemerkt|gespeichert|loeschen|entfernen|verwerfen|wegwerfen|rauswerfen|weg|raus|vor|an|"
    r"kann weg|hinter?legt|hab|habe|haben|nicht mehr|steht|drin|in meinen notizen|in den notizen|diktiert|gesagt|streichen|"
    r"(?:kann|soll|darf|muss) (?:weg|raus|geloescht werden|entfernt werden|verschwinden))"
)
_ABOUT = r"(?:ueber|zu|zum thema|zum|zur|wegen|bezueglich|betreffend|mit|von|nach|fuer|vom)"
_QUERY = (
    rf"\bnotiz(?:en|suche)? ?: (.+?){_POLITE}",
    rf"\bnotizen?(?: heute)? {_ABOUT} (.+?)(?:,? {_SEEK})*{_POLITE}",
    rf"\bnotizen, (?:in denen|wo) (.+?) (?:vorkommt|steht|erwaehnt|drin).*$",
    r"\b(?:loesch|loesche|entferne|entfern|streich|such|suche|find|finde) (?:bitte |mal )?(.+?) (?:aus|von|in) (?:meinen|den) notizen\b",
    rf"\bin (?:meinen|den) notizen (?:nach|etwas ueber|was ueber|was zu|etwas zu) (.+?)(?: {_SEEK})*{_POLITE}",
    r"\b([\w-]{3,}notiz(?:en)?)\b",
    rf"\b(?:ueber|zum thema|wegen|bezueglich|zu|von) (.+?)(?:,? {_SEEK})*{_POLITE}",
)
_DUTY = r"(?: (?:muss|muessen|soll|sollte|will|wollen|wollte|moechte|wollten|darf|sollen))?"
_DASS = r"dass (?:ich |wir )?"
_REMIND = r"(?:erinnere?n? sie|erinnert|erinnere?|erinnern|erinnerung|reminder|bescheid)"
_NUDGE = r"(?:erinnere?|bitte erinner|kannst du mich|erinnerung|bitte erinnern|reminder|erinnerst du|vergiss nicht|kannst du bitte)"
_REMINDER_TEXT = (
    rf"^(?:hey |ok |ach ja |so |also |bitte )?.*?\b(?:ich|wir) (?:muss|muessen|will|soll|sollte|darf nicht vergessen,?|wollte) (.+?), {_NUDGE}",
    rf"^.*?\b(?:muss|soll|will) ich (.+?), {_NUDGE}",
    rf"(?:vergesse?|vergess) (?:immer|staendig|dauernd)?,? ?(.+?), {_NUDGE}",
    rf"nicht vergessen,? (?!mich)(.+?), {_NUDGE}",
    rf"\b{_REMIND}\b.*?\b(?:daran|dran),? (?:bitte )?{_DASS}(.+?){_DUTY}{_POLITE}",
    rf"\b{_REMIND}\b.*?\b{_DASS}(.+?){_DUTY}{_POLITE}",
    rf"\b(?:mich|uns) (?:.*? )?(?:daran|dran) (?:zu )?erinner[ns]t?,? (.+?){_POLITE}",
    rf"\b{_REMIND}\b.*?\b(?:daran|dran),? (?:zu erinnern,? )?(.+?){_POLITE}",
    rf"\b{_REMIND}\b[^:]*?(?<!\d) ?:(?!\d) ?(.+?){_POLITE}",
    rf"^(?:.*?)\berinnern ?: (.+?){_POLITE}",
    rf"\b(?:mich|uns|erinnerung|reminder) (?:.*? )?(?:an|ans|fuer|zu|wegen) (?!(?:morgen|heute|uebermorgen|montag|werktagen|weihnachten|silvester)\b)(?!\d)(.+?) (?:zu )?(?:erinner[ns]t?|erstellen|setzen|stellen|machen|anlegen|einrichten|hinzufuegen|einstellen|speichern|eintragen|schreiben|werden)\b",
    rf"\b{_REMIND}\b.*?\b(?:ans?|fuer|zu|wegen|bezueglich|bzgl) (?!(?:morgen|heute|uebermorgen|montag|werktagen|weihnachten|silvester|am)\b)(?!\d)(.+?){_POLITE}",
    rf"\bnicht vergessen,? ?:? ?(.+?){_POLITE}",
    rf"\blass mich (?:bitte )?(.+?) nicht vergessen",
    rf"\ban (.+?) (?:erinnern|denken|bitte erinnern)\b",
    rf"\b(?:daran )?denken ?: (.+?){_POLITE}",
    rf"\b(?:mich|uns) (?:bitte |mal )?(.+?) erinnern{_POLITE}",
    rf"^(?:hey |ok |bitte )?{_REMIND} (?:mich|uns) (?:bitte |mal |dann |auch |doch |nochmal )*,? ?(.+?){_POLITE}",
    rf"\b(?:erinnerung|reminder),? (.+?){_POLITE}",
)
_REMINDER_GONE = (
    r"\b((?!keine)[\w-]{3,}erinnerung)\b",
    rf"\b(?:erinnerung|erinnere|erinner|mich|reminder)\b.*?\b(?:daran|dran),? (?:zu erinnern,? |dass (?:ich )?)?(.+?)(?: (?:zu erinnern|erinnern|{_GONE}))*{_POLITE}",
    rf"\b(?:erinnerung|erinnere|erinner|mich|reminder)\b.*?\b(?:ans?|fuer|wegen|zu|mit) (?!erinnern)(.+?)(?:,? (?:loeschen|entfernen|weg|aus|stornieren|abbrechen|streichen|canceln|stoppen|zu erinnern|erinnern|nicht mehr|wieder|"
    rf"ausmachen|deaktivieren|rausnehmen|wegmachen|beenden|abschalten|vergessen|ab|raus|sein|bleiben|mehr|kann|soll|ist|wird).*)?{_POLITE}",
    rf"(?:habe|hab) (.+?) (?:schon |bereits )?(?:erledigt|gemacht),? .*erinnerung",
    rf"\b(?:streich|nimm|loesch|loesche|entferne) (.+?) (?:von|aus) (?:meinen|den) erinnerungen",
)
_NO_LABEL = (
    r"(?:kuechen|kurzzeit|handy|eier|naechste|naechsten|letzten|ersten|zweiten|laufenden|aktuellen|neuen|weiteren|einen|den|nen|"
    r"ein|der|mein|meinen|diesen|unseren|noch|minuten|stunden|sekunden|minute|stunde|sekunde|min|std|alle|alle meine|beide|jeden|"
    r"keinen|kein|dieser|bitte|mal|uhr|auf|fuer|und|mir|stell|stelle|starte|start|stopp|stoppe|mach|mache|loesch|loesche|beende|"
    r"zweiter|dritter|neuer|weiterer|ersten|erster|anderen|abgelaufen|taeglichen|regelmaessigen|wiederkehrenden|was|lange|"
    r"minuetigen|stuendigen|sekuendigen|aktiver|meine|laufende|countdown|setz|setze|den|beim|dem|h|s|morgens|frueh|abends|"
    r"uhr|\d.*|jetzt|doch|alarm|weck|timer|wecker|halb|dreiviertel|viertel|stunde|ne|n|eine|noch|danke|ok|hey|den|eigentlich)"
)
_NAMED = (
    r"(?:namens|mit dem namen|und nenne? ihn|mit der bezeichnung|mit dem titel|genannt|mit der aufschrift|bezeichnet als|"
    r"und zwar fuer|fuer(?: den| die| das| meine| meinen| mein)?|fuers|zum|von der|von den)"
)
_UNITS = r"(?:minuten?|min|sekunden?|sek|stunden?|std|tage?|viertelstunde|dreiviertelstunde|uhr|h|s|m)"
_LABEL_END = (
    r"(?: (?:auf|von|mit|ueber|fuer) (?:\d|ein|zwei|drei|vier|fuenf|sechs|sieben|acht|neun|zehn|elf|zwoelf|zwanzig|dreissig|"
    r"vierzig|anderthalb).*| (?:stellen|starten|setzen|machen|aktivieren|erstellen|einrichten|anlegen|einstellen|loeschen|"
    r"stoppen|abbrechen|ausmachen|aus|ab|an|ein|stopp|weg|beenden|abstellen|bitte|programmieren|anmachen|ausschalten|laeuft|"
    r"abschalten|um|anhalten|entfernen|canceln|stornieren|deaktivieren|beginnen|laufen|nicht).*)?"
)
_TIMER_LABEL = (
    r"\b((?!kuechentimer|kurzzeittimer)[a-z]{3,}timer|(?!kuechen-|kurzzeit-|minuten-|sekunden-|stunden-)[a-z]{3,}-timer)\b",
    rf"\b((?!{_NO_LABEL}\b)[a-z][a-z-]{{2,}}) (?:timer|countdown)\b",
    rf"\b(?:namens|mit dem namen|und nenne? ihn|mit der bezeichnung|mit dem titel|genannt) (.+?){_LABEL_END}{_POLITE}",
    rf"\b{_UNITS}\b(?: timer)? {_NAMED} ((?!{_NO_LABEL}\b)[a-z][a-z-]{{2,}}(?: [a-z]{{3,}})?){_LABEL_END}{_POLITE}",
    rf"\b(?:timer|countdown|wecker) {_NAMED} ((?!{_NO_LABEL}\b)[a-z][a-z-]{{2,}}){_LABEL_END}{_POLITE}",
    rf"^(?:den |die |das )?((?!{_NO_LABEL}\b)[a-z]{{3,}}) (?:muss|muessen|braucht|brauchen) .*timer",
)
_ALARM_LABEL = (
    r"\b((?!handywecker|kurzzeitwecker|kuechenwecker)[a-z]{3,}wecker)\b",
    rf"\b(?:namens|mit dem namen|und nenne? ihn|mit der bezeichnung|mit dem titel|genannt) (.+?){_LABEL_END}{_POLITE}",
    rf"\b(?:wecker|alarm) (?:fuer|zum|zur) (?:die |das |den )(?!(?:fruehschicht )?\d)((?!montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen)[a-z-]{{3,}}){_LABEL_END}{_POLITE}",
)
_PLACE = (
    r"\b(?:in|drueben in|dort in|fuer|von) (?!der (?:frueh|naehe|nacht|woche)|welche|einer|einem|uns)((?:der |den )?[a-z][\w' .-]*?)"
    r"(?:,? (?:gerade|jetzt|ist|ist es|sind|aktuell|momentan|im moment|heute|bitte|eigentlich|denn|waere|wie spaet|wie viel uhr|"
    r"wieviel uhr|haben|hat|waeren|gleich|nochmal)\b.*)?[?.! ]*$",
    r"\bin ((?:der |den )?[a-z][\w'-]+(?: (?:york|angeles|francisco|aviv|kong|janeiro|paulo|aires|vegas|lumpur|stadt|delhi|afrika|lanka))?)\b",
    r"^(?:hey |ok )?((?!die|aktuelle|genaue|lokale|wie|welche|was|sag|datum)[a-z][\w'-]+(?: [a-z]+)?) (?:uhrzeit|zeit|ortszeit)\b",
)
_WHEN_END = (
    r"(?: (?:dieses jahr|heuer|naechstes jahr|sein|ist|war|faellt|her|schon her|zurueck|warten|wann|an|sind|hat|haben wir|"
    r"vergangen|auf welchen tag|an welchem tag|welcher tag|was fuer ein tag|welches datum|fuer ein tag|fuer ein wochentag))*[?.!]*$"
)
_WHEN = (
    rf"\bbis (?:zum |zu |zur )?(.+?){_WHEN_END}",
    rf"\bseit (.+?){_WHEN_END}",
    rf"\b(?:wann|tag|datum|wochentag|wievielte|wievielten)\b (?:es |genau )?(?:ist|war|faellt|wird|haben wir|waere|hat|feiern wir|feiert man|"
    rf"liegt|fallen|sind|beginnt)(?: denn| dieses jahr| heuer| nochmal| es)*(?: der| die| das| am| an)? (.+?){_WHEN_END}",
    rf"\b(?:datum|wochentag|tag) (?:von|vom|fuer|am|an) (.+?){_WHEN_END}",
    rf"\bwie (?:lange|lang) (?:ist|liegt|war) (.+?) (?:schon )?(?:her|zurueck)",
    rf"\bauf (.+?) warten",
    r"\bin wie ?viele?n? (?:tagen|wochen) (?:ist|haben wir) (?:der |den |die )?(.+?)[?.!]*$",
    rf"\b(?:wann|tag|datum|wochentag)\b (?:denn |dieses jahr |heuer )?(.+?) (?:ist|faellt|war|sind|hat)[?.!]*$",
    r"^(?:hey |ok |der |die )?(.+?) (?:ist|faellt|war|hat) (?:auf )?(?:wann|welche|an welche|dieses jahr wann|ein|was|auf)",
    r"^(?:was )?(?:ist|war|wird|faellt) (?:der |am |die )?(.+?)(?: (?:dieses jahr|heuer|auf|an|ein|fuer|am)\b.*)?[?.!]*$",
    rf"^(?:hey |ok )?(.+?) (?:dieses jahr|heuer|datum|wann genau|welcher tag|wann)[?.!]*$",
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
    r"^(?:die|der|das|den|dem|mein|meine|eine?|es|sie|ihn|alles|alle|hier|da|dort|diese[rns]?|auf|noch|bitte|mich|uns)$"
)
_PREFIXES: dict[str, str] = {
    "items": (
        r"(?:(?:bitte|mal|noch|auch|mir|uns|doch|schnell|ruhig|jetzt|hinzu|zu|und|dass|kannst du|koenntest du|dir|"
        r"ich moechte|ich will|wuerdest du|setz|setze|schreib|schreibe|pack|fuege?|fueg|tu|nimm|hey|ok|dazu|zusaetzlich|ausserdem)\b[,:]? )+"
    ),
    "query": (r"(?:(?:der|die|eine) notiz (?:ueber|zu|wegen|mit) )"),
    "when": (r"(?:(?:der|die|das|am|an|zum|zu|es|denn|den|noch|genau) )+"),
    "text": (r"(?:(?:daran|dran|bitte|dass|mal|folgendes|mich|dir|noch)\b[:,]? )+"),
}


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile when first needed: all of them at import would cost the start of the gateway."""
    return re.compile(pattern)


def ruled(tool: str, text: str) -> dict[str, str]:
    """Return the spans that rules find in a lower-case sentence, by key; a key that no rule fits is absent."""
    flat, origin = _flattened(text)
    found: dict[str, str] = {}
    for key, rules in _TABLE.get(tool, {}).items():
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
