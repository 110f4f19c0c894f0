"""Shows a run while it goes on, until its end or until the box goes down for its restart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from appliance.cli.session import CliSession, on_terminal
from appliance.cli.updates.ask import Box
from appliance.cli.updates.text import progress_line
from appliance.client.errors import ClientError
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError

_LOOK_S: Final = 1.0
_BEGIN_S: Final = 60.0  # from the request to the first word of the service, on the smallest boards
_AWAY_S: Final = 90.0  # a gateway that does not answer for so long has gone down with the box
_GOING_DOWN: Final = frozenset({"activating", "restarting"})


class NotBegun(ApplianceError):
    """The service that was asked for said nothing."""

    code = "update_not_begun"


def follow(
    box: Box, run_id: str, show: Callable[[str], None], *, clock: Clock, sleep: Callable[[float], None]
) -> Mapping[str, Any]:
    """Return the last that was heard of a run. Raises NotBegun."""
    heard = begin = clock.monotonic()
    last: Mapping[str, Any] = {}
    begun = False
    while True:
        now = clock.monotonic()
        try:
            last = box.status()
            heard = now
        except (ClientError, TimeoutError, OSError):
            if _phase(last) in _GOING_DOWN or now - heard > _AWAY_S:
                return last
        if (last.get("progress") or {}).get("runId") == run_id:
            begun = True
            show(progress_line(last["progress"]))
            if last["progress"]["done"] or _phase(last) == "restarting":
                return last
        elif not begun and now - begin > _BEGIN_S:
            raise NotBegun("The update service did not begin; `journalctl -u 'homarus-update@*'` says why.")
        sleep(_LOOK_S)


def _phase(answer: Mapping[str, Any]) -> str:
    return str((answer.get("progress") or {}).get("phase", ""))


def shower(cli: CliSession) -> Callable[[str], None]:
    """Return what shows progress: one line that changes on a terminal, a line for each step elsewhere, none as JSON."""
    shown = ""

    def show(line: str) -> None:
        nonlocal shown
        if cli.as_json or line == shown:
            return
        sys.stderr.write(f"\r{line}\x1b[K" if on_terminal() else f"{line}\n")
        sys.stderr.flush()
        shown = line

    return show
