"""The set-up of this box as it runs: what the flow decides is done here, to configuration, models and doors."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from appliance.config.errors import Refused
from appliance.config.sections.models import ProviderSection
from appliance.daemon.access_rules import server_settings, shared_auth
from appliance.daemon.onboarding.box_facts import BoxFacts, Known, offers_of
from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.foundation.ids import new_id
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import TaskSet
from appliance.gateway.method import Call
from appliance.onboarding import flow, record
from appliance.onboarding.model import (
    Act,
    AnswerError,
    Ask,
    Configure,
    Expose,
    Exposure,
    FetchModel,
    LookAt,
    Measure,
    Offer,
    State,
    Status,
    StepName,
    TryKey,
)
from appliance.onboarding.show import shown
from appliance.onboarding.words import words
from appliance.protocol.errors import WireError
from appliance.protocol.methods.pulls import PullParams

_MAX_WAITING: Final = 8

Patch = Callable[[Call, dict[str, Any]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Around:
    """What a set-up acts on. `change` merges a patch into the configuration; `restart` begins anew."""

    box: BoxFacts
    paths: StatePaths
    change: Patch
    restart: Callable[[], None]


class Onboarding:
    """The one set-up of this gateway (gateway.methods.wizard.SetUp)."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._file = around.paths.root / record.FILE
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._tasks = TaskSet("onboarding")
        self._state: State | None = record.load(self._file)
        self._known = Known()  # `restarted`: this process began after whatever the file says
        self._measuring: asyncio.Task[None] | None = None
        self._unmeasured: str | None = None

    async def aclose(self) -> None:
        """End what runs."""
        await self._tasks.aclose()

    @property
    def state(self) -> State | None:
        """Where it stands; None before the first."""
        return self._state

    async def start(self, call: Call) -> tuple[State, Ask | None]:
        """Begin, or go on where it was left; one that runs is joined."""

        async def begin() -> None:
            state = self._state
            if state is None or state.status is Status.DONE:
                self._forget()
            if state is None or state.status is not Status.RUNNING:
                await self._keep(flow.resumed(state, new_id()) if state is not None else State(session=new_id()))

        return await self._in_turn(call, begin)

    async def next(self, call: Call, step: str | None, value: object) -> tuple[State, Ask | None]:
        """Answer a step, or without one look where it stands."""

        async def answer() -> None:
            if step is not None and self._state is not None:
                await self._answer(call, self._state, step, value)

        return await self._in_turn(call, answer)

    async def cancel(self) -> None:
        """Leave it; what was answered stays."""
        async with self._lock:
            if self._state is not None:
                await self._keep(flow.cancelled(self._state))

    async def reset(self) -> bool:
        """Forget what was answered; tell whether there was anything. The configuration stays."""
        async with self._lock:
            there, self._state = self._state is not None, None
            self._forget()
            await asyncio.to_thread(record.forget, self._file)
            return there

    # ---- inside

    async def _in_turn(self, call: Call, act: Callable[[], Awaitable[None]]) -> tuple[State, Ask | None]:
        if self._waiting >= _MAX_WAITING:
            raise OverloadedError("The set-up is busy with other requests; ask again in a moment.")
        self._waiting += 1
        try:
            async with self._lock:
                await act()
                return await self._view(call)
        finally:
            self._waiting -= 1

    async def _answer(self, call: Call, state: State, step: str, value: object) -> None:
        facts = await self._around.box.read(call, self._known)
        try:
            move = flow.answered(state, facts, step, value)
        except AnswerError as error:
            await self._keep(replace(state, error=str(error)))
            return
        if move.act is None:
            await self._keep(move.state)
        else:
            await self._do(call, move.act, move.state, asked=state)

    async def _do(self, call: Call, act: Act, after: State, *, asked: State) -> None:
        """Do what an answer asked for; the state says afterwards how it went."""
        try:
            if isinstance(act, Expose) and after.step is StepName.RESTART:
                await self._expose(call, act.exposure)
                self._known = dataclasses.replace(self._known, restarted=False)
                await self._keep(after)
                self._around.restart()
                return
            await self._act(call, act)
        except (ApplianceError, OSError) as error:
            await self._keep(flow.failed(replace(after, step=asked.step), _told(act, error, after)))
        else:
            await self._keep(after)

    async def _act(self, call: Call, act: Act) -> None:
        around = self._around
        match act:
            case Configure(patch):
                await around.change(call, patch)
            case Expose(exposure):
                await self._expose(call, exposure)
            case Measure():
                if self._measuring is None:
                    self._measuring = self._tasks.spawn(self._measure(), name="measure")
            case LookAt(name):
                self._known = dataclasses.replace(self._known, look=await around.box.look(name))
            case FetchModel(source):
                look = self._known.look
                sha256 = look.sha256 if look is not None and look.source == source else None
                job = around.box.pulls.start(PullParams(source=source, sha256=sha256)).job_id
                self._known = dataclasses.replace(self._known, job=job)
            case TryKey(service, key):
                await self._try_key(call, service, key)
            case _:
                await around.box.codes.make(call)

    async def _expose(self, call: Call, exposure: Exposure) -> None:
        """Write who may reach the box, after looking whether that can work."""
        config = self._around.box.config
        section = config.config.gateway
        if not isinstance(section, Refused):
            wanted = replace(section, bind=exposure.value)
            auth = shared_auth(wanted, self._around.paths.token, config.environ)
            server_settings(wanted, auth, port=None, socket=self._around.paths.control_socket)
        await self._around.change(call, {"gateway": {"bind": exposure.value}})

    async def _measure(self) -> None:
        offers: tuple[Offer, ...] = ()
        try:
            language = self._state.language if self._state is not None else None
            offers = offers_of((await self._around.box.local.advice.advise(language, None))[1])
        except (ApplianceError, OSError) as error:
            self._unmeasured = str(error)  # who looks next is told
        self._known = dataclasses.replace(self._known, offers=offers)

    async def _try_key(self, call: Call, service: str, key: str) -> None:
        from appliance.providers.cloud.keycheck import check  # the HTTP client: only who has a key needs it

        box = self._around.box
        base_url = box.models.providers.get(service, ProviderSection()).base_url
        await check(service, key, base_url=base_url, offline=lambda: box.offline)
        kept = key.replace("${", "$${")  # a text, whatever the configuration would read into it
        await self._around.change(call, {"models": {"providers": {service: {"apiKey": kept}}}})

    async def _view(self, call: Call) -> tuple[State, Ask | None]:
        """Return where it stands, after whatever needs no answer."""
        state = self._state
        if state is None:
            raise WireError("INVALID_REQUEST", "no set-up runs", details={"code": "WIZARD_NOT_FOUND"})
        while True:
            facts = await self._around.box.read(call, self._known)
            after = self._with_reason(flow.settled(self._state or state, facts))
            if after is not self._state:
                await self._keep(after)
            act = flow.wanted(after, facts)
            if act is None or (isinstance(act, Measure) and self._measuring is not None):
                break
            await self._do(call, act, after, asked=after)
        if after.status is not Status.RUNNING:
            self._around.box.codes.forget()
            if after.status is Status.DONE and facts.notices:
                self._tasks.spawn(self._around.box.read_by_owner(), name="read")
            return after, None
        return after, shown(after, facts)

    def _with_reason(self, state: State) -> State:
        """Return the state with the reason why the box could not be measured, once."""
        if state.step is not StepName.MODEL or self._unmeasured is None:
            return state
        reason, self._unmeasured = self._unmeasured, None
        return replace(state, error=reason)

    def _forget(self) -> None:
        """Find everything out again: who begins anew may speak another language."""
        self._known, self._measuring, self._unmeasured = Known(), None, None

    async def _keep(self, state: State) -> None:
        self._state = state
        await asyncio.to_thread(record.save, self._file, state)


def _told(act: Act, error: Exception, state: State) -> str:
    """Say why something did not work and what to do, in the words of the person where it is they who can."""
    text = str(error)
    return words(state.language or "en")["key.again"].format(reason=text) if isinstance(act, TryKey) else text
