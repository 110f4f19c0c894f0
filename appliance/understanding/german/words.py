"""The German words that the shared builders look for."""

from __future__ import annotations

import re

from appliance.understanding.german.homes import HOME, room
from appliance.understanding.german.names import day_named, place_named
from appliance.understanding.german.tokens import folded
from appliance.understanding.languages import Words
from appliance.understanding.refusals.german import REFUSED

_U = r"(?:ue|ü|u)"
_TODO = re.compile(r"(?:to-?do'?s?|to dos?|aufgaben?|erledigungs|erledigungen|todos|tasks?)$")
_SHOPPING_LIST = "einkauf"
_LINKING_S = re.compile(r"(?:ung|heit|keit|schaft|ion|tät|urlaub|geburtstag|haushalt|arbeit|weihnacht|tag|bau)s$")
_SHOPPING = frozenset({"einkauf", "einkaufs", "einkaeufe", "shopping", "einkaufen", "merk", ""})
_OUTSIDE = re.compile(
    r"\b((?!(?:die|der|den|dem|meine|meiner|unsere|eine|auf|zur|von|diese|ganze|ganzen|komplette|neue|neuen|alte|"
    r"laut|homarus|"
    r"bitte)\b)[\w-]+ liste|[\w-]+liste|[\w-]*zettel)\b"
)
_OTHER_ENDS = re.compile(r"[ -]?(?:liste|lsite|listn|zettel)$")

_VETO = re.compile(
    r"\b(?:falls (?!.*liste)|sofern|es sei denn|vorausgesetzt|je nachdem|je nach wetter)|"
    r"\b(?:wenn|sobald|solange|nachdem) "
    r"(?!(?:die |der |das )?(?:zeit|timer|\d+|[\wäöüß]+ (?:minuten?|stunden?|sekunden?)))"
    r"(?:ich|wir|er|sie|es (?!geht|möglich|passt)|der|die|das|mein\w*|mama|papa|jemand|niemand|keiner|anna|tom)\b|"
    r"\bund (?:dann |danach |auch )?(?:sag|sage|schick|schicke|ruf|rufe|bestell|bestelle|kauf|kaufe|sende|mail|teil|"
    r"teile|informier|informiere|übersetz|erklär|buch|buche|drucke?)\b|"
    r"^(?:\W|bitte |hey |ok |so |und |also )*(?:"
    r"(?:sag|sage|frag|frage|schreib|schreibe|schick|ruf) "
    r"(?:anna|tom|lisa|meine[rmn]?|den kindern|ihm|ihr|allen|oma|opa|mama|papa)\b|"
    r"(?:wie (?:kann|stelle?|mache?|lösche?|schalte?|geht|man|würde|setze?)|warum|wieso|weshalb|wer|"
    r"was (?:passiert|heißt|bedeutet)|erklär\w*|übersetz\w*|stell dir vor|angenommen|hast du|hat er|hat sie|"
    r"auf keinen fall|bloß nicht)\b)"
)

