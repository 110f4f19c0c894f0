"""update.*: the shapes of the protocol, and homarus.update.*: what a box says beyond them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, Empty, Natural, NonEmpty, OpenParams, Params, Result, Unset

Short = Annotated[str, msgspec.Meta(max_length=1024)]
RunId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Trigger = Literal["chat", "control-ui", "cli", "campaign", "mac-app", "api"]
Phase = Literal["requested", "staging", "validating", "repairing", "activating", "restarting", "verifying", "finished"]
RunStatus = Literal["running", "succeeded", "failed", "rolled-back", "skipped"]


class UpdateStatusParams(Params, frozen=True):
    """`refresh_checkout` is for a git checkout; a box asks its channel with homarus.update.check."""

    refresh_checkout: bool = False


class UpdateAvailable(Result, frozen=True):
    current_version: NonEmpty
    latest_version: NonEmpty
    channel: NonEmpty


class Install(Result, frozen=True):
    kind: Literal["package", "git", "unknown"]


class Target(Result, frozen=True):
    version: NonEmpty
    kind: Literal["package"] = "package"


class Campaign(Result, frozen=True):
    """An update that the box will install by itself."""

    id: NonEmpty
    state: Literal["waiting-for-idle", "countdown", "applying"]
    announced_at_ms: Natural
    force_at_ms: Natural
    updated_at_ms: Natural
    apply_at_ms: Natural | Unset = UNSET
    hold_until_ms: Natural | Unset = UNSET


class ScheduleState(Result, frozen=True):
    channel: NonEmpty
    auto_enabled: bool
    install: Install | Unset = UNSET
    target: Target | Unset = UNSET
    campaign: Campaign | Unset = UNSET


class RunTarget(Result, frozen=True):
    channel: Short | Unset = UNSET
    kind: Literal["package"] = "package"
    version: Short | Unset = UNSET


class RunVersion(Result, frozen=True):
    version: Short | None | Unset = UNSET


class RunStep(Result, frozen=True):
    step: Short
    status: Literal["pending", "in_progress", "completed", "failed", "skipped"]
    started_at_ms: Natural | Unset = UNSET
    ended_at_ms: Natural | Unset = UNSET
    detail: Short | Unset = UNSET


class RunOrigin(Result, frozen=True):
    """`next_action` is what the owner can do about a run that failed."""

    next_action: Short | Unset = UNSET


class RunRecord(Result, frozen=True):
    """One attempt (UpdateRunRecord)."""

    run_id: NonEmpty
    created_at_ms: Natural
    updated_at_ms: Natural
    trigger: Trigger
    phase: Phase
    status: RunStatus
    reason: Short | None
    origin: RunOrigin
    target: RunTarget
    before: RunVersion
    after: RunVersion
    steps: list[RunStep]


class UpdateStatusResult(Result, frozen=True):
    sentinel: Any
    update_available: UpdateAvailable | None
    effective_channel: Literal["stable", "extended-stable", "beta", "dev"] | Unset = UNSET
    schedule: ScheduleState | Unset = UNSET
    active_run: RunRecord | Unset = UNSET
    last_run: RunRecord | Unset = UNSET


class UpdateRunParams(OpenParams, frozen=True):
    """What the reference offers beside it (a git target, a message to go on with) has no meaning for an image."""

    note: Short | None = None


class UpdateRunResult(Result, frozen=True):
    run_id: NonEmpty
    ok: bool
    result: Any = None
    code: str | Unset = UNSET
    message: str | Unset = UNSET


class UpdateHoldResult(Result, frozen=True):
    ok: bool
    schedule: ScheduleState | Unset = UNSET


class UpdateRunsGetParams(Params, frozen=True):
    run_id: NonEmpty


class UpdateRunsGetResult(Result, frozen=True):
    run: RunRecord | None


class UpdateRunsListParams(Params, frozen=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None


class UpdateRunsListResult(Result, frozen=True):
    runs: list[RunRecord]


class BoxUpdateParams(Empty, frozen=True):
    """Nothing is asked for; `locale` of the connection chooses the language of notes."""


class StartParams(Params, frozen=True):
    """`reboot` false leaves the restart to the next window, or to the owner."""

    note: Short | None = None
    reboot: bool = True


class HoldParams(Params, frozen=True):
    """For how many days nothing is installed unasked; 0 ends that."""

    days: Annotated[float, msgspec.Meta(ge=0, le=90)]


class HoldResult(Result, frozen=True):
    held_until_ms: int


class OfferRow(Result, frozen=True):
    """The version that the channel has. `why` says what it waits for, absent when it would be installed now.

    paused, too_old, failed_here, rollout, held, owner, trial or window. `on_request` false: asking does not help.
    """

    version: str
    notes: str
    size_bytes: int
    on_request: bool
    why: str | Unset = UNSET
    until_ms: int | Unset = UNSET
    reason: str | Unset = UNSET


class FaultRow(Result, frozen=True):
    code: str
    message: str
    fix: str


class ProgressRow(Result, frozen=True):
    """What the box does about updates now, or did last since it started."""

    run_id: str
    action: str
    phase: str
    percent: int
    message: str
    done: bool
    updated_ms: int
    version: str | Unset = UNSET
    fault: FaultRow | Unset = UNSET


class ReportRow(Result, frozen=True):
    """A version that came back. `text` is for the owner; `whole` false: something of the meantime is not there."""

    id: str
    kind: str
    version: str
    back_at: str
    at_ms: int
    reason: str
    text: str
    units: list[str]
    journal: list[str]
    whole: bool


class TrialRow(Result, frozen=True):
    """A version that is tried."""

    version: str
    origin: str
    state: str
    began_ms: int
    tries: int


class BoxUpdateResult(Result, frozen=True):
    """Everything about updates. `box` false: no image of ours runs here; `how_to` says how this machine is updated."""

    box: bool
    version: str
    how_to: str | Unset = UNSET
    board: str | Unset = UNSET
    build: str | Unset = UNSET
    keys: Literal["development", "release"] | Unset = UNSET
    channel: str | Unset = UNSET
    auto: bool | Unset = UNSET
    window: str | Unset = UNSET
    canary: bool | Unset = UNSET
    held_until_ms: int | Unset = UNSET
    checked_ms: int | Unset = UNSET
    good_ms: int | Unset = UNSET
    said: str | Unset = UNSET
    waits_for_restart: str | Unset = UNSET
    offer: OfferRow | Unset = UNSET
    fault: FaultRow | Unset = UNSET
    progress: ProgressRow | Unset = UNSET
    trial: TrialRow | Unset = UNSET
    runs: list[RunRecord] | Unset = UNSET
    reports: list[ReportRow] | Unset = UNSET
