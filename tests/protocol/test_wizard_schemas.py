"""Every step of the set-up, and every answer about it, against the published definitions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from appliance.gateway.method import Call, ConnectionView, Subscriptions
from appliance.gateway.methods.wizard import Wizard
from appliance.onboarding.model import Ask, Code, Facts, Fetch, Look, Offer, State, Status, StepName
from appliance.onboarding.show import shown
from appliance.protocol.connect import ClientInfo
from appliance.protocol.errors import WireError
from appliance.protocol.methods.wizard import (
    WizardAnswer,
    WizardCancelParams,
    WizardNextParams,
    WizardSessionParams,
    WizardStartParams,
)
from tests.protocol.test_payload_schemas import check, schema

_CODE = Code("abc", "https://box/#bootstrapToken=x", 10)
_FACTS = Facts(
    tailnet=True,
    offers=(Offer("m", "M", 10**9, 3.0, ("en",)),),
    keyed=("openai",),
    look=Look("m", "hf:a/b/c", "M", "hub.example", "", None, 10**9),
    fetch=Fetch("m.gguf", "running", 0.5),
    code=_CODE,
)
_CLIENT = ClientInfo("cli", "1", "linux", "cli")
_CALL = Call(
    ConnectionView("c", "operator", frozenset(), frozenset(), _CLIENT), "a", 0, Subscriptions(), "1", lambda _: None
)


class _Standing:
    """A set-up that stands still at one step."""

    def __init__(self, state: State) -> None:
        self.state: State | None = state
        self._ask = shown(state, _FACTS) if state.status is Status.RUNNING else None

    async def start(self, call: Call) -> tuple[State, Ask | None]:
        assert self.state is not None
        return self.state, self._ask

    async def next(self, call: Call, step: str | None, value: object) -> tuple[State, Ask | None]:
        return await self.start(call)

    async def cancel(self) -> None: ...

    async def reset(self) -> bool:
        return True


def _wire(value: Any) -> Any:
    return msgspec.to_builtins(value)


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("step", [one for one in StepName if one not in (StepName.END, StepName.MEASURE)])
async def test_every_step_in_every_language_fits(step: StepName, language: str) -> None:
    state = State(session="s", step=step, language=language, service="openai", paired="Phone", error="so")
    wizard = Wizard(_Standing(state), lambda: None)
    check("WizardStartResult", _wire(await wizard.start(_CALL, WizardStartParams())))
    answer = WizardNextParams(session_id="s", answer=WizardAnswer(step_id=step))
    check("WizardNextResult", _wire(await wizard.next(_CALL, answer)))


@pytest.mark.parametrize("status", Status)
async def test_every_end_fits(status: Status) -> None:
    wizard = Wizard(_Standing(State(session="s", status=status, error="so")), lambda: None)
    check("WizardNextResult", _wire(await wizard.next(_CALL, WizardNextParams(session_id="s"))))
    check("WizardStatusResult", _wire(wizard.status(_CALL, WizardSessionParams(session_id="s"))))
    check("WizardStatusResult", _wire(await wizard.cancel(_CALL, WizardCancelParams(session_id="s"))))


async def test_an_unknown_session_has_the_published_details() -> None:
    wizard = Wizard(_Standing(State(session="s")), lambda: None)
    with pytest.raises(WireError) as refused:
        wizard.status(_CALL, WizardSessionParams(session_id="t"))
    check("WizardNotFoundErrorDetails", dict(refused.value.details))


async def test_what_this_box_does_not_set_up_is_refused() -> None:
    wizard = Wizard(_Standing(State(session="s")), lambda: None)
    for params in (WizardStartParams(flow="channels"), WizardStartParams(mode="remote")):
        with pytest.raises(WireError, match="flow setup and mode local"):
            await wizard.start(_CALL, params)


def test_the_scopes_are_the_published_ones() -> None:
    methods = {one.name: one for one in Wizard(_Standing(State(session="s")), lambda: None).methods()}
    published = {name: row["scope"] for name, row in schema()["methods"].items() if name.startswith("wizard.")}
    assert published.keys() <= methods.keys()
    assert {name: methods[name].scope for name in published} == published
    assert {one.scope for one in methods.values()} == {"operator.admin"}
