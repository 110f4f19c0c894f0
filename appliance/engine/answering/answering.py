"""The answer of one request: chooses tokens within what bounds it and turns them into frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from appliance.engine import api
from appliance.engine.answering.errors import JobError
from appliance.engine.chat import formats
from appliance.engine.chat.answer import AnswerReader, Visible, Wish
from appliance.engine.chat.answer import Thought as ThoughtPiece
from appliance.engine.chat.text import StopStrings, Utf8Check, Utf8Stream
from appliance.engine.native.bound import Bound
from appliance.engine.native.model import Model
from appliance.engine.native.sampling import Sampling, UnusableError, choose, choose_within, log_probabilities
from appliance.foundation.ids import new_id
from appliance.generation import FailureKind

_DEFAULT_TEMPERATURE = 0.7


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
        try:
            if self._bound is None:
                return choose(logits, self._sampling, self._chance)
            token = choose_within(logits, self._sampling, self._chance, self)
        except UnusableError as error:
            raise JobError(FailureKind.BAD_RESPONSE, "The local model computed no usable numbers.") from error
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

    @property
    def bound(self) -> bool:
        """Whether a grammar decides what may come."""
        return self._bound is not None

    def ends(self, token: int) -> bool:
        """Return whether a token ends the answer."""
        return self._model.ends(token)

    def take(self, token: int, logits: Any) -> list[api.StreamAnswer]:
        """Return the frames that a chosen token makes. `stopped` says whether a stop string ended the answer."""
        if self._bound is not None:
            self._bound.accept(token)
            if token not in self._model.controls:
                self._utf8.accept(self._model.piece(token))
        if self._request.logprobs:
            self._logprobs += log_probabilities(logits, [token])
            self._tokens.append(token)
        return list(self._frames(self._stream.feed(self._shown(token))))

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


def _sampling(request: api.Generate) -> Sampling:
    temperature = _DEFAULT_TEMPERATURE if request.temperature is None else request.temperature
    return Sampling(temperature, request.top_k, request.top_p)
