"""Prompt look-up: where the last tokens stood before, the same text may follow again (quotes, code, tool output)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

_GRAM = 3  # tokens that must agree before a place counts as the same
_TABLE = 1 << 14  # slots, 4 bytes each; a collision only loses the older place
_KEPT_TOKENS = 1 << 16  # of the text; at twice that the older half is forgotten
_NOWHERE = -1


class PromptLookup:
    """The tokens of a prompt and its answer, and where each run of three was seen last.

    One slot of a fixed table per token: constant time and memory. It predicts every token that comes, drafted or
    not, so `streak` says how far it can be trusted at this moment at no cost.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = array("i")
        self._places = array("i", bytes(4 * _TABLE))  # 0: unused, else the index behind the run
        self._source = _NOWHERE  # the index of the token that is predicted next
        self.streak = 0  # tokens in a row that were predicted rightly
        for token in tokens[-_KEPT_TOKENS:]:
            self.extend(token)
        self.streak = 0  # what the prompt repeats of itself says little of the answer

    def extend(self, token: int) -> bool | None:
        """Take the next token; return whether it had been predicted, None where nothing had."""
        tokens = self._tokens
        source = self._source
        predicted = None if source < 0 else tokens[source] == token
        tokens.append(token)
        if len(tokens) > 2 * _KEPT_TOKENS:
            self._forget_old()
            source = self._source
        place = self._note()
        if predicted:
            self._source = source + 1
            self.streak += 1
        else:
            self._source = place
            self.streak = 0
        return predicted

    def draft(self, limit: int) -> list[int]:
        """Return up to `limit` tokens that may follow; past the end of the text its own copy goes on (a short loop)."""
        source, tokens = self._source, self._tokens
        if source < 0:
            return []
        drafted: list[int] = []
        for index in range(source, source + limit):
            drafted.append(tokens[index] if index < len(tokens) else drafted[index - len(tokens)])
        return drafted

    def _note(self) -> int:
        """Remember the end of the text; return where the same run ended before, or nowhere."""
        tokens = self._tokens
        end = len(tokens)
        if end < _GRAM:
            return _NOWHERE
        slot = (tokens[-1] * 0x9E3779B1 ^ tokens[-2] * 0x85EBCA6B ^ tokens[-3] * 0xC2B2AE35) >> 7 & (_TABLE - 1)
        place = self._places[slot]
        self._places[slot] = end
        if not place or tokens[place - _GRAM : place] != tokens[-_GRAM:]:
            return _NOWHERE
        return place

    def _forget_old(self) -> None:
        del self._tokens[:_KEPT_TOKENS]
        self._places = array("i", [max(0, place - _KEPT_TOKENS) for place in self._places])
        # a place must have its whole run before it
        self._places = array("i", [place if place >= _GRAM else 0 for place in self._places])
        self._source = self._source - _KEPT_TOKENS if self._source >= _KEPT_TOKENS else _NOWHERE
