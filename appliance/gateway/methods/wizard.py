"""wizard.start, next, cancel and status: the set-up of the box over the wire; gateway.restart.request beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from appliance.gateway.method import Call, Method
from appliance.onboarding.model import Ask, State, Status
from appliance.onboarding.show import code_words
from appliance.protocol.errors import WireError, invalid_request
from appliance.protocol.methods.base import UNSET, Unset, or_unset
from appliance.protocol.methods.wizard import (
    RestartParams,
    RestartResult,
    WizardCancelParams,
    WizardDeviceCode,
    WizardNextParams,
    WizardNextResult,
    WizardOption,
    WizardResetParams,
    WizardResetResult,
    WizardSessionParams,
    WizardStartParams,
    WizardStartResult,
    WizardStatusResult,
    WizardStep,
)
from appliance.protocol.roles import ADMIN

RESTART_MS: Final = 3000


class SetUp(Protocol):
    """The one set-up of this box (daemon)."""

    @property
    def state(self) -> State | None:
        """Where it stands; None before the first."""
        ...

    async def start(self, call: Call) -> tuple[State, Ask | None]:
        """Begin, or go on where it was left. Raises ApplianceError."""
        ...

    async def next(self, call: Call, step: str | None, value: object) -> tuple[State, Ask | None]:
        """Answer a step, or without one look where it stands. Raises ApplianceError."""
        ...

    async def cancel(self) -> None: ...
    async def reset(self) -> bool:
        """Forget what was answered; tell whether there was anything."""
        ...


class Wizard:
    """The wire side of a set-up."""

    def __init__(self, set_up: SetUp, restart: Callable[[], None]) -> None:
        self._set_up = set_up
        self._restart = restart

    async def start(self, call: Call, params: WizardStartParams) -> WizardStartResult:
        if params.flow == "channels" or params.mode == "remote":
            raise invalid_request("this box sets up itself only: use flow setup and mode local")
        state, ask = await self._set_up.start(call)
        made = _result(state, ask)
        return WizardStartResult(
            session_id=state.session, done=made.done, step=made.step, status=made.status, error=made.error
        )

    async def next(self, call: Call, params: WizardNextParams) -> WizardNextResult:
        self._known(params.session_id)
        answer = params.answer
        value = answer.value if answer is not None else None
        return _result(*await self._set_up.next(call, answer.step_id if answer is not None else None, value))

    async def cancel(self, _: Call, params: WizardCancelParams) -> WizardStatusResult:
        state = self._known(params.session_id)
        await self._set_up.cancel()
        return WizardStatusResult(status="done" if state.status is Status.DONE else "cancelled")

    def status(self, _: Call, params: WizardSessionParams) -> WizardStatusResult:
        state = self._known(params.session_id)
        return WizardStatusResult(status=state.status.value, error=or_unset(state.error))

    async def reset(self, _: Call, params: WizardResetParams) -> WizardResetResult:
        return WizardResetResult(forgotten=await self._set_up.reset())

    def restart(self, _: Call, params: RestartParams) -> RestartResult:
        self._restart()
        return RestartResult(ok=True, restart_expected_ms=RESTART_MS)

    def _known(self, session_id: str) -> State:
        state = self._set_up.state
        if state is None or state.session != session_id:
            raise _unknown()
        return state

    def methods(self) -> tuple[Method, ...]:
        """Return the methods."""
        return (
            Method("wizard.start", ADMIN, WizardStartParams, self.start, result=WizardStartResult),
            Method("wizard.next", ADMIN, WizardNextParams, self.next, result=WizardNextResult),
            Method("wizard.cancel", ADMIN, WizardCancelParams, self.cancel, result=WizardStatusResult),
            Method("wizard.status", ADMIN, WizardSessionParams, self.status, result=WizardStatusResult),
            Method("homarus.wizard.reset", ADMIN, WizardResetParams, self.reset, result=WizardResetResult),
            Method("gateway.restart.request", ADMIN, RestartParams, self.restart, result=RestartResult),
        )


def _unknown() -> WireError:
    return invalid_request("wizard not found: start it with wizard.start", details={"code": "WIZARD_NOT_FOUND"})


def _result(state: State, ask: Ask | None) -> WizardNextResult:
    return WizardNextResult(
        done=state.status is not Status.RUNNING,
        step=UNSET if ask is None else wire_step(ask, state),
        status=state.status.value,
        error=or_unset(state.error),
    )


def wire_step(ask: Ask, state: State) -> WizardStep:
    """Return a step as clients read it."""
    options = [WizardOption(value=one.value, label=one.label, hint=one.hint or UNSET) for one in ask.options]
    step = WizardStep(
        id=ask.id.value,
        type=ask.kind,
        title=ask.title,
        message=ask.message or UNSET,
        options=options or UNSET,
        initial_value=or_unset(ask.initial),
        placeholder=ask.placeholder or UNSET,
        sensitive=True if ask.sensitive else UNSET,
        executor="gateway" if ask.kind == "progress" else UNSET,
        external_url=or_unset(ask.code.link) if ask.code is not None else UNSET,
        device_code=_device_code(ask, state),
    )
    return step


def _device_code(ask: Ask, state: State) -> WizardDeviceCode | Unset:
    if ask.code is None:
        return UNSET
    message = code_words(state.language or "en")
    return WizardDeviceCode(code=ask.code.code, expires_in_minutes=max(1, ask.code.minutes), message=message)
