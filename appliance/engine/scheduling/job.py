"""One request on its way: the prompt's tokens, what bounds the answer, and how tokens become frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from appliance.engine import api
from appliance.engine.cache.residents import Resident
from appliance.engine.chat import formats
from appliance.engine.chat.answer import AnswerReader, Visible, Wish
from appliance.engine.chat.answer import Thought as ThoughtPiece
from appliance.engine.chat.grammar import SchemaError
from appliance.engine.chat.prompt import ChatError, PromptMaker
from appliance.engine.chat.text import StopStrings, Utf8Check, Utf8Stream
from appliance.engine.native.bound import Bound, GrammarError
from appliance.engine.native.model import Model
from appliance.engine.native.sampling import Sampling, choose, choose_within, log_probabilities
from appliance.foundation.ids import new_id
from appliance.generation import FailureKind

_DEFAULT_TEMPERATURE = 0.7
_MAX_TEMPERATURE = 10.0
_MAX_CHARS_PER_TOKEN = 40  # a longer prompt cannot fit the window: it is refused before it is tokenised


class JobError(Exception):
    """A request cannot be served; becomes a Failed frame."""

    def __init__(self, kind: FailureKind, message: str, **details: Any) -> None:
        super().__init__(message)
        self.frame = api.Failed(kind.value, message, details)


@dataclass(slots=True)
class Timing:
    """Moments of a request, seconds of a clock that only grows."""

    arrived: float
    started: float = 0.0
    first: float = 0.0


class Job:
    """A Generate request. The engine thread owns it; only `cancelled` and `in_batch` cross threads."""

    def __init__(
        self,
        request: api.Generate,
        emit: Callable[[api.Answer], None],
        *,
        number: int,
        arrived: float,
    ) -> None:
        self.request = request
        self.emit = emit
        self.number = number  # the order of arrival
        self.timing = Timing(arrived)
        self.cancelled = False
        self.in_batch = False
        self.tokens: list[int] = []
        self.prompt_length = 0
        self.cached = 0
        self.last_read = 0  # the step in which a chunk of the prompt was read last
        self.limit = 0  # the number of tokens at which the answer ends
        self.resident: Resident | None = None
        self._answer: Answering | None = None

    @property
    def answer(self) -> Answering:
        """Return what chooses and writes; only a prepared job has it. Raises JobError."""
        if self._answer is None:
            raise JobError(FailureKind.INVALID_REQUEST, "the request was not prepared")
        return self._answer

    @property
    def output_tokens(self) -> int:
        return len(self.tokens) - self.prompt_length

    @property
    def computed(self) -> int:
        """Return how many tokens are in the cache."""
        return 0 if self.resident is None else len(self.resident.tokens)

    @property
    def generating(self) -> bool:
        """Whether only the newest token is missing in the cache."""
        return self.computed == len(self.tokens) - 1

    def prepare(self, model: Model, prompts: PromptMaker, window: int) -> None:
        """Make tokens of the prompt and compile what bounds the answer. Raises JobError."""
        _check(self.request)
        try:
            self.tokens, self._answer = _prepared(self.request, model, prompts, window)
        except (ChatError, SchemaError, GrammarError) as error:
            raise JobError(FailureKind.INVALID_REQUEST, str(error), code=error.code) from error
        self.prompt_length = len(self.tokens)
        if self.prompt_length >= window:
            raise _overflow(self.prompt_length, window)
        room = window - self.prompt_length
        wanted = self.request.max_tokens
        self.limit = self.prompt_length + (room if wanted is None else min(room, wanted))

    def close(self) -> None:
        """Free native state."""
        if self._answer is not None:
            self._answer.close()

    def rest(self) -> list[api.StreamAnswer]:
        """Return the frames of what was held back."""
        return [] if self._answer is None else list(self._answer.finish())

    @property
    def made_calls(self) -> bool:
        return self._answer is not None and self._answer.calls > 0

    def done(self, stop: str, now: float) -> api.Done:
        """Return the last frame."""
        started, first = self.timing.started or now, self.timing.first or now
        return api.Done(
            stop=stop,
            prompt_tokens=self.prompt_length,
            cached_tokens=self.cached,
            output_tokens=self.output_tokens,
            queue_ms=(started - self.timing.arrived) * 1000,
            prompt_ms=(first - started) * 1000,
            generate_ms=(now - first) * 1000,
        )


class Answering:
    """Chooses tokens and turns them into frames."""

    def __init__(
        self,
        request: api.Generate,
        model: Model,
        *,
        bound: Bound | None,
        reader: AnswerReader | None,
        candidates: list[int],
    ) -> None:
        self._model = model
        self._request = request
        self._bound = bound
        self._reader = reader
        self._candidates = candidates
        self._utf8 = Utf8Check()
        self._stream = Utf8Stream()
        self._stops = StopStrings(request.stop)
        self._chance = np.random.default_rng(request.seed)
        self._sampling = _sampling(request)
        self._shows_controls = isinstance(request.input, api.Raw) and request.input.special
        self._logprobs: list[float] = []
        self._tokens: list[int] = []
        self.calls = 0

    def close(self) -> None:
        if self._bound is not None:
            self._bound.close()

    def scores(self, logits: Any) -> api.Scores | None:
        """Return the probabilities of the candidates after the prompt, once."""
        if not self._candidates:
            return None
        candidates, self._candidates = self._candidates, []
        return api.Scores(log_probabilities(logits, candidates))

    def choose(self, logits: Any) -> int:
        """Return the next token. Raises JobError at a dead end of the grammar or on numbers that are none."""
        if not math.isfinite(float(logits.max())):
            raise JobError(FailureKind.BAD_RESPONSE, "The local model computed no usable numbers.")
        if self._bound is None:
            return choose(logits, self._sampling, self._chance)
        token = choose_within(logits, self._sampling, self._chance, self)
        if token is None:
            raise JobError(
                FailureKind.BAD_RESPONSE,
                "The grammar of this request leaves the local model no way to go on.",
                code="grammar_dead_end",
            )
        return token

    def allows(self, token: int) -> bool:
        """Return whether grammar, text encoding and control rules allow a token (a `Limit` for sampling)."""
        if self._bound is None or not self._bound.allows(token):
            return False
        if self._model.ends(token):
            return self._utf8.whole
        if token in self._model.controls:
            # inside a JSON string a control token would be text to the grammar and nothing to the reader
            return self._shows_controls or self._model.piece(token).decode("utf-8", "replace") in formats.MARKS
        return self._utf8.allows(self._model.piece(token))

    def allowed(self, tokens: Any) -> Any:
        """Return which tokens the grammar alone allows."""
        return np.ones(len(tokens), bool) if self._bound is None else self._bound.allowed(tokens)

    def take(self, token: int, logits: Any) -> Iterator[api.StreamAnswer]:
        """Yield the frames that a chosen token makes. `stopped` says whether a stop string ended the answer."""
        if self._bound is not None:
            self._bound.accept(token)
            if token not in self._model.controls:
                self._utf8.accept(self._model.piece(token))
        if self._request.logprobs:
            self._logprobs += log_probabilities(logits, [token])
            self._tokens.append(token)
        yield from self._frames(self._stream.feed(self._shown(token)))

    @property
    def stopped(self) -> bool:
        return self._stops.stopped

    def finish(self) -> Iterator[api.StreamAnswer]:
        """Yield what was held back."""
        yield from self._frames(self._stream.flush())
        if self._reader is not None:
            for piece in self._reader.finish():
                yield from self._piece(piece)
        yield from self._token(self._stops.flush(), flush=True)

    def _shown(self, token: int) -> bytes:
        piece = self._model.piece(token)
        if token in self._model.controls and not self._shows_controls:
            return piece if piece.decode("utf-8", "replace") in formats.MARKS and self._reader else b""
        return piece

    def _frames(self, text: str) -> Iterator[api.StreamAnswer]:
        if not text:
            return
        if self._reader is None:
            yield from self._token(self._stops.feed(text))
            return
        for piece in self._reader.feed(text):
            yield from self._piece(piece)

    def _piece(self, piece: Visible | ThoughtPiece | Wish) -> Iterator[api.StreamAnswer]:
        if isinstance(piece, Visible):
            yield from self._token(self._stops.feed(piece.text))
        elif isinstance(piece, ThoughtPiece):
            yield api.Reasoning(piece.text)
        else:
            self.calls += 1
            yield api.Call(f"call_{new_id()}", piece.name, piece.arguments)

    def _token(self, text: str, *, flush: bool = False) -> Iterator[api.Token]:
        if text or (flush and self._logprobs):
            logprobs, self._logprobs = self._logprobs, []
            tokens, self._tokens = self._tokens, []
            yield api.Token(text, logprobs, tokens)


# ---- from a frame to a job


def _check(request: api.Generate) -> None:
    problem = ""
    if request.max_tokens is not None and request.max_tokens < (0 if request.candidates else 1):
        problem = "max_tokens must be at least 1 (0 with candidates)"
    elif len(request.stop) > api.MAX_STOPS:
        problem = f"{len(request.stop)} stop strings, at most {api.MAX_STOPS}"
    elif len(request.candidates) > api.MAX_CANDIDATES:
        problem = f"{len(request.candidates)} candidates, at most {api.MAX_CANDIDATES}"
    elif isinstance(request.input, api.Chat) and len(request.input.tools) > api.MAX_TOOLS:
        problem = f"{len(request.input.tools)} tools, at most {api.MAX_TOOLS}"
    elif isinstance(request.input, api.Raw) and len(request.input.grammar) > api.MAX_GRAMMAR_CHARS:
        problem = f"a grammar of {len(request.input.grammar)} characters, at most {api.MAX_GRAMMAR_CHARS}"
    elif request.temperature is not None and not 0 <= request.temperature <= _MAX_TEMPERATURE:
        problem = f"temperature must be between 0 and {_MAX_TEMPERATURE:g}"
    elif not 0 < request.top_p <= 1 or request.top_k < 0 or (request.seed or 0) < 0:
        problem = "top_p must be above 0 and at most 1, top_k and seed must not be negative"
    if problem:
        raise JobError(FailureKind.INVALID_REQUEST, problem)


def _sampling(request: api.Generate) -> Sampling:
    temperature = _DEFAULT_TEMPERATURE if request.temperature is None else request.temperature
    return Sampling(temperature, request.top_k, request.top_p)


def _prepared(request: api.Generate, model: Model, prompts: PromptMaker, window: int) -> tuple[list[int], Answering]:
    candidates = [_token_id(model, candidate) for candidate in request.candidates]
    if isinstance(request.input, api.Raw):
        tokens = _raw_tokens(request.input, model, prompts, window)
        bound = Bound(model, request.input.grammar) if request.input.grammar else None
        return tokens, Answering(request, model, bound=bound, reader=None, candidates=candidates)
    prompt = prompts.prompt(request.input)
    tokens = _chat_tokens(prompt.pieces, model, window)
    bound = None if prompt.grammar is None else Bound(model, prompt.grammar.text)
    reader = None
    if request.input.response_schema is None:
        reader = AnswerReader(prompt.form, thinking_open=prompt.thinking_open)
    return tokens, Answering(request, model, bound=bound, reader=reader, candidates=candidates)


def _raw_tokens(raw: api.Raw, model: Model, prompts: PromptMaker, window: int) -> list[int]:
    tokens = [model.bos] if raw.add_bos and model.adds_bos else []
    _check_length(sum(len(part) for part in raw.prompt if isinstance(part, str)), window)
    for part in raw.prompt:
        if isinstance(part, str):
            for piece in prompts.plain_pieces(part):
                tokens += model.tokenize(piece, special=False)
        else:
            tokens.append(_token_id(model, part.name if isinstance(part, api.Control) else part))
    if not tokens:
        raise JobError(FailureKind.INVALID_REQUEST, "the prompt is empty")
    return tokens


def _chat_tokens(pieces: tuple[str, ...], model: Model, window: int) -> list[int]:
    _check_length(sum(map(len, pieces)), window)
    tokens = [token for piece in pieces for token in model.tokenize(piece, special=True)]
    if model.adds_bos and tokens[:1] != [model.bos]:
        return [model.bos, *tokens]
    return tokens


def _token_id(model: Model, token: int | str) -> int:
    if isinstance(token, str):
        if token not in model.specials:
            raise JobError(FailureKind.INVALID_REQUEST, f"the model has no control token named {token!r}")
        return model.specials[token]
    if not 0 <= token < model.size:
        message = f"token {token} is outside the vocabulary of {model.size}"
        raise JobError(FailureKind.INVALID_REQUEST, message)
    return token


def _check_length(characters: int, window: int) -> None:
    if characters > window * _MAX_CHARS_PER_TOKEN:
        raise _overflow(characters // 4, window)


def _overflow(tokens: int, window: int) -> JobError:
    return JobError(
        FailureKind.CONTEXT_OVERFLOW,
        f"The conversation has about {tokens} tokens, but the local model reads at most {window - 1}.",
        promptTokens=tokens,
        window=window,
    )
