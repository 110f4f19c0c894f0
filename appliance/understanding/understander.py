"""One sentence in, one tool call or a hand-over out: both models vote, parsers make the arguments."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from appliance.engine import api
from appliance.foundation.clock import Clock
from appliance.generation import FailureKind, ModelError
from appliance.understanding import ngram
from appliance.understanding.arguments import BUILDERS
from appliance.understanding.english.spans import ruled
from appliance.understanding.grammar import read_spans, spans_grammar
from appliance.understanding.request import Request
from appliance.understanding.text import MAX_CHARS, MAX_WORDS, clean, lowered
from appliance.understanding.vocabulary import (
    CALL,
    ESCALATE,
    NEEDED,
    SPANS,
    TOOLS,
    USER,
    WRITING,
    key_token,
    tool_token,
)

_CANDIDATES: list[int | str] = [tool_token(tool) for tool in TOOLS]
_FLOOR = 1e-9  # a probability of zero would veto the other model
_TOKENS_PER_CHAR = 1.0  # a copied span is never longer than the sentence, byte by byte


class Engine(Protocol):
    """The engine process that runs homarus-mini; `appliance.engine.client.EngineClient` is one."""

    def generate(self, frame: api.Generate) -> AsyncGenerator[api.StreamAnswer, None]:
        """Yield the answer's frames, `Done` last. Raises ModelError."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the votes are joined and how sure they must be, found on held-out sentences (mini/evaluate.py).

    The joint score of a tool is p_language^weight * p_ngram^(1 - weight), raised to `sharpness` and normalised.
    """

    weight: float
    sharpness: float
    reading: float
    writing: float


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood. `tool` is `escalate` for a hand-over; `guess` is then the tool that came closest.

    `confidence` is the joint probability of `guess`; `ms` the time it took.
    """

    tool: str
    arguments: Mapping[str, Any]
    confidence: float
    ms: float
    guess: str = ESCALATE


@dataclass(frozen=True, slots=True)
class Weights:
    """What is loaded in the gateway process; the GGUF is loaded by the engine process alone."""

    ngram: ngram.NgramModel
    calibration: Calibration


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
        calibration = Calibration(**json.loads((place / "calibration-en.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ngram.WeightsError(f"The calibration cannot be read ({error}); install the package again.") from error
    return Weights(ngram.load(place / "ngram-en.bin"), calibration)


class Understander:
    """Understands single sentences. Keeps nothing between them."""

    def __init__(self, engine: Engine, weights: Weights, clock: Clock) -> None:
        self._engine = engine
        self._ngram = weights.ngram
        self._calibration = weights.calibration
        self._clock = clock

    async def understand(self, text: str, now_ms: int, zone: ZoneInfo, lang: str | None = None) -> Understanding:
        """Return the tool call that a sentence asks for. Raises ModelError when the engine cannot be asked.

        `now_ms` and `zone` say when and where it was said; `lang` is a language tag, None if nobody knows.
        """
        begun = self._clock.monotonic()
        words = clean(text).split() if len(text) <= 4 * MAX_CHARS else []
        known = lang is None or lang.lower().split("-")[0].split("_")[0] == "en"
        if not known or not words or len(words) > MAX_WORDS or sum(map(len, words)) > MAX_CHARS:
            return Understanding(ESCALATE, {}, 1.0, self._since(begun))
        low = lowered(words)
        chances = await self._vote(low)
        guess = max(chances, key=lambda tool: chances[tool])
        sure = chances[guess]
        needed = self._calibration.writing if guess in WRITING else self._calibration.reading
        arguments = None
        if guess != ESCALATE and sure >= needed:
            spans = await self._spans(low, guess)
            arguments = BUILDERS[guess](Request.of(words, spans, now_ms, zone))
        if arguments is None:
            return Understanding(ESCALATE, {}, sure, self._since(begun), guess)
        return Understanding(guess, arguments, sure, self._since(begun), guess)

    async def understand_all(
        self, sentences: Iterable[tuple[str, str | None]], now_ms: int, zone: ZoneInfo
    ) -> AsyncGenerator[Understanding, None]:
        """Yield one understanding per (text, lang), in their order."""
        for text, lang in sentences:
            yield await self.understand(text, now_ms, zone, lang)

    async def _vote(self, words: Sequence[str]) -> dict[str, float]:
        text = " ".join(words)
        read = await self.language_scores(text)
        counted = self._ngram.probabilities(text)
        return joined(read, counted, self._calibration)

    async def language_scores(self, text: str) -> dict[str, float]:
        """Return the language model's probability of every tool for a lower-case sentence."""
        frame = api.Generate(
            input=api.Raw(_prompt(text), add_bos=False), max_tokens=0, candidates=_CANDIDATES, session_key="mini"
        )
        async with contextlib.aclosing(self._engine.generate(frame)) as answers:
            scores = [score async for a in answers if isinstance(a, api.Scores) for score in a.logprobs]
        if len(scores) == len(TOOLS):
            top = max(scores)
            parts = [math.exp(score - top) for score in scores]
            return {tool: part / sum(parts) for tool, part in zip(TOOLS, parts, strict=True)}
        raise ModelError(FailureKind.BAD_RESPONSE, "The embedded model gave no scores.")

    async def _spans(self, words: Sequence[str], tool: str) -> dict[str, str]:
        """Return the open text by key: what the rules find, and for a missing key that is needed what is copied."""
        found = ruled(tool, " ".join(words))
        if NEEDED.get(tool, ESCALATE) in (*found, ESCALATE):
            return found
        return await self._copied(words, tool) | found

    async def _copied(self, words: Sequence[str], tool: str) -> dict[str, str]:
        """Return the spans that the language model copies for a tool, by key."""
        keys = SPANS[tool]
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
        )
        async with contextlib.aclosing(self._engine.generate(frame)) as answers:
            pieces = [a.text async for a in answers if isinstance(a, api.Token)]
        found = read_spans("".join(pieces), names)
        return {key: found[name] for key, name in zip(keys, names, strict=True) if name in found}

    def _since(self, begun: float) -> float:
        return (self._clock.monotonic() - begun) * 1000


def joined(read: Mapping[str, float], counted: Mapping[str, float], calibration: Calibration) -> dict[str, float]:
    """Return the joint probabilities of two votes: their weighted geometric mean, sharpened."""
    weight, power = calibration.weight, calibration.sharpness
    logs = {
        tool: power * (weight * math.log(max(read[tool], _FLOOR)) + (1 - weight) * math.log(max(counted[tool], _FLOOR)))
        for tool in TOOLS
    }
    top = max(logs.values())
    parts = {tool: math.exp(value - top) for tool, value in logs.items()}
    total = sum(parts.values())
    return {tool: part / total for tool, part in parts.items()}


def _prompt(text: str) -> list[str | int | api.Control]:
    return [api.Control(USER), " " + text, api.Control(CALL)]
