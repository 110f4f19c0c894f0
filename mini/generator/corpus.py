"""The corpus: examples with their tool and the spans to copy, drawn from all phrase files by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mini.generator.fillers import Filler
from mini.generator.grammar import CLOSE, MID, OPEN, Phrases
from mini.generator.measures import MEASURE_FILLERS
from mini.generator.moments import TIME_FILLERS
from mini.generator.noise import noisy

PHRASES = Path(__file__).resolve().parent.parent / "phrases"
ESCALATE = "escalate"
WEIGHTS: dict[str, float] = {
    "timer_set": 1.4,
    "timer_list": 1.0,
    "timer_cancel": 1.0,
    "alarm_set": 1.5,
    "alarm_list": 1.0,
    "alarm_cancel": 1.1,
    "reminder_set": 2.2,
    "reminder_list": 1.1,
    "reminder_cancel": 1.2,
    "note_add": 1.6,
    "note_list": 0.9,
    "note_search": 1.1,
    "note_delete": 1.0,
    "list_add": 2.2,
    "list_show": 1.5,
    "list_remove": 1.4,
    "list_clear": 1.0,
    "calculate": 1.6,
    "unit_convert": 1.5,
    "clock_now": 1.3,
    "date_lookup": 1.3,
    "box_health": 1.2,
    ESCALATE: 19.0,
}
_CLOSERS = ("please", "thanks", "pls", "thank you", "please", "now", "right now", "for me", "ok")
_AMOUNTS = tuple(
    "a|some|two|3|more|a pack of|a bottle of|a dozen|2 boxes of|a bag of|a gallon of|fresh|organic".split("|")
)
# what people say around a wish says nothing of the wish: every tool and the hand-over get the same
_BEFORE = tuple(
    "i'm about to start dinner|i'm heading to bed|my hands are full|i'm in the car|before "
    "i forget|while i think of it|since i'm here|"
    "by the way|real quick|if you don't mind|one quick thing|i was wondering|just "
    "wondering|i'm curious|when you get a second|"
    "i'm in a hurry|it's been a long day|i keep forgetting|the kids are asking|we have "
    "guests coming|i just got home|i'm at the store|"
    "i'm leaving soon|ok last thing|i'm not sure|i'm cooking|i'm at work|you know what|"
    "first things first|next up|i'm back|morning".split("|")
)
_AFTER = tuple(
    "before i forget|so i don't forget|because i'm tired|thanks in advance|when you have "
    "a second|if that's possible|real quick|"
    "if you would|if you can do that|i'm in a hurry|because i need to know|for my wife|i "
    "forgot|just to be safe|just in case|one more time|"
    "you're the best|asap|as soon as you can|at once|dear|mate|buddy|if you please|would "
    "be great|i think|i guess|or something".split("|")
)
_ASKING = re.compile(r"(what|how|when|where|who|which|is|are|do|did|does|can|could|would|will|have|any|should|has)\b")


@dataclass(frozen=True, slots=True)
class Example:
    """A lower-case sentence, its tool, and the marked spans (key, words) in the order of the sentence."""

    text: str
    tool: str
    spans: tuple[tuple[str, str], ...]


class Generator:
    """Draws examples. The same seed gives the same corpus. `strange` is the share of fillers with unlisted words."""

    def __init__(self, seed: int, strange: float = 0.18) -> None:
        self._rng = random.Random(seed)
        self._fillers: dict[str, Filler] = {**TIME_FILLERS, **MEASURE_FILLERS, **_composed()}
        shared = Phrases((PHRASES / "shared.txt").read_text(encoding="utf-8"), self._fillers, {}).definitions
        self._shared = Phrases("", self._fillers, shared)
        self._fillers.update(self._from_shared())
        vocabulary = sorted(
            {w for path in PHRASES.glob("*.txt") for w in re.findall(r"[a-z]{3,}", path.read_text(encoding="utf-8"))}
        )
        for name in (
            "item",
            "items",
            "oneitem",
            "task",
            "topic",
            "topicshort",
            "label",
            "alabel",
            "listname",
            "fact",
            "event",
            "place",
        ):
            known = self._fillers.get(name) or self._definition(name)
            self._fillers[name] = _strange(known, vocabulary, strange)
        self._tools = {tool: Phrases.read(PHRASES / f"{tool}.txt", self._fillers, shared) for tool in WEIGHTS}
        self._wrappers = Phrases.read(PHRASES / "wrappers.txt", self._fillers, {"_": "\x05"})
        self._openers = Phrases.read(PHRASES / "openers.txt", self._fillers, {})

    def examples(self, count: int, weights: Mapping[str, float] = WEIGHTS) -> Iterator[Example]:
        """Yield `count` examples, each text at most once per call."""
        seen: set[str] = set()
        tools, chances = list(weights), list(weights.values())
        while len(seen) < count:
            example = self.example(self._rng.choices(tools, chances)[0])
            if example.text not in seen:
                seen.add(example.text)
                yield example

    def example(self, tool: str) -> Example:
        if tool == ESCALATE and self._rng.random() < 0.03:
            return self._two_at_once()
        return _finish(self._sentence(tool, self._rng), tool)

    def _sentence(self, tool: str, rng: random.Random) -> str:
        line, text = self._tools[tool].choose(rng)
        if line.imperative and rng.random() < 0.62:
            text = self._wrappers.choose(rng)[1].replace("\x05", text)
        elif rng.random() < 0.06:
            text = f"{text} {rng.choice(_CLOSERS)}"
        if rng.random() < 0.06:
            text = f"{rng.choice(_BEFORE)}, {text}"
        elif tool not in ("note_add", "reminder_set") and rng.random() < 0.05:
            text = f"{text} {rng.choice(_AFTER)}"
        opener = self._openers.choose(rng)[1]
        if opener:
            text = opener + rng.choice([" ", " ", ", "]) + text
        text = _tidy(text)
        return noisy(text, rng, bool(_ASKING.match(text)))

    def _two_at_once(self) -> Example:
        """Two wishes in one sentence are for a larger model."""
        rng = self._rng
        first, second = rng.sample([t for t in WEIGHTS if t not in (ESCALATE, "note_add", "reminder_set")], 2)
        texts = [_finish(_tidy(self._tools[tool].choose(rng)[1]), tool).text for tool in (first, second)]
        return _finish(
            rng.choice([" and ", " and then ", " then ", ", ", " and also ", ". ", " after that "]).join(texts),
            ESCALATE,
        )

    def _definition(self, name: str) -> Filler:
        return lambda rng: self._shared.expand(self._shared.definitions[name], rng)

    def _from_shared(self) -> dict[str, Filler]:
        def filler(name: str) -> Filler:
            return lambda rng: self._shared.expand(self._shared.definitions[name], rng)

        def either(*names: str) -> Filler:
            return lambda rng: filler(rng.choice(names))(rng)

        item = either("food", "food", "goods")

        def items(rng: random.Random) -> str:
            pick = rng.random()
            if pick < 0.55:
                return item(rng)
            if pick < 0.62:
                return f"{rng.choice(_AMOUNTS)} {item(rng)}"
            if pick < 0.68:
                return task(rng)
            several = [item(rng) for _ in range(rng.choice([2, 2, 2, 3, 3, 4]))]
            return (
                (rng.choice([", ", ", ", " "]) if len(several) > 2 else " and ").join(several[:-1])
                + rng.choice([" and ", " and ", ", and ", " & "])
                + several[-1]
            )

        task = either("chore", "chore", "contact", "contactx")
        fillers: dict[str, Filler] = {
            "item": item,
            "items": items,
            "oneitem": item,
            "task": task,
            "name": filler("person"),
            "notetopic": either("topic", "event", "task_"),
            "task_": task,
            "thatfact": _that(filler("event")),
        }
        fillers["notetopic"] = lambda rng: rng.choice([filler("topic"), filler("event"), task])(rng)
        return fillers


def _composed() -> dict[str, Filler]:
    def among(options: str) -> Filler:
        values = options.split("|")
        return lambda rng: rng.choice(values)

    return {
        "allmark": among("all|all|every|all of|all those|each|every single|every one of|both|each and every"),
        "todo": among("to do|todo|to-do|task|tasks|chores|chore|honey do|work|errands|to-dos"),
        "grocery": among("shopping|grocery|groceries|food|shopping|grocery"),
        "shopping": among("shopping|grocery"),
        "store": among("the store|the supermarket|walmart|target|costco|the hardware store|the pharmacy|the shop"),
        "media": among("reading|movie|watch|books|book|movies|music|games|books to read|watch later|podcast|series"),
        "things": among(
            "groceries|chores|errands|things to do|things to buy|things to pack|movies to watch|"
            "books to read|stuff to get|guests|tasks|christmas presents|supplies"
        ),
        "title": among(
            "the matrix|dune|pride and prejudice|inception|the hobbit|breaking bad|the lord of "
            "the rings|frozen|parasite|the great gatsby|1984|moby dick|"
            "the crown|casablanca|the alchemist|top gun|war and peace|jaws|the office|educated|"
            "sapiens|hamilton|zelda|portal two|the shining"
        ),
        "pronoun": among("they aren't|it isn't|it's not|they're not|they are not|it is not"),
        "onechore": among(
            "laundry|dishes|vacuuming|groceries|homework|ironing|gardening|taxes|yard work|"
            "exercise|grocery shopping|oil change|dry cleaning|"
            "haircut|car wash|bills|cooking|cleaning|packing|budget|dusting|mopping|meal prep|"
            "birthday shopping|paperwork|emails"
        ),
        "eventbare": among(
            "anniversary|dentist appointment|meeting|exam|flight|birthday|interview|recital|"
            "wedding|deadline|party|concert|physical|rehearsal|check up|rent|trash day"
        ),
    }


def _strange(known: Filler, vocabulary: list[str], share: float) -> Filler:
    """Now and then put words that no list holds: names and things are never all known."""

    def fill(rng: random.Random) -> str:
        text = known(rng)
        pick = rng.random()
        if pick > share or OPEN in text:
            return text
        made = [
            _invented(rng) if rng.random() < 0.4 else rng.choice(vocabulary)
            for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 6] if share > 0.3 else [1, 1, 2]))
        ]
        if pick < 0.55 * share:
            return " ".join(made)
        words = text.split()
        words[rng.randrange(len(words))] = made[0]
        return " ".join(words)

    return fill


def _invented(rng: random.Random) -> str:
    """Return a word that sounds like one."""
    parts = (
        "ba be bi bo bra ca che co cra da de di do dra fa fi flo ga ge gri ha he ho ja jo ka "
        "ke ki la le li lo ma me mi mo na "
        "ne ni no pa pe pi plo ra re ri ro sa se shi so sta ta te thi to tra va ve vi wa we ya za zo"
    ).split()
    return "".join(rng.choice(parts) for _ in range(rng.choice([1, 2, 2, 3]))) + rng.choice(
        "n r s t l m k d x ck ng st  y e a o".split(" ")
    )


def _that(event: Filler) -> Filler:
    ends = "is coming up|is soon|starts|is happening|is due|begins|is on".split("|")
    return lambda rng: f"{event(rng)} {rng.choice(ends)}"


def _tidy(text: str) -> str:
    text = re.sub(r"\s+(?=[,:?.!](\s|$))", "", re.sub(r"\s+", " ", text)).strip(" ,")
    return text.replace(" 's ", "'s ").replace(f"{CLOSE} 's", f"{CLOSE}'s")


def _finish(marked: str, tool: str) -> Example:
    """Turn a marked sentence into an example; a span is made of whole words."""
    words = marked.split()
    spans: list[tuple[str, str]] = []
    plain: list[str] = []
    key: str | None = None
    begin = 0
    for word in words:
        if OPEN in word:
            head, rest = word.split(OPEN, 1)
            key, tail = rest.split(MID, 1)
            word, begin = head + tail, len(plain)
        closes = CLOSE in word
        plain.append(word.replace(CLOSE, ""))
        if closes and key is not None:
            spans.append((key, " ".join(plain[begin:])))
            key = None
    keep = () if tool == ESCALATE else tuple(spans)
    return Example(" ".join(plain).lower(), tool, keep)
