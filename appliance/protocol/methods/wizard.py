"""The set-up of the box, one step at a time (protocol-methods.md, wizard)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, Empty, NonEmpty, Params, Result, Unset

WizardStatus = Literal["running", "done", "cancelled", "error"]


class WizardStartParams(Params, frozen=True):
    """`install_daemon` and `workspace` are for programs on the box itself: the gateway that answers runs already."""

    mode: Literal["local", "remote"] | None = None
    workspace: str | None = None
    install_daemon: bool | None = None
    flow: Literal["setup", "channels"] | None = None
    channel: str | None = None


class WizardAnswer(Params, frozen=True):
    """The answer to one step; without a value the usual one."""

    step_id: NonEmpty
    value: Any = None


class WizardNextParams(Params, frozen=True):
    """Without an answer: where does it stand?"""

    session_id: NonEmpty
    answer: WizardAnswer | None = None


class WizardCancelParams(Params, frozen=True):
    session_id: NonEmpty
    close_input: bool | None = None


class WizardSessionParams(Params, frozen=True):
    session_id: NonEmpty


class WizardResetParams(Empty, frozen=True):
    """Nothing to choose."""


class WizardOption(Result, frozen=True):
    value: Any
    label: str
    hint: str | Unset = UNSET


class WizardDeviceCode(Result, frozen=True):
    code: str
    expires_in_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] | Unset = UNSET
    message: str | Unset = UNSET


class WizardStep(Result, frozen=True):
    """What is asked or shown. `initial_value` of a progress is its share, 0 to 1."""

    id: str
    type: Literal["note", "select", "text", "confirm", "multiselect", "progress", "action"]
    title: str | Unset = UNSET
    message: str | Unset = UNSET
    options: list[WizardOption] | Unset = UNSET
    initial_value: Any = UNSET
    placeholder: str | Unset = UNSET
    sensitive: bool | Unset = UNSET
    executor: Literal["gateway", "client"] | Unset = UNSET
    external_url: str | Unset = UNSET
    device_code: WizardDeviceCode | Unset = UNSET


class WizardNextResult(Result, frozen=True):
    """`error` beside a step says why the last answer did not work; the step may be answered again."""

    done: bool
    step: WizardStep | Unset = UNSET
    status: WizardStatus | Unset = UNSET
    error: str | Unset = UNSET


class WizardStartResult(WizardNextResult, frozen=True, kw_only=True):
    session_id: str


class WizardStatusResult(Result, frozen=True):
    status: WizardStatus
    error: str | Unset = UNSET


class WizardResetResult(Result, frozen=True):
    """`forgotten`: there was something to forget. The configuration stays as it is."""

    forgotten: bool


class RestartParams(Empty, frozen=True):
    """The reference reads these by hand; what is not known is ignored."""

    reason: str | None = None


class RestartResult(Result, frozen=True):
    """The gateway ends and comes back in the same process within about `restart_expected_ms`."""

    ok: bool
    restart_expected_ms: int
