"""update.status, run, hold, runs.*, and homarus.update.*: what a box runs, what there is, and asking it to change that.

Nothing is installed here: root does that, and is asked through `Updater`.
"""

from __future__ import annotations

from typing import Final, Protocol

from appliance.config.sections.updates import UpdatesSection
from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import new_id
from appliance.gateway.method import Call, Method
from appliance.protocol.methods.base import UNSET, Empty, or_unset
from appliance.protocol.methods.updates import (
    BoxUpdateResult,
    HoldParams,
    HoldResult,
    Install,
    ScheduleState,
    StartParams,
    UpdateHoldResult,
    UpdateRunParams,
    UpdateRunResult,
    UpdateRunsGetParams,
    UpdateRunsGetResult,
    UpdateRunsListParams,
    UpdateRunsListResult,
    UpdateStatusParams,
    UpdateStatusResult,
)
from appliance.updates.rows import available, box_row, run_record, schedule
from appliance.updates.standing import Standing

_HOLD_DAYS: Final = 1.0  # what update.hold means: not this night
_TRIGGERS: Final = {"cli": "cli", "openclaw-control-ui": "control-ui", "openclaw-macos": "mac-app"}


class Updater(Protocol):
    """What the daemon knows and asks root for (daemon.updating)."""

    @property
    def version(self) -> str:
        """The version of this program."""
        ...

    @property
    def how_to(self) -> str:
        """How a machine without our image is updated, in a sentence with the command."""
        ...

    @property
    def checkout(self) -> bool:
        """Whether this program runs from a git checkout."""
        ...

    def settings(self) -> UpdatesSection: ...

    async def standing(self) -> Standing | None:
        """Return where updates stand; None without our image."""
        ...

    async def start(self, action: str, *, trigger: str, note: str, reboot: bool) -> str:
        """Ask root to begin; return the id of the run. Raises ApplianceError."""
        ...

    async def hold(self, days: float) -> int:
        """Ask root to install nothing unasked; return until when. Raises ApplianceError."""
        ...


class UpdateMethods:
    """The handlers."""

    def __init__(self, updater: Updater) -> None:
        self._updater = updater

    async def status(self, _: Call, params: UpdateStatusParams) -> UpdateStatusResult:
        standing, section = await self._updater.standing(), self._updater.settings()
        if standing is None:
            return UpdateStatusResult(sentinel=None, update_available=None, schedule=self._elsewhere())
        live, last = standing.live, standing.last
        return UpdateStatusResult(
            sentinel=None,
            update_available=available(standing),
            effective_channel=section.channel,
            schedule=schedule(standing, section),
            active_run=run_record(live) if live else UNSET,
            last_run=run_record(last) if last else UNSET,
        )

    async def run(self, call: Call, params: UpdateRunParams) -> UpdateRunResult:
        if await self._updater.standing() is None:
            return UpdateRunResult(run_id=new_id(), ok=False, code="no_box", message=self._updater.how_to)
        try:
            return await self._begin(call, "apply", params.note, reboot=True)
        except ApplianceError as error:
            return UpdateRunResult(run_id=new_id(), ok=False, code=error.code, message=str(error))

    async def hold(self, _: Call, params: Empty) -> UpdateHoldResult:
        if await self._updater.standing() is None:
            return UpdateHoldResult(ok=False, schedule=self._elsewhere())
        await self._updater.hold(_HOLD_DAYS)
        standing = await self._updater.standing()
        return UpdateHoldResult(ok=True, schedule=or_unset(standing and schedule(standing, self._updater.settings())))

    async def get(self, _: Call, params: UpdateRunsGetParams) -> UpdateRunsGetResult:
        standing = await self._updater.standing()
        runs = standing.runs if standing is not None else ()
        return UpdateRunsGetResult(run=next((run_record(run) for run in runs if run.id == params.run_id), None))

    async def runs(self, _: Call, params: UpdateRunsListParams) -> UpdateRunsListResult:
        standing = await self._updater.standing()
        runs = standing.runs if standing is not None else ()
        return UpdateRunsListResult(runs=[run_record(run) for run in runs[: params.limit or 100]])

    async def box(self, call: Call, params: Empty) -> BoxUpdateResult:
        standing = await self._updater.standing()
        if standing is None:
            return BoxUpdateResult(box=False, version=self._updater.version, how_to=self._updater.how_to)
        return box_row(standing, self._updater.settings(), call.connection.locale or "en")

    async def check(self, call: Call, params: StartParams) -> UpdateRunResult:
        return await self._begin(call, "check", params.note, reboot=False)

    async def apply(self, call: Call, params: StartParams) -> UpdateRunResult:
        return await self._begin(call, "apply", params.note, reboot=params.reboot)

    async def rollback(self, call: Call, params: StartParams) -> UpdateRunResult:
        return await self._begin(call, "rollback", params.note, reboot=params.reboot)

    async def hold_days(self, _: Call, params: HoldParams) -> HoldResult:
        return HoldResult(held_until_ms=await self._updater.hold(params.days))

    async def _begin(self, call: Call, action: str, note: str | None, *, reboot: bool) -> UpdateRunResult:
        trigger = _TRIGGERS.get(call.connection.client.id, "api")
        run_id = await self._updater.start(action, trigger=trigger, note=note or "", reboot=reboot)
        return UpdateRunResult(run_id=run_id, ok=True)

    def _elsewhere(self) -> ScheduleState:
        kind = Install(kind="git" if self._updater.checkout else "package")
        return ScheduleState(channel="stable", auto_enabled=False, install=kind)

    def methods(self) -> tuple[Method, ...]:
        """Return the methods."""
        admin = "operator.admin"
        return (
            Method("update.status", admin, UpdateStatusParams, self.status, result=UpdateStatusResult),
            Method("update.run", admin, UpdateRunParams, self.run, result=UpdateRunResult),
            Method("update.hold", admin, Empty, self.hold, result=UpdateHoldResult),
            Method("update.runs.get", admin, UpdateRunsGetParams, self.get, result=UpdateRunsGetResult),
            Method("update.runs.list", admin, UpdateRunsListParams, self.runs, result=UpdateRunsListResult),
            Method("homarus.update.status", admin, Empty, self.box, result=BoxUpdateResult),
            Method("homarus.update.check", admin, StartParams, self.check, result=UpdateRunResult),
            Method("homarus.update.apply", admin, StartParams, self.apply, result=UpdateRunResult),
            Method("homarus.update.rollback", admin, StartParams, self.rollback, result=UpdateRunResult),
            Method("homarus.update.hold", admin, HoldParams, self.hold_days, result=HoldResult),
        )
