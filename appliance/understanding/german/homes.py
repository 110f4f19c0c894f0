"""Where the open text of volume, media, light and scene requests stands, and the words that steer them."""

from __future__ import annotations

import re

from appliance.understanding.languages import HomeWords

_ROOMS = (
    r"(?:wohnzimmer|schlafzimmer|kinderzimmer|badezimmer|bad|esszimmer|arbeitszimmer|buero|treppenhaus|"
    r"gaestezimmer|gaeste-wc|"
    r"wc|haus|dachgeschoss|erdgeschoss|obergeschoss|stiegenhaus|klo|kueche|garage|diele|werkstatt|speisekammer|"
    r"abstellkammer|"
    r"sauna|waschkueche|stube|dusche|flur|keller|garten|gang|wintergarten|dachboden|hauseingang|vorraum|balkon|"
    r"hobbyraum|"
    r"terrasse|zimmer|hof|aussen|treppen?|schreibtisch|esstisch|nachttisch|eingang|carport|loggia|vorzimmer|"
    r"spielzimmer|"
    r"toilette|gaestebad|leseecke|sofa|bett|tisch|couch|veranda|schuppen|stall|pool)"
)
_IN = (
    r"(?:im|in der|in den|in dem|in meinem|in unserem|in meiner|in|auf dem|auf der|am|an der|an dem|beim|bei|"
    r"fuer das|fuer die|"
    r"fuer den|vom|von der|ueber dem|neben dem)"
)
_DEVICES = r"(?:fernseher|radio|anlage|lautsprecher|box|boxen|sonos|handy|tv|soundbar|receiver|stereoanlage)"
_LAMPS = (
    r"(?:steh|nachttisch|lese|schreibtisch|decken|wand|tisch|haenge|boden|salz|ein)(?:lampen?|leuchten?|licht|lichter)|"
    r"led-?streifen|lichterkette|weihnachtsbeleuchtung|kronleuchter"
)
_LITTLE = r"(?:(?:bitte|mal|mir|doch|jetzt) )*"
_WHERE = (
    rf"\b{_IN} ((?:ganzen )?{_ROOMS})\b",
    rf"\b({_ROOMS}[ns]?-?(?:licht|lichter|lampe|lampen|beleuchtung|leuchte))\b",
    rf"\b({_LAMPS})\b",
    rf"\b(?:mache?|stelle?|dimme?|faerbe?|tauche?|schalte?|regle) {_LITTLE}(?:die |das |den )({_ROOMS})\b",
    rf"(?<!ins )\b({_ROOMS})(?:-| )(?:licht|lampe|lichter|beleuchtung)\b",
    rf"\b{_IN} ({_DEVICES})\b",
    rf"^(?:hey |ok |bitte )?({_ROOMS}) (?:licht|lampe|lauter|leiser|stumm|lautstaerke|an|aus|hell|dunkel|auf|"
    r"heller|dunkler)\b",
    r"\b(?:im|in der) ((?!radio\b|fernsehen\b|hintergrund\b|moment\b)[a-z]+zimmer(?: von [a-z]+)?)\b",
    r"\bbei ((?!licht|mir|dir|uns|der|dem)[a-z]+)\b",
)
_STOP = (
    r"(?:,? (?:ab|an|auf|ein|bitte|spielen|abspielen|hoeren|laufen lassen|laufen|anmachen|starten|auflegen|"
    r"wiedergeben|"
    r"einschalten|jetzt|danke|mal|um|fuer mich|im hintergrund|(?:im|in der|auf dem|auf der|auf den|am|an der|in "
    r"den) [\w-]+|"
    r"im ganzen haus|ueberall|spielst|anmachst|abspielst))*[.!?]*$"
)
_SMALL = r"(?:(?:bitte|bidde|mal|mir|uns|doch|jetzt|noch|gleich|schnell|wieder|ab|kurz|sie) )*"
_THE = (
    r"(?:(?:(?:musik|lieder|songs|etwas|was) von|das lied|den song|das album|die playlist|den sender|"
    r"das hoerbuch|den podcast|"
    r"das hoerspiel|meine|mein|die|was von|"
    r"etwas von|ein bisschen|etwas|radio|radiosender|sender|titel|was|ein paar lieder von) )?"
)
_QUERY = (
    rf"\b(?:spiele?n?(?: sie)?|spiel ab|spui|leg|lege) {_SMALL}{_THE}(.+?){_STOP}",
    rf"\b(?:starte|schalte?|wechsel|wechsle|stell) {_SMALL}(?:auf |zu |um auf )?{_THE}(.+?){_STOP}",
    rf"\b(?:lust auf|bock auf|moechte|will|wollen|wuerde gerne?|haette gern|lass uns) {_SMALL}{_THE}(.+?) "
    rf"hoeren{_STOP}",
    rf"\b(?:lust auf|bock auf) {_SMALL}{_THE}(.+?){_STOP}",
    rf"\b(?:kannst du|koenntest du|bitte|magst du|koennen sie|kannste|moechte|will) {_SMALL}{_THE}(.+?) "
    r"(?:spielen|abspielen|laufen lassen|anmachen|auflegen|starten|wiedergeben|einschalten)\b",
    rf"\b(?:mache?|lass|dreh) {_SMALL}{_THE}(.+?) (?:an|auf|laufen|ein)\b",
    rf"^(?:hey |ok |bitte )?{_THE}(.+?) (?:spielen|abspielen|hoeren|anmachen|an|laufen lassen|starten|bitte){_STOP}",
    rf"\b(?:musik|lieder|songs|was|etwas) von (.+?){_STOP}",
    rf"\bradio ((?!an|aus|lauter|leiser|bitte).+?){_STOP}",
)
_SCENE_END = (
    r"(?:,? (?:aktivieren|starten|an|ein|bitte|einschalten|anmachen|einstellen|setzen|laden|auswaehlen|"
    r"anschalten|haben|jetzt|um|"
    r"auf|wechseln|umschalten|aktivierst|startest|danke))*[.!?]*$"
)
_SCENE_WORD = r"(?:szene|lichtszene|stimmung|lichtstimmung|beleuchtungsszene|modus|atmosphaere)"
_NOT_SCENE = (
    r"(?!(?:die|der|den|das|meine|unsere|zur|auf|in|eine|aktiviere|aktivier|starte|start|mach|mache|schalt|"
    r"schalte|stell|stelle|"
    r"setz|waehle|bitte|mal|zu|als|welche|neue|mir|uns|jetzt|licht)\b)"
)
_SCENE = (
    rf"\b{_SCENE_WORD} ?:? {_NOT_SCENE}(?!(?:aktivieren|starten|an|bitte|ein|einschalten|anmachen|laden|setzen|"
    r"haben|um)\b)"
    rf"(.+?){_SCENE_END}",
    rf"\b((?!lichtszene|lichtstimmung|beleuchtungsszene){_NOT_SCENE}[\w-]+(?:modus|szene|stimmung))\b",
    rf"\b({_NOT_SCENE}[\w-]+) {_SCENE_WORD}\b",
    rf"\b(?:aktiviere?|starte?|mache?) (?:bitte |mal )?(.+?)(?: als .*)?{_SCENE_END}",
)

