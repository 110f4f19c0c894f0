"""A second, small model of the same vocabulary that guesses for a large one, and rests where it does not pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from appliance.engine.speculation.length import MAX_DRAFT, Odds

MIN_TARGET_PARAMETERS = 2_500_000_000  # what is sold as 3B; below, a draft model costs more than it saves
_CHUNK_TOKENS = 32  # of the text read per step: the answers of others must not wait for it
_RECENT_TOKENS = 256  # that it reads of a text: the whole prompt would cost more than the guesses save
_MIN_TOP = 0.4  # a guess less sure than this is rejected too often to be worth its row
_ASSUMED_ODDS = 0.6
_TIME_WEIGHT = 0.1
_MAX_SPARE_TOKENS = 128  # Qwen pads its vocabularies differently per size; llama.cpp tolerates as much
_FIRST_REST = 256  # steps without it before it is tried again; doubled each time that it still loses
_MAX_REST = 16_384


class Vocabulary(Protocol):
    """What is compared of two models."""

    size: int

    def piece(self, token: int) -> bytes: ...

    def ends(self, token: int) -> bool: ...


class Native(Protocol):
    """The context of the draft model, as far as it is used here."""

    def decode(self, entries: Sequence[tuple[int, int, int, bool]]) -> bool:
        """Decode (token, position, sequence, wants logits); False when that did not work."""

    def best(self, index: int) -> tuple[int, float]:
        """Return the best token behind batch entry `index` and its probability."""

    def cut(self, sequence: int, start: int) -> bool: ...

    def drop(self, sequence: int) -> None: ...

    def close(self) -> None: ...


class Ticks(Protocol):
    def monotonic(self) -> float: ...


def difference(target: Vocabulary, draft: Vocabulary) -> str:
    """Return why two vocabularies are not the same, token by token; "" when they are.

    Sizes may differ by the unused places at the end: guesses among them are dropped.
    """
    if abs(target.size - draft.size) > _MAX_SPARE_TOKENS:
        return f"the draft model has {draft.size} tokens, the model {target.size}"
    for token in range(min(target.size, draft.size)):
        if target.piece(token) != draft.piece(token) or target.ends(token) != draft.ends(token):
            return f"token {token} is another one in the draft model"
    return ""


def unsuitable(parameters: int, *, forced: bool) -> str:
    """Return why a target of so many parameters should have no draft model; "" when it may."""
    if forced or parameters >= MIN_TARGET_PARAMETERS:
        return ""
    return f"a model of {parameters / 1e9:.1f}B parameters is slower with a draft model; it pays from 3B on"


class Record:
    """How a draft model does: odds over all answers, seconds per token, and when it is tried again."""

    def __init__(self) -> None:
        self._odds = Odds(_ASSUMED_ODDS)
        self._rested = 0
        self._patience = _FIRST_REST
        self.seconds = 0.0

    @property
    def odds(self) -> float:
        return self._odds.value

    def report(self, drafted: int, accepted: int) -> None:
        """Count guesses: those accepted were right, the one behind them was wrong."""
        for _ in range(accepted):
            self._odds.observe(True)
        if accepted < drafted:
            self._odds.observe(False)
        if self.odds > _ASSUMED_ODDS:
            self._patience = _FIRST_REST
        self._rested = 0

    def rest(self) -> None:
        """Count a step that did without; after enough of them it is worth another try (another text, another load)."""
        self._rested += 1
        if self._rested >= self._patience:
            self._odds = Odds(_ASSUMED_ODDS)
            self.seconds *= 0.5  # what was slow once may not be any more: two tries tell
            self._rested = 0
            self._patience = min(2 * self._patience, _MAX_REST)

    def took(self, seconds: float, tokens: int) -> None:
        """Learn what drafting cost."""
        each = seconds / tokens
        self.seconds += (each - self.seconds) * (_TIME_WEIGHT if self.seconds else 1.0)


@dataclass(slots=True)
class _Lane:
    sequence: int
    base: int = 0  # where in the text its tokens begin
    tokens: list[int] = field(default_factory=list)


class DraftModel:
    """Guesses greedily for several answers, one sequence each; the engine thread is its only caller."""

    def __init__(self, native: Native, *, lanes: int, cells: int, size: int, ticks: Ticks) -> None:
        """Take a context of `lanes` sequences and `cells` tokens; `size`: tokens that the main model knows."""
        self._native = native
        self._free = [_Lane(sequence) for sequence in range(lanes)]
        self._busy: dict[int, _Lane] = {}
        self._cells = cells
        self._size = size
        self._ticks = ticks
        self._record = Record()

    @property
    def seconds(self) -> float:
        return self._record.seconds

    @property
    def odds(self) -> float:
        return self._record.odds

    def report(self, drafted: int, accepted: int) -> None:
        self._record.report(drafted, accepted)

    def rest(self) -> None:
        self._record.rest()

    def draft(self, key: int, tokens: Sequence[int], limit: int) -> list[int]:
        """Return up to `limit` tokens that may follow; [] while it still reads the text or cannot."""
        lane = self._lane(key, len(tokens))
        if lane is None or len(tokens) - lane.base + limit > self._room(lane):
            return []
        recent = tokens[lane.base :]
        self._align(lane, recent)
        missing = len(recent) - len(lane.tokens)
        if missing > _CHUNK_TOKENS:
            self._read(lane, recent[len(lane.tokens) : len(lane.tokens) + _CHUNK_TOKENS])
            return []
        start = self._ticks.monotonic()
        drafted = self._guess(lane, recent[len(lane.tokens) :], limit)
        if drafted and missing <= limit + 1:  # reading a chunk is not what a token costs
            self._record.took(self._ticks.monotonic() - start, len(drafted))
        return drafted

    def _room(self, lane: _Lane) -> int:
        """Return the tokens that one answer may have; what outgrows the context goes on without."""
        return self._cells - sum(len(other.tokens) for other in self._busy.values() if other is not lane)

    def _lane(self, key: int, length: int) -> _Lane | None:
        """Return the sequence of an answer; a new one begins with the end of its text. None: all are taken."""
        if key not in self._busy:
            if not self._free or not length:
                return None
            lane = self._busy[key] = self._free.pop()
            lane.base = max(0, length - _RECENT_TOKENS)
        return self._busy[key]

    def _align(self, lane: _Lane, tokens: Sequence[int]) -> None:
        """Take back what was guessed and not accepted; the newest token is always read again, for its logits."""
        length = min(len(lane.tokens), len(tokens) - 1)
        common = max(0, length - MAX_DRAFT)  # what differs is a rejected guess, nearly always
        if lane.tokens[:common] != list(tokens[:common]):
            common = 0
        while common < length and lane.tokens[common] == tokens[common]:
            common += 1
        if common < len(lane.tokens):
            if not common or not self._native.cut(lane.sequence, common):
                self._native.drop(lane.sequence)
                common = 0
            del lane.tokens[common:]

    def _read(self, lane: _Lane, tokens: Sequence[int]) -> bool:
        start, last = len(lane.tokens), len(tokens) - 1
        entries = [(token, start + at, lane.sequence, at == last) for at, token in enumerate(tokens)]
        if not self._native.decode(entries):
            self._native.drop(lane.sequence)
            lane.tokens.clear()
            return False
        lane.tokens += tokens
        return True

    def _guess(self, lane: _Lane, tokens: Sequence[int], limit: int) -> list[int]:
        drafted: list[int] = []
        while len(drafted) < limit and self._read(lane, tokens):
            token, probability = self._native.best(len(tokens) - 1)
            if token >= self._size or probability < _MIN_TOP:
                break
            drafted.append(token)
            tokens = [token]
        return drafted

    def forget(self, key: int) -> None:
        """Give the sequence of an ended answer back."""
        if (lane := self._busy.pop(key, None)) is not None:
            self._native.drop(lane.sequence)
            lane.tokens.clear()
            self._free.append(lane)

    def close(self) -> None:
        """Free the context and the model."""
        self._native.close()
