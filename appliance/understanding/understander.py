"""One sentence in, one tool call or a hand-over out: both models vote, parsers make the arguments."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from appliance.engine import api
from appliance.foundation.clock import Clock
from appliance.generation import FailureKind, ModelError
from appliance.understanding import ngram
from appliance.understanding.arguments import BUILDERS, build, vetoed
from appliance.understanding.grammar import read_spans, spans_grammar
from appliance.understanding.languages import Language, known, language
from appliance.understanding.request import Request
from appliance.understanding.text import MAX_CHARS, MAX_WORDS, clean, lowered
from appliance.understanding.vocabulary import (
    CALL,
    CLASSES,
    ESCALATE,
    NEEDED,
    SPANS,
    USER,
    key_token,
    tool_token,
)
from appliance.understanding.voting.calibration import Calibration, calibrations, joined

_CANDIDATES: list[int | str] = [tool_token(one) for one in CLASSES]
_NAMING = frozenset({"media_control"})  # the bare name of music is a wish: the language model copies what rules leave
# twenty tokens have nothing to guess from, nothing to go wrong in and nothing worth keeping
_SHORT: Final[dict[str, Any]] = {"speculate": False, "watch": False, "keep": False}
_TOKENS_PER_CHAR = 1.0  # a copied span is never longer than the sentence, byte by byte


class Engine(Protocol):
    """The engine process that runs homarus-mini; `appliance.engine.client.EngineClient` is one."""

    def generate(self, frame: api.Generate) -> AsyncGenerator[api.StreamAnswer, None]:
        """Yield the answer's frames, `Done` last. Raises ModelError."""


class Third(Protocol):
    """A further vote that may be absent; `voting.embedded.EmbeddedVoter` is one."""

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        """How its vote is joined with the others, by language."""

    async def probabilities(self, text: str) -> Mapping[str, float] | None:
        """Return the probability of every class for a lower-case sentence, None when there is no vote."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood. `tool` is `escalate` for a hand-over; `guess` is then the class that came closest.

    `confidence` is how often a guess like this is right; `ms` the time it took; `lang` the language that was heard.
    """

    tool: str
    arguments: Mapping[str, Any]
    confidence: float
    ms: float
    guess: str = ESCALATE
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """What is loaded in the gateway process; the GGUF is loaded by the engine process alone."""

    ngram: ngram.NgramModel
    calibrations: Mapping[str, Calibration]


def weights_folder() -> Path:
    """Return the folder with the weights of the package."""
    return Path(str(resources.files("appliance.understanding"))) / "weights"


def model_path() -> Path:
    """Return the GGUF that the engine process of homarus-mini is started with."""
    return weights_folder() / "homarus-mini.gguf"