# a sentence that steers what is playing names nothing to play
NAMES_NOTHING = (
    r"\b(?:aus|ausmachen|ausschalten|stopp?e?n?|pausiere?n?|pause|weiter|nochmal|noch einmal|weiterspielen|"
    r"weiterlaufen|fortsetzen|naechste[srn]?|"
    r"ueberspringe?n?|skip\w*|vorherige[srn]?|vorige[srn]?|letzte[srn]? (?:lied|song|titel)|hoer(?:en sie)? "
    r"(?:bitte )?auf|"
    r"wieder (?:starten|abspielen)|ein lied|zurueck|anhalten|beende\w*|abstellen)\b"
)
HOME_RULES: dict[str, dict[str, tuple[str, ...]]] = {
    "volume_set": {"place": _WHERE},
    "light_set": {"place": _WHERE},
    "media_control": {"query": _QUERY, "place": _WHERE[:4]},
    "scene_set": {"scene": _SCENE},
}


def room(place: str) -> str:
    """Return the room of a compound: `Küchenlicht` is the light of `Küche`; a `Stehlampe` is a lamp of its own."""
    found = _ROOM_LIGHT.match(place)
    return found[1] if found else place


def _umlauts(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that finds `ä` and `ae` alike."""
    for spelled, umlaut in (("ae", "ä"), ("oe", "ö"), ("ue", "ü"), ("ss", "ß")):
        pattern = pattern.replace(spelled, f"(?:{spelled}|{umlaut})")
    return re.compile(pattern, re.IGNORECASE)


_ROOM_LIGHT = _umlauts(rf"({_ROOMS})[ns]?-?(?:licht|lichter|lampe|lampen|beleuchtung|leuchte)$")
HOME = HomeWords(
    up=_umlauts(
        r"\b(?:lauter|laut|lau[dt]+[ae]r?|l[uü]+t[ae]r|kraeftiger|aufdrehn|heller|hoch|rauf|hochdrehen|hochstellen|"
        r"erhoehe?n?|steigere?|anheben|aufdrehen|mehr|"
        r"hoeher|staerker|plus|"
        r"hochdimmen|zu (?:leise|dunkel)|nichts|hoer|verstehe?)\b|\b(?:dreh|drehe|drehen sie)\b.* auf\b(?! \d)"
    ),
    down=_umlauts(
        r"\b(?:leise{2,}r*|leiser+|lei{2,}se+r?|leisa|leieser|liisliger|gedaempfter|zurueckdrehen|sanfter|"
        r"schummrig\w*|schummerlicht|"
        r"grell|blendet|schrei nicht so|nicht so (?:laut|hell)|z.laut|oba|(?<!zu )leise|dunkler|runter|herunter|"
        r"runterdrehen|runterstellen|senke?n?|"
        r"verringere?n?|"
        r"reduziere?n?|weniger|"
        r"niedriger|tiefer|schwaecher|minus|zurueck|dimme?n?|dimmst|runterdimmen|herunterdimmen|daempf\w*|"
        r"abdunkeln|zu (?:laut|hell)|"
        r"verdunkeln)\b"
    ),
    much=_umlauts(r"\b(?:viel|deutlich|ordentlich|wesentlich|erheblich|richtig)\b(?! zu)"),
    little=_umlauts(r"\b(?:etwas|bisschen|bissl|bisserl|ein wenig|ein stueck|leicht|minimal|tick|bissle)\b"),
    most=_umlauts(
        r"\b(?:maximum|maximal\w*|max|volle?s?|ganz (?:laut|hell|auf)|anschlag|pulle|droehnung|hoechste stufe|"
        r"vollgas|voll|"
        r"am hellsten|am lautesten|ganz hoch)\b"
    ),
    least=_umlauts(r"\b(?:minimum|minimal\w*|min|ganz (?:leise|dunkel|runter|schwach)|fluesterleise|niedrigste stufe|"
        r"am leisesten)\b"),
    half=_umlauts(r"\b(?:halb|halbe[rsn]?|haelfte|mittel|mittlere)\b"),
    by=re.compile(r"\b(?:um|weitere|nochmal|noch)(?: etwa| ungefaehr| ca)? ?$"),
    mute=_umlauts(
        r"\b(?:stumm\w*|lautlos|mute|tonlos|ton (?:aus|weg|ab)|sound aus|ohne ton|ruhe)\b|\bden (?:ton|"
        r"sound)\b.*\b(?:aus|ab|weg|ausmachen)\b"
    ),
    unmute=_umlauts(
        r"\b(?:unmute|ton (?:bitte )?(?:wieder )?(?:an|ein)\w*|nicht mehr stumm|stumm\w* (?:aus|aufheben|weg|beenden)|"
        r"(?:heb|hebe) .*stumm\w* auf|stumm\w* .*(?:aufheben|ausmachen))\b|\bden (?:ton|sound)\b.*\b(?:wieder|"
        r"an|ein|anmachen)\b|"
        r"\bstumm (?:wieder )?(?:aus|aufheben|ausmachen)"
    ),
    on=_umlauts(
        r"\b(?:an|ein|anmachen|einschalten|anschalten|aufdrehen|anknipsen|auf|anmachst|einschaltest|angehen|es "
        r"werde|brauche?|"
        r"moechte|haette|brauchen|hell)\b|licht\b|\b(?:lampen?|leuchten|beleuchten|finster\w*|dunkeln?|zappenduster)\b|"
        r"\b(?:sehe?|sieht|find) .*\b(?:nicht|nix|nichts)\b"
    ),
    off=_umlauts(
        r"\b(?:aus|ausmachen|ausschalten|abschalten|abdrehen|ausknipsen|loesche?n?|ab|ausmachst|ausschaltest|"
        r"kein|ausgehen|"
        r"mach (?:mal |bitte )?dunkel|mach (?:es|sie) weg|bitte weg)\b"
    ),
    colors={
        "warmweiss": "warm white", "warmes weiss": "warm white", "warm weiss": "warm white", "warm": "warm white",
        "warmes": "warm white", "waermer": "warm white", "waermeres": "warm white", "kaelteres": "cool white",
        "tageslichtweiss": "cool white", "gemuetlich": "warm white", "kaltweiss": "cool white",
        "kaltes weiss": "cool white", "kalt weiss": "cool white", "kaltes": "cool white", "tageslicht": "cool white",
        "rot": "red", "rotes": "red", "rote": "red", "orange": "orange", "oranges": "orange", "gelb": "yellow",
        "gelbes": "yellow", "gold": "yellow", "goldenes": "yellow", "gruen": "green", "gruenes": "green",
        "gruene": "green", "tuerkis": "turquoise", "cyan": "turquoise", "blau": "blue",
        "blaues": "blue", "blaue": "blue",
        "lila": "purple", "violett": "purple", "purpur": "purple", "rosa": "pink", "pink": "pink",
        "magenta": "magenta", "weiss": "white", "weisses": "white",
    },
    actions=(
        ("resume", _umlauts(
            r"\b(?:weiterspielen|fortsetzen|weitermachen|weiterlaufen|weiter abspielen|wieder abspielen|wieder "
            r"starten|resume|"
            r"(?:musik|musi|mucke|mukke) weiter|(?:spiele?|setze?|mache?|lass)\b.* (?:weiter|fort|weiterlaufen))\b|"
            r"^(?:hey |ok |bitte )?(?:weiter|play)(?: bitte)?[.!]*$"
        )),
        ("pause", _umlauts(r"\b(?:pause|pausiere?n?|pausieren sie|anhalten|halte?|unterbrich|unterbrechen)\b")),
        ("previous", _umlauts(
            r"\b(?:vorheriges?n?|vorherigen|vorherige|voriges?|voriger|vorige|letztes lied|letzter song|letzten "
            r"(?:song|titel)|"
            r"letzte lied|zurueck|zurueckgehen|zurueckspringen|davor|wiederhole?|nochmal|noch einmal|von vorne?)\b"
        )),
        ("next", _umlauts(
            r"\b(?:naechste[srn]?|ueberspringe?n?|skip\w*|ein lied weiter|weiterschalten|was anderes|anderes lied|"
            r"weiter zum|vorspulen|weiterspringen)\b"
        )),
        ("stop", _umlauts(
            r"\b(?:stopp?e?n?|stoppen sie|aus|ausmachen|ausschalten|abstellen|beende|beenden|abdrehen|schluss|"
            r"aufhoeren|weg|"
            r"hoer(?:en sie)? (?:bitte )?auf|abschalten|(?:mache?|schalte?|stell|dreh)\b.* ab)\b"
        )),
        ("play", _umlauts(
            r"\b(?:spiele?n?|abspielen|an|ein|anmachen|hoeren|laufen|starte?n?|auflegen|leg|lege|wiedergabe|"
            r"einschalten|musik|"
            r"radio|lust|bock|auf|mucke|mukke|musi|spielst|bitte|moechte|will|lass|von)\b"
        )),
    ),
    anything=_umlauts(
        r"^(?:(?:etwas|ein bisschen|irgendwelche|irgendeine?n?|die|das|der|den|ein|eine|meine|mal|was|dieses?|"
        r"diesen|bitte)\s+)*"
        r"(?:musik|lied(?:er)?|songs?|irgendwas|etwas|was|radio|mucke|mukke|musi|wiedergabe|titel|stueck|es|"
        r"schoenes|gutes|anderes|"
        r"weiter|hoerspiel|hoerbuch|podcast|film|video|album|playlist|naechstes?|naechste|naechsten|naechste "
        r"lied|naechsten song|"
        r"naechsten titel|(?:vorherige|letzte|vorige) lied|(?:vorherigen|letzten) song|nochmal|pause)?"
        r"(?: (?:bitte|an|jetzt|nochmal|weiter|ab|auf|lied|song))*$"
    ),
)  # fmt: skip