WORDS = Words(
    all=frozenset({"alle", "alles", "saemtliche", "beide", "jeden", "jede", "jedes", "allen", "sämtliche", "ganzen"}),
    # articles in front, and the word that a compound ends in: "nudeltimer" is the timer of nudel
    bare=re.compile(
        r"^(?:(?:der|die|das|den|dem|des|mein(?:e[nmrs]?)?|unser(?:e[nmrs]?)?|ein(?:e[nmrs]?)?)\s+)+|"
        r"(?<=\w{3})-?(?:timer|wecker|lichter|licht|lampen|lampe|beleuchtung|leuchte|notizen|notiz|modus|-szene|"
        r"szene)$",
        re.IGNORECASE,
    ),
    item_articles=re.compile(
        r"^(?:(?:etwas|der|die|das|den|ein|eine|einen|noch|mehr|auch|bitte|paar|weitere|frische[rsn]?|"
        r"neue[rsn]?)\s+)+",
        re.IGNORECASE,
    ),
    item_joint=re.compile(r"\s+(?:und|sowie|&|plus|u\.?)\s+", re.IGNORECASE),
    event=re.compile(
        r"\b(?:wenn|sobald|falls|bis|solange|nachdem|bevor|ehe|w(?:ae|ä)hrend) "
        r"(?:ich|wir|er|sie|es|du|der|die|das|mein|meine|jemand|[a-zäöü]+ (?:kommt|anruft|da ist|heimkommt|"
        r"klingelt))\b",
        re.IGNORECASE,
    ),
    others=re.compile(
        r"\berinner[en]?e?n? (?:sie )?(?!mich\b|uns\b|an\b|in\b|um\b|am\b|bitte\b|mal\b|sie mich\b|morgen\b|"
        r"heute\b|dran\b|daran\b|"
        r"sie\b|wir\b|danke\b|doch\b|mi\b|m\w{2,3}h?\b|und\b)[a-zäöüß]+ (?:[a-zäöüß]+ )?(?:daran|an|dran|dass)\b",
        re.IGNORECASE,
    ),
    reminders=re.compile(r"\berinnerungen\b|\breminders\b", re.IGNORECASE),
    time_hints=frozenset(
        "wenn sobald bis monat jahr spaeter bevor nachdem einmal bald nachher irgendwann falls jeden jede "
        "jedes woche "
        "demnaechst gleich".split()
    )
    - {"gleich"},
    fill=frozenset(
        "um am an in fuer für so gegen ab dann wieder circa ca etwa ungefaehr ungefähr der die das den uhr von "
        "jetzt im "
        "spaetestens bereits schon rum herum daran dran bitte zu immer auf ab zum mal | , . ? ! dass noch".split()
    ),
    shared_parts=frozenset(),
    waking=frozenset("weck wecke wecken aufwecken aufstehen wach geweckt weckst raus auf wecke aufwachen hoch".split()),
    ringing=frozenset("wecker klingeln klingelt alarm laeuten läuten geweckt wach bett".split()),
    the_list=re.compile(
        r"(?<![\w-])(?:liste|listn)\b(?! (?:f(?:ue|ü)r|von|mit|namens))", re.IGNORECASE
    ),
    item_tail=re.compile(
        r",? (?:kannst|k(?:oe|ö)nntest|schreib|setz|nimm|pack|tu|mach|notier)\w* .*$|"
        r" (?:ist|is|sind) (?:alle|leer|aus|fast leer|gleich alle)\b.*$",
        re.IGNORECASE,
    ),
    gone_tail=re.compile(
        r"(?<!\bes)(?<!\bich)(?<!\bwir),? (?:streich|l(?:oe|ö)sch|nimm|kann|k(?:oe|ö)nnen|hab|habe|haben|hat|"
        r"haben wir|ist|is|sind|brauch\w*|"
        r"steht) .*$|"
        r",? (?:kann|weg|runter|raus|gekauft|besorgt|erledigt|schon)(?: (?:weg|runter|raus))?$",
        re.IGNORECASE,
    ),
    no_query=frozenset("notiz notizen notitz notitzen die das alle alles letzte leeren löschen schmeiß weg".split()),
    no_text=re.compile(
        r"^(?:ab|weg|zur(?:ue|ü)ck|daf(?:ue|ü)r|hat sich|ist|kann)\b.*$|(?<=\w) (?:bitte|kann|kannst|"
        r"ist verschoben)\b.*$",
        re.IGNORECASE,
    ),
    query_tail=re.compile(r",? (?:kann|k(?:oe|ö)nnen|ist|brauch\w*|stimmt) .*$", re.IGNORECASE),
    so=frozenset("also deshalb drum darum daher".split()),
    counted_from=frozenset({"von", "ab"}),
    after_bare=frozenset("bitte für fuer danke und stellen starten setzen an los jetzt ein machen minutn".split()),
    date_words=frozenset(
        "datum tag monat jahr woche heute wochentag wievielte wievielten heutige heutigen montag dienstag mittwoch "
        "donnerstag freitag samstag sonntag jahreszeit".split()
    ),
    day_words=frozenset({"datum", "tag", "wochentag"}),
    time_words=frozenset(
        "uhrzeit zeit spaet spät uhr ortszeit mittag nacht abend frueh mitternacht zeitansage zeitzone".split()
    ),
    when_ends=day_named,
    shopping=re.compile(
        rf"\b(?:einkauf\w*|kaufen|besorgen|supermarkt|laden|shoppen|einzukaufen|zettel|m{_U}ssen wir holen|"
        r"mitbringen|rewe|aldi|"
        r"billa|migros|markt)\b",
        re.IGNORECASE,
    ),
    home=HOME,
    place=place_named,
    default_list=_SHOPPING_LIST,
    room=room,
    veto=_VETO,
    refused=REFUSED,
    compared=frozenset({"als"}),
)  # fmt: skip


def list_name(said: str | None, outside: str) -> str | None:
    """Return the canonical name of the list that was named, in the copied words or in those around the items."""
    name = said
    if name is None:
        if re.search(r"\b(?:to-?dos?|todos?|aufgaben?)\b", outside):
            return "to-do"
        found = _OUTSIDE.search(outside.replace("| ", ""))
        name = found[1] if found else None
    if name is None:
        return None
    name = re.sub(
        r"^(?:(?:die|der|den|dem|das|mein(?:e[nmr]?)?|unser(?:e[nmr]?)?|eine[nmr]?|liste|f(?:ue|ü)r)\s+)+",
        "",
        name.lower(),
    )
    name = _OTHER_ENDS.sub("", name.strip(" .,!?:")).strip(" -")
    flat = folded(name)
    if flat in _SHOPPING or flat.startswith("einkauf"):
        return _SHOPPING_LIST if name else None
    if _TODO.match(flat):
        return "aufgaben" if flat.startswith("aufgabe") else "to-do"
    # the s that only joins a compound: "urlaubsliste" is the list "urlaub"
    return (name[:-1] if _LINKING_S.search(name) else name) or None
