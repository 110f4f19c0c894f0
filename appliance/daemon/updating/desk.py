"""Watches the records of updates, tells what changed, and asks root for what the owner wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

import appliance
from appliance.config.sections.updates import UpdatesSection
from appliance.foundation.clock import Clock
from appliance.health import HealthTracker
from appliance.host.box import read_box
from appliance.host.request import ask
from appliance.updates.conditions import conditions
from appliance.updates.elsewhere import how_to, is_checkout
from appliance.updates.records.files import Records
from appliance.updates.rows import available, run_record, schedule
from appliance.updates.standing import Run, Standing, read_standing

_BUSY_S: Final = 1.0  # while an update goes on, or was just asked for
_IDLE_S: Final = 15.0
_ASKED_S: Final = 60.0  # how long a run that was asked for may take to begin
_SUBJECT: Final = "update"

Ask = Callable[[str, Mapping[str, object]], Awaitable[Mapping[str, object]]]
Tell = Callable[[str, Any], object]
"""Sends an event to every client that may hear it."""


class UpdateDesk:
    """The updates of this box for its clients (gateway.methods.updates.Updater)."""

    def __init__(
        self,
        *,
        settings: Callable[[], UpdatesSection],
        tracker: HealthTracker,
        clock: Clock,
        root: Path = Path("/"),
        ask_root: Ask = ask,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._clock = clock
        self._root = root
        self._ask = ask_root
        self._tell: Tell = lambda *_: None
        self._told: dict[str, Any] = {}
        self._news: Any = None
        self._conditions: set[str] = set()
        self._asked_s = -_ASKED_S
        self._wake = asyncio.Event()
        self._seen: object = None
        self.hello: tuple[Any, Any] = (msgspec.UNSET, msgspec.UNSET)  # updateSchedule, updateAvailable of a snapshot

    @property
    def version(self) -> str:
        return appliance.__version__

    @property
    def checkout(self) -> bool:
        return is_checkout()

    @property
    def how_to(self) -> str:
        return how_to()

    def settings(self) -> UpdatesSection:
        return self._settings()

    def tell_with(self, tell: Tell) -> None:
        """Send news with `tell` from now on."""
        self._tell = tell

    async def standing(self) -> Standing | None:
        return await asyncio.to_thread(read_standing, self._root)

    async def start(self, action: str, *, trigger: str, note: str, reboot: bool) -> str:
        params = {"action": action, "trigger": trigger, "note": note, "reboot": reboot}
        answer = await self._ask("update.start", params)
        self._asked_s = self._clock.monotonic()
        self._wake.set()
        return str(answer.get("runId", ""))

    async def hold(self, days: float) -> int:
        until_ms = (await self._ask("update.hold", {"days": days})).get("untilMs", 0)
        self._wake.set()
        return until_ms if isinstance(until_ms, int) else 0

    async def run(self) -> None:
        """Tell what changes, for ever; nothing to do on a machine without our image."""
        if await asyncio.to_thread(read_box, self._root) is None:
            return
        while True:
            live = await self.once()
            recent = self._clock.monotonic() - self._asked_s < _ASKED_S
            await self._pause(_BUSY_S if live or recent else _IDLE_S)

    async def once(self) -> bool:
        """Look at the records; tell and declare what is new. Return whether a run goes on."""
        seen = await asyncio.to_thread(self._signature)
        if seen == self._seen:
            return any(run["status"] == "running" for run in self._told.values())
        standing = await self.standing()
        if standing is None:
            return False
        self._tell_runs(standing.runs)
        self._tell_available(standing)
        self._declare(standing)
        self._seen = seen
        return standing.live is not None

    def _tell_runs(self, runs: tuple[Run, ...]) -> None:
        for run in reversed(runs[:2]):  # only the newest can change, and the one that it replaces
            row = msgspec.to_builtins(run_record(run))
            if self._told.get(run.id) != row and self._seen is not None:  # what is known at the start is no news
                self._tell("update.run.changed", {"run": row})
            self._told[run.id] = row
        self._told = {run.id: self._told[run.id] for run in runs[:2]}

    def _tell_available(self, standing: Standing) -> None:
        news = available(standing)
        self.hello = (schedule(standing, self._settings()), news or msgspec.UNSET)
        if news != self._news:
            self._news = news
            self._tell("update.available", {"updateAvailable": news})

    def _declare(self, standing: Standing) -> None:
        """Keep the conditions true."""
        auto = self._settings().auto
        found = list(conditions(standing, auto=auto, now_ms=self._clock.now_ms()))
        for one in found:
            self._tracker.set(one)
        for code in self._conditions - {one.code for one in found}:
            self._tracker.clear(code, _SUBJECT)
        self._conditions = {one.code for one in found}

    def _signature(self) -> object:
        records = Records.on(self._root)
        watched = [records.status_file, *records.kept.glob("*.json"), records.receipts, records.kept / "reports"]
        return [self._settings().auto, *(_stamp(path) for path in sorted(watched))]

    async def _pause(self, seconds: float) -> None:
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (path.name, 0, 0)
    return (path.name, found.st_mtime_ns, found.st_ino)
