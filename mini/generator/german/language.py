"""German for the generator: its fillers, what is said around a wish, and what keyboards do to it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from mini.generator.german import amounts, moments, tasks
from mini.generator.german.measures import MEASURE_FILLERS
from mini.generator.tongue import Filler, Noise, Tongue


def _among(options: str) -> Filler:
    values = options.split("|")
    return lambda rng: rng.choice(values)


FILLERS: dict[str, Filler] = {
    "number": amounts.number,
    "small": amounts.small,
    "percent": amounts.percent,
    "level": amounts.level,
    "money": amounts.money,
    "fraction": amounts.fraction,
    "duration": amounts.duration,
    "grown": amounts.grown,
    "lasting": amounts.lasting,
    "time": moments.time,
    "attime": moments.attime,
    "weekday": moments.weekday,
    "monthday": moments.monthday,
    "date": moments.date,
    "repeat": moments.repeat,
    "when": moments.when,
    "rel": moments.rel,
    "holiday": moments.holiday,
    "task": tasks.bare,
    "taskzu": tasks.with_zu,
    "taskdass": tasks.clause,
    "taskmarked": tasks.marked_clause,
    **MEASURE_FILLERS,
}
_AMOUNTS = tuple(
    "ein|etwas|zwei|3|noch|eine packung|eine flasche|ein paar|2 kisten|ein kilo|ein pfund|einen liter|500 gramm|"
    "sechs|frische|bio|einen bund|eine dose|zwei dosen|einen beutel|noch mehr|1 kg|2 liter|10".split("|")
)


def compose(named: Callable[[str], Filler]) -> dict[str, Filler]:
    """Return the fillers that are built over definitions of shared.txt."""
    food, goods = named("food"), named("goods")

    def item(rng: random.Random) -> str:
        return (goods if rng.random() < 0.33 else food)(rng)

    def items(rng: random.Random) -> str:
        pick = rng.random()
        if pick < 0.52:
            return item(rng)
        if pick < 0.64:
            return f"{rng.choice(_AMOUNTS)} {item(rng)}"
        several = [item(rng) for _ in range(rng.choice([2, 2, 2, 3, 3, 4]))]
        joint = rng.choice([", ", ", ", " "]) if len(several) > 2 else " und "
        return joint.join(several[:-1]) + rng.choice([" und ", " und ", " und ", " sowie ", ", "]) + several[-1]

    def topic(rng: random.Random) -> str:
        return rng.choice([named("topic"), named("topic"), item])(rng)

    def listname(rng: random.Random) -> str:
        if rng.random() < 0.12:
            return f"{invented(rng)}{rng.choice(['liste', '-liste', ' liste'])}"
        return named("lists")(rng)

    return {"item": item, "items": items, "notetopic": topic, "listname": listname}


_SYLLABLES = (
    "ba be bi bo bra bre da de do dra fa fel fi flo ga ge gri gro ha he hu ja jo ka ke ki klo kra kü la le li "
    "lo lu ma "
    "me mi mo mü na ne ni pa pe pfi pla ra re ri ro sa schla schnu se si spa sta sto ta te ti tra tü va ve wa "
    "we wi za zu"
).split()


def invented(rng: random.Random) -> str:
    """Return a word that sounds like one."""
    ending = rng.choice("n r s t l m k d ch ck ng st z f  er el en e chen ung a o ler ner".split(" "))
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.choice([1, 2, 2, 3]))) + ending


def plain(text: str) -> str:
    """Return the text as it is typed where a keyboard has no umlauts."""
    for umlaut, spelled in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(umlaut, spelled)
    return text


_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "kö", "m": "n", "n": "bm", "o": "ip", "p": "oü", "q": "wa", "r": "et", "s": "ad", "t": "rz",
    "u": "zi", "v": "cb", "w": "qe", "x": "yc", "y": "x", "z": "tu", "ä": "ö", "ö": "ä", "ü": "p",
}  # fmt: skip
NOISE = Noise(
    neighbours=_NEIGHBOURS,
    droppable=frozenset(
        {
            "den",
            "die",
            "das",
            "der",
            "ein",
            "eine",
            "einen",
            "mir",
            "bitte",
            "mal",
            "meine",
            "meinen",
            "auf",
            "für",
            "um",
            "zu",
            "im",
            "am",
            "mich",
            "du",
            "es",
            "noch",
            "dem",
        }
    ),
    fillers=("äh", "ähm", "also", "mal", "halt", "eben", "doch", "schnell", "vielleicht", "noch", "auch", "jetzt"),
    short={
        "bitte": "bidde",
        "eine": "ne",
        "einen": "nen",
        "ein": "n",
        "nicht": "net",
        "ich": "i",
        "morgen": "mrg",
        "minuten": "min",
        "und": "u",
        "erinnere": "erinner",
        "erinnerung": "erinerung",
        "wecker": "weker",
        "timer": "teimer",
        "liste": "lsite",
        "einkaufsliste": "einkausliste",
        "licht": "lciht",
        "stelle": "stell",
        "abbrechen": "abrechen",
        "lösche": "lösch",
        "notiz": "notitz",
        "ist": "is",
        "mache": "mach",
        "danke": "dange",
        "stunden": "std",
        "habe": "hab",
        "das": "des",
        "was": "wat",
        "wohnzimmer": "wohnzimer",
        "viel": "fiel",
        "nächsten": "nächstn",
        "heute": "heut",
        "celsius": "celcius",
        "etwas": "was",
        "für": "fürn",
    },
    plain=plain,
)

LANGUAGE = Tongue(
    tag="de",
    fillers=FILLERS,
    compose=compose,
    strange=(
        "item",
        "items",
        "task",
        "topic",
        "notetopic",
        "tname",
        "aname",
        "fact",
        "event",
        "scene",
        "artist",
        "place",
        "query",
    ),
    invented=invented,
    closers=(
        "bitte",
        "danke",
        "bitte",
        "danke dir",
        "jetzt",
        "sofort",
        "bitte danke",
        "ok",
        "ja",
        "vielen dank",
        "gell",
        "oida",
    ),
    before=tuple(
        "ich muss gleich los|bevor ich es vergesse|ach ja|nur ganz kurz|ich hab grad die hände voll|ich bin im auto|"
        "ich geh jetzt ins bett|ich koche gerade|sag mal|pass auf|übrigens|noch was|eine frage|kurze frage|"
        "die kinder fragen|wir kriegen besuch|ich bin wieder da|ich bin müde|es war ein langer tag|hör zu|"
        "wenn du schon dabei bist|wo ich grad dran denke|ich bin mir nicht sicher|ich hab's eilig|weißt du was|"
        "guten morgen|servus|grüezi|mahlzeit|na gut|also gut|ich hab mich gefragt|tut mir leid".split("|")
    ),
    after=tuple(
        "bevor ich es vergesse|sonst vergesse ich es|wenn's geht|wenn möglich|bei gelegenheit|ich hab's eilig|"
        "danke im voraus|das wär super|das wäre nett|sei so gut|ganz schnell|so schnell wie möglich|für meine frau|"
        "nur zur sicherheit|sicherheitshalber|mein lieber|wenn du kannst|ich hab's vergessen|glaub ich|oder so|"
        "das wär lieb|ja|okay|gell|noch mal".split("|")
    ),
    joints=(" und ", " und dann ", ", ", " und außerdem ", ". ", ", danach ", " und ", " und auch ", ", dann "),
    asking=re.compile(
        r"(was|wie|wann|wo|wer|welche[rsnm]?|ist|sind|habe?n?|hat|kann|kannst|können|könntest|gibt|wird|wieviel|"
        r"läuft|steht|stehen|warum|wieso|wohin|würdest|soll|muss|darf|hast|bist)\b"
    ),
    noise=NOISE,
    conditions=tuple(
        (
            "wenn es regnet|falls es regnet|wenn ich nach hause komme|wenn ich gehe|sobald ich im bett liege|"
            "falls ich zu spät komme|sobald der ofen heiß ist|wenn die kinder schlafen|wenn mama anruft|"
            "wenn die waschmaschine fertig ist|außer am feiertag|wenn niemand zu hause ist|wenn es dunkel wird|"
            "sobald die sonne untergeht|falls stau ist|je nach wetter|aber nur wenn ich es noch nicht gemacht habe|"
            "und schick es anna per mail|und sag allen bescheid|und bestell es online|und ruf mir dann ein taxi|"
            "und lies es mir vor|auf meinem iphone|auf meinem handy|in outlook|im google kalender|per whatsapp|"
            "auf dem backofen|im auto|auf der arbeit|bei meiner nachbarin|in excel|auf der apple watch|am pc|"
            "jedes mal wenn es klingelt|solange ich schlafe|bis meine frau heimkommt|nachdem der film vorbei ist|"
            "bevor mein flug geht|falls keiner rangeht|wenn das spiel anfängt|und teil das mit tom|"
            "und erklär mir warum|wenn du mein handy siehst|falls das billiger ist als letzte woche"
        ).split("|")
    ),
    frames=tuple(
        (
            "was passiert wenn ich sage {}|wie sagt man {} auf englisch|übersetz {} ins französische|"
            "er hat gesagt {}|warum kann ich nicht einfach sagen {}|was heißt {}|ich hab jemanden sagen hören {}|"
            "sag anna {}|sag tom er soll {}|meine frau meinte {}|hast du schon {}|warum hast du {}|bloß nicht {}|"
            "auf keinen fall {}|ob siri wohl kann {}|schreib eine geschichte in der jemand sagt {}|"
            "sie hat vergessen {}|kann alexa auch {}|was wäre wenn ich sage {}|wie oft habe ich gesagt {}|"
            "erklär warum leute sagen {}|es gibt eine app für {}|schreib meinem chef {}|schreib python code für {}|"
            "sing ein lied über {}|noch nicht {}|{} hat er gesagt|auf dem schild stand {}|"
            "ich will nicht dass du sagst {}|wer hat gesagt {}|wie schreibt man {}|er rief {}|"
            "was antwortet google auf {}|korrigier den satz {}|mein sohn sagt ständig {}|gestern habe ich gesagt {}|"
            "ich habe versucht {} aber es ging nicht|wie geht das mit {}|welche app kann {}|wie kann ich am handy {}|"
            "was kostet es {}|ein freund hat mir erzählt {}|im handbuch steht {}|du hast nicht {}|"
            "ich wollte eigentlich {}|ist es unhöflich {}"
        ).split("|")
    ),
)