def load_weights(folder: Path | None = None) -> Weights:
    """Read the n-gram weights and the calibration. Raises WeightsError."""
    place = folder or weights_folder()
    try:
        found = json.loads((place / "calibration.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ngram.WeightsError(f"The calibration cannot be read ({error}); install the package again.") from error
    return Weights(ngram.load(place / "ngram.bin"), calibrations(found, "calibration.json"))


class Understander:
    """Understands single sentences. Keeps nothing between them."""

    def __init__(self, engine: Engine, weights: Weights, clock: Clock) -> None:
        self._engine = engine
        self._ngram = weights.ngram
        self._calibrations = weights.calibrations
        self._third: Third | None = None
        self._clock = clock

    async def understand(self, text: str, now_ms: int, zone: ZoneInfo, lang: str | None = None) -> Understanding:
        """Return the tool call that a sentence asks for. Raises ModelError when the engine cannot be asked.

        `now_ms` and `zone` say when and where it was said; `lang` is a language tag, None if nobody knows.
        """
        begun = self._clock.monotonic()
        words = clean(text).split() if len(text) <= 4 * MAX_CHARS else []
        tag = known(lang) if lang is not None else ""
        if tag is None or not words or len(words) > MAX_WORDS or sum(map(len, words)) > MAX_CHARS:
            return Understanding(ESCALATE, {}, 1.0, self._since(begun), lang=tag or "")
        low = lowered(words)
        counted = self._ngram.vote(" ".join(low))
        tag = tag or max(counted.languages, key=lambda one: counted.languages[one])
        chances, calibration = await self._joint(" ".join(low), counted.classes, tag)
        guess = max(chances, key=lambda one: chances[one])
        sure = calibration.confidence(chances[guess], guess)
        arguments = None
        if guess in BUILDERS and sure >= calibration.needed(guess):
            spoken = language(tag)
            spans = await self._spans(low, guess, spoken)
            request = Request.of(spoken, words, spans, now_ms, zone)
            arguments = build(guess, request)
            if arguments is None and guess in _NAMING and not vetoed(guess, request):
                spans = await self._copied(low, guess) | spans
                arguments = build(guess, Request.of(spoken, words, spans, now_ms, zone))
        if arguments is None:
            return Understanding(ESCALATE, {}, sure, self._since(begun), guess, tag)
        return Understanding(guess, arguments, sure, self._since(begun), guess, tag)

    def hears(self, text: str) -> tuple[str, float]:
        """Return the language of TAGS that a sentence is most likely in, and how likely."""
        languages = self._ngram.vote(" ".join(lowered(clean(text[: 4 * MAX_CHARS]).split()))).languages
        return max(languages.items(), key=lambda one: one[1])

    async def _joint(self, text: str, counted: Mapping[str, float], tag: str) -> tuple[dict[str, float], Calibration]:
        """Return the joint probabilities of all who vote, and the calibration that holds for them."""
        if self._third is None:
            calibration = self._calibrations[tag]
            return joined(await self.language_scores(text), counted, calibration), calibration
        read, embedded = await asyncio.gather(self.language_scores(text), self._third.probabilities(text))
        calibration = (self._calibrations if embedded is None else self._third.calibrations)[tag]
        return joined(read, counted, calibration, embedded), calibration

    def vote_with(self, third: Third | None) -> None:
        """Let a third vote count from the next sentence on, None: no more."""
        self._third = third

    def hear_with(self, model: ngram.NgramModel) -> None:
        """Let another n-gram model vote from the next sentence on (appliance.understanding.learning)."""
        self._ngram = model

    async def understand_all(
        self, sentences: Iterable[tuple[str, str | None]], now_ms: int, zone: ZoneInfo
    ) -> AsyncGenerator[Understanding, None]:
        """Yield one understanding per (text, lang), in their order."""
        for text, lang in sentences:
            yield await self.understand(text, now_ms, zone, lang)

    async def language_scores(self, text: str) -> dict[str, float]:
        """Return the language model's probability of every class for a lower-case sentence."""
        frame = api.Generate(
            input=api.Raw(_prompt(text), add_bos=False),
            max_tokens=0,
            candidates=_CANDIDATES,
            session_key="mini",
            **_SHORT,
        )
        async with contextlib.aclosing(self._engine.generate(frame)) as answers:
            scores = [score async for a in answers if isinstance(a, api.Scores) for score in a.logprobs]
        if len(scores) == len(CLASSES):
            top = max(scores)
            parts = [math.exp(score - top) for score in scores]
            return {one: part / sum(parts) for one, part in zip(CLASSES, parts, strict=True)}
        raise ModelError(FailureKind.BAD_RESPONSE, "The embedded model gave no scores.")

    async def _spans(self, words: Sequence[str], tool: str, spoken: Language) -> dict[str, str]:
        """Return the open text by key: what the rules find, and for a missing key that is needed what is copied."""
        found = spoken.ruled(tool, " ".join(words))
        if NEEDED.get(tool, ESCALATE) in (*found, ESCALATE):
            return found
        return await self._copied(words, tool) | found

    async def _copied(self, words: Sequence[str], tool: str) -> dict[str, str]:
        """Return the spans that the language model copies for a tool, by key.

        Not the name of a list: where no rule finds one, it mostly takes another noun for it.
        """
        keys = tuple(key for key in SPANS[tool] if key != "list")
        if not keys:
            return {}
        names = [key_token(key) for key in keys]
        text = " ".join(words)
        frame = api.Generate(
            input=api.Raw(
                [*_prompt(text), api.Control(tool_token(tool))],
                grammar=spans_grammar(words, names),
                add_bos=False,
                special=True,
            ),
            max_tokens=int(len(text.encode()) * _TOKENS_PER_CHAR) + 2 * len(keys) + 2,
            temperature=0.0,
            session_key="mini",
            **_SHORT,
        )
        async with contextlib.aclosing(self._engine.generate(frame)) as answers:
            pieces = [a.text async for a in answers if isinstance(a, api.Token)]
        found = read_spans("".join(pieces), names)
        return {key: found[name] for key, name in zip(keys, names, strict=True) if name in found}

    def _since(self, begun: float) -> float:
        return (self._clock.monotonic() - begun) * 1000


def _prompt(text: str) -> list[str | int | api.Control]:
    return [api.Control(USER), " " + text, api.Control(CALL)]
