"""The corpus: examples with their tool and the spans to copy, drawn from the phrase files of a language by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.understanding.vocabulary import SPANS
from mini.generator.grammar import CLOSE, MID, OPEN, Filler, Phrases
from mini.generator.noise import noisy
from mini.generator.tongue import Tongue
from mini.generator.written import written

PHRASES = Path(__file__).resolve().parent.parent / "phrases"
ESCALATE = "escalate"
TOPICS = ("weather", "news")
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
    "volume_set": 1.6,
    "media_control": 2.0,
    "light_set": 1.8,
    "scene_set": 1.2,
    "undo_last": 0.9,
    ESCALATE: 23.0,
    "weather": 1.5,
    "news": 1.2,
}
_TWO_WISHES = 0.03  # share of the hand-overs that are two wishes in one sentence
_BENT = 0.09  # and of those that only sound like a wish, or make a condition
BY_HAND = 0.3  # share of the sentences that were written by hand, where they are wanted
_OPEN_ENDED = ("note_add", "reminder_set")  # whatever follows belongs to their text


@dataclass(frozen=True, slots=True)
class Example:
    """A lower-case sentence, its tool, the marked spans (key, words) in the order of the sentence, its language.

    `spans` None: they are not known, and the example says nothing about copying.
    """

    text: str
    tool: str
    spans: tuple[tuple[str, str], ...] | None
    lang: str


class Generator:
    """Draws examples of one language. The same seed gives the same corpus.

    `strange` is the share of fillers with unlisted words, `by_hand` that of hand-written sentences, whose spans are not
    known. Raises ValueError or KeyError for faulty phrase files.
    """

    def __init__(self, tongue: Tongue, seed: int, strange: float = 0.18, by_hand: float = 0.0) -> None:
        self.tongue = tongue
        self._rng = random.Random(f"{tongue.tag} {seed}")
        folder = PHRASES / tongue.tag
        self._fillers: dict[str, Filler] = dict(tongue.fillers)
        shared = Phrases.read(folder / "shared.txt", self._fillers, {}).definitions
        self._shared = Phrases("", self._fillers, shared)
        self._fillers.update(tongue.compose(self._definition))
        vocabulary = sorted(
            {w for path in folder.glob("*.txt") for w in re.findall(r"[^\W\d_]{3,}", path.read_text(encoding="utf-8"))}
        )
        for name in tongue.strange:
            known = self._fillers.get(name) or self._definition(name)
            self._fillers[name] = _strange(known, vocabulary, strange, tongue.invented)
        self._tools = {
            tool: Phrases.read(folder / f"{tool}.txt", self._fillers, shared)
            for tool in WEIGHTS
            if (folder / f"{tool}.txt").exists()
        }
        for tool, phrases in self._tools.items():
            if unknown := phrases.missing():
                raise ValueError(
                    f"{folder.name}/{tool}.txt uses names that nobody defined: {', '.join(sorted(unknown))}"
                )
        self._wrappers = Phrases.read(folder / "wrappers.txt", self._fillers, {"_": "\x05"})
        self._openers = Phrases.read(folder / "openers.txt", self._fillers, {})
        self._by_hand_share = by_hand
        self._written = written(tongue.tag)
        if unknown_tools := self._written.keys() - WEIGHTS.keys():
            raise ValueError(f"sentences/{tongue.tag} has tools that nobody knows: {', '.join(unknown_tools)}")

    def examples(self, count: int, weights: Mapping[str, float] = WEIGHTS) -> Iterator[Example]:
        """Yield `count` examples, each text at most once per call."""
        seen: set[str] = set()
        tools = [tool for tool in weights if tool in self._tools]
        chances = [weights[tool] for tool in tools]
        while len(seen) < count:
            example = self.example(self._rng.choices(tools, chances)[0])
            if example.text and example.text not in seen:
                seen.add(example.text)
                yield example

    def knows(self, tool: str) -> bool:
        return tool in self._tools

    def example(self, tool: str) -> Example:
        if self._by_hand_share and tool in self._written and self._rng.random() < self._by_hand_share:
            return self._by_hand(tool)
        if tool == ESCALATE:
            pick = self._rng.random()
            if pick < _TWO_WISHES:
                return self._two_at_once()
            if pick < _TWO_WISHES + _BENT and (self.tongue.conditions or self.tongue.frames):
                return self._bent()
        return self._finish(self._sentence(tool, self._rng), tool)

    def _sentence(self, tool: str, rng: random.Random) -> str:
        tongue = self.tongue
        line, text = self._tools[tool].choose(rng)
        if line.imperative and rng.random() < 0.62:
            text = self._wrappers.choose(rng)[1].replace("\x05", text)
        elif rng.random() < 0.06:
            text = f"{text} {rng.choice(tongue.closers)}"
        if rng.random() < 0.06:
            text = f"{rng.choice(tongue.before)}, {text}"
        elif tool not in _OPEN_ENDED and rng.random() < 0.05:
            text = f"{text} {rng.choice(tongue.after)}"
        opener = self._openers.choose(rng)[1]
        if opener:
            text = opener + rng.choice([" ", " ", ", "]) + text
        text = tongue.tidy(_tidy(text))
        return noisy(text, rng, bool(tongue.asking.match(text)), tongue.noise)

    def _by_hand(self, tool: str) -> Example:
        rng, tongue = self._rng, self.tongue
        text = rng.choice(self._written[tool])
        opener = self._openers.choose(rng)[1] if rng.random() < 0.3 else ""
        if opener:
            text = f"{opener} {text}"
        text = noisy(tongue.tidy(text), rng, bool(tongue.asking.match(text)), tongue.noise)
        spans = () if not SPANS.get(tool) else None
        return Example(text.lower(), tool, spans, tongue.tag)

    def _two_at_once(self) -> Example:
        """Two wishes in one sentence are for a larger model."""
        rng = self._rng
        wishes = [tool for tool in self._tools if tool not in (ESCALATE, "undo_last", *_OPEN_ENDED)]
        texts = [
            self._finish(self.tongue.tidy(_tidy(self._tools[tool].choose(rng)[1])), tool).text.rstrip(".?!")
            for tool in rng.sample(wishes, 2)
        ]
        return self._finish(rng.choice(self.tongue.joints).join(texts), ESCALATE)

    def _bent(self) -> Example:
        """A wish with a condition, or words about a wish."""
        rng = self._rng
        wishes = [tool for tool in self._tools if tool not in (ESCALATE, *TOPICS, *_OPEN_ENDED)]
        tool = rng.choice(wishes)
        wish = self._finish(self.tongue.tidy(_tidy(self._tools[tool].choose(rng)[1])), tool).text.rstrip(".?!")
        way = rng.choice([f"{{}} {one}" for one in self.tongue.conditions] + list(self.tongue.frames) * 2)
        text = way.replace("{}", wish)
        return self._finish(noisy(text, rng, bool(self.tongue.asking.match(text)), self.tongue.noise), ESCALATE)

    def _definition(self, name: str) -> Filler:
        return lambda rng: self._shared.expand(self._shared.definitions[name], rng)

    def _finish(self, marked: str, tool: str) -> Example:
        """Turn a marked sentence into an example; a span is made of whole words."""
        spans: list[tuple[str, str]] = []
        plain: list[str] = []
        key: str | None = None
        begin = 0
        for word in marked.split():
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
        return Example(" ".join(plain).lower(), tool, keep, self.tongue.tag)


class Corpus:
    """Draws examples of several languages, each as often as its share says."""

    def __init__(self, tongues: Sequence[Tongue], seed: int, strange: float = 0.18, by_hand: float = 0.0) -> None:
        self._generators = [Generator(tongue, seed, strange, by_hand) for tongue in tongues]
        self._rng = random.Random(seed)

    def examples(self, count: int, weights: Mapping[str, float] = WEIGHTS) -> list[Example]:
        """Return `count` examples, the same number of every language, mixed."""
        share, rest = divmod(count, len(self._generators))
        found = [
            example
            for at, generator in enumerate(self._generators)
            for example in generator.examples(share + (at < rest), weights)
        ]
        self._rng.shuffle(found)
        return found


def _strange(known: Filler, vocabulary: list[str], share: float, invented: Filler) -> Filler:
    """Now and then put words that no list holds: names and things are never all known."""

    def fill(rng: random.Random) -> str:
        text = known(rng)
        pick = rng.random()
        if pick > share or OPEN in text:
            return text
        made = [
            invented(rng) if rng.random() < 0.4 else rng.choice(vocabulary)
            for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 6] if share > 0.3 else [1, 1, 2]))
        ]
        if pick < 0.55 * share:
            return " ".join(made)
        words = text.split()
        words[rng.randrange(len(words))] = made[0]
        return " ".join(words)

    return fill


def _tidy(text: str) -> str:
    text = re.sub(r"\s+(?=[,:?.!](\s|$))", "", re.sub(r"\s+", " ", text)).strip(" ,")
    return text.replace(" 's ", "'s ").replace(f"{CLOSE} 's", f"{CLOSE}'s")
