"""The guessing for one answer: look-up first, then a draft model where there is one, each while it gains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from appliance.engine.speculation.length import MAX_DRAFT, DraftLength, Odds, VerifyCost
from appliance.engine.speculation.lookup import PromptLookup

# By the tokens that look-up predicted rightly in a row: a first match is a rumour, a long copy goes on.
_STREAKS = (1, 3, 8)
_ASSUMED_ODDS = (0.2, 0.5, 0.75, 0.9)


class Drafter(Protocol):
    """A draft model, as far as one answer sees it. Its measurements outlive the answer."""

    @property
    def seconds(self) -> float:
        """Seconds of one drafted token, 0 before the first."""

    @property
    def odds(self) -> float:
        """The probability that one of its tokens is right; 0 while it is switched off."""

    def draft(self, key: int, tokens: Sequence[int], limit: int) -> list[int]: ...

    def report(self, drafted: int, accepted: int) -> None: ...

    def rest(self) -> None:
        """Hear that a step found it not worth asking."""

    def forget(self, key: int) -> None: ...


class Drafting:
    """What is guessed for one answer and how it went. `key` names the answer to the draft model."""

    def __init__(
        self, tokens: Sequence[int], cost: VerifyCost, *, drafter: Drafter | None = None, key: int = 0
    ) -> None:
        self._lookup = PromptLookup(tokens)
        self._length = DraftLength(cost)
        self._odds = [Odds(value) for value in _ASSUMED_ODDS]
        self._drafter = drafter
        self._key = key
        self._pending: list[int] = []
        self._asked = False  # whether the draft model made what is pending
        self.drafted = 0
        self.accepted = 0

    def draft(self, tokens: Sequence[int], limit: int = MAX_DRAFT, *, rows: int = 1) -> list[int]:
        """Return up to `limit` tokens that may follow `tokens` (the prompt and the answer so far); [] mostly.

        `rows`: how many rows the step has without these. The step's outcome goes to `take`.
        """
        limit = min(limit, MAX_DRAFT)
        self._pending, self._asked = [], False
        if limit <= 0:
            return []
        count = min(limit, self._length.next(self._odds[self._bucket].value, rows=rows))
        if count:
            self._pending = self._lookup.draft(count)
        if not self._pending and self._drafter is not None:
            self._ask(self._drafter, tokens, limit, rows)
        return list(self._pending)

    def _ask(self, drafter: Drafter, tokens: Sequence[int], limit: int, rows: int) -> None:
        count = self._length.next(drafter.odds, rows=rows, making=drafter.seconds)
        if count:
            self._pending = drafter.draft(self._key, tokens, min(limit, count))
            self._asked = bool(self._pending)
        else:
            drafter.rest()

    @property
    def _bucket(self) -> int:
        return sum(self._lookup.streak >= streak for streak in _STREAKS)

    def take(self, tokens: Sequence[int]) -> None:
        """Learn which tokens the step added to the answer, accepted drafts and the choice after them."""
        accepted = 0
        for drafted, token in zip(self._pending, tokens, strict=False):
            if drafted != token:
                break
            accepted += 1
        self.drafted += len(self._pending)
        self.accepted += accepted
        if self._asked and self._drafter is not None:
            self._drafter.report(len(self._pending), accepted)
        self._pending, self._asked = [], False
        for token in tokens:
            odds = self._odds[self._bucket]
            if (right := self._lookup.extend(token)) is not None:
                odds.observe(right)

    def close(self) -> None:
        """Give back what the draft model holds for this answer."""
        if self._drafter is not None:
            self._drafter.forget(self._key)
