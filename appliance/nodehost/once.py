"""What was done for which key, so that an invocation that comes again after a lost answer is not done again.

In memory, within the bounds below: the gateway keeps first answers too, this is for what it never heard. The key is the
caller's word, so the same key with another command or other parameters is another wish.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, NewType, TypeAlias

from appliance.nodehost.model import CommandError

MAX_KEPT: Final = 64
MAX_KEPT_BYTES: Final = 4 * 1024 * 1024
KEPT_S: Final = 600.0
"""As long as the gateway keeps a first answer (mesh/invoke)."""

_MAX_KEY_CHARS: Final = 256
_CHANGING: Final = "runId"
"""The gateway counts its tries in it: it is no part of the wish."""

Outcome: TypeAlias = dict[str, Any] | CommandError
Wish = NewType("Wish", str)


def wish_of(payload: Mapping[str, Any], params: Mapping[str, Any]) -> Wish | None:
    """Return what an invocation asks for; None where it has no key and every try counts as new."""
    key = payload.get("idempotencyKey")
    if not isinstance(key, str) or not 0 < len(key) <= _MAX_KEY_CHARS:
        return None
    same = {name: value for name, value in params.items() if name != _CHANGING}
    text = json.dumps([key, payload.get("command"), same], sort_keys=True)
    return Wish(hashlib.sha256(text.encode()).hexdigest())


class Once:
    """Outcomes of the last minutes, and what is under way."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Wish, tuple[Outcome, float, int]] = OrderedDict()
        self._running: set[Wish] = set()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, wish: Wish | None, now: float) -> Outcome | None:
        """Return what to answer without doing anything; None when it is to be done, and `end` will be called."""
        if wish is None:
            return None
        self._drop_old(now)
        if wish in self._running:
            return CommandError("BUSY", "this is being done under the same idempotencyKey; wait for its end")
        if wish in self._kept:
            return self._kept[wish][0]
        self._running.add(wish)
        return None

    def end(self, wish: Wish | None, outcome: Outcome | None, now: float) -> None:
        """Note how it ended; None where trying again does no harm."""
        if wish is None:
            return
        self._running.discard(wish)
        size = len(json.dumps(outcome)) if isinstance(outcome, dict) else 0
        if outcome is None or size > MAX_KEPT_BYTES // 4:
            return
        self._kept[wish] = (outcome, now, size)
        self._bytes += size
        while len(self._kept) > MAX_KEPT or self._bytes > MAX_KEPT_BYTES:
            self._drop_first()

    def _drop_old(self, now: float) -> None:
        while self._kept and now - next(iter(self._kept.values()))[1] >= KEPT_S:
            self._drop_first()

    def _drop_first(self) -> None:
        _, (_, _, size) = self._kept.popitem(last=False)
        self._bytes -= size
