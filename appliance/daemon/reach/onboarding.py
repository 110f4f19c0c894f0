"""The set-up of this box as it runs: what the flow decides is done here, to configuration, models and doors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from appliance.config.errors import Refused
from appliance.config.schema import OwnerSection
from appliance.config.sections.models import ModelsSection, ProviderSection
from appliance.daemon.access_rules import server_settings, shared_auth
from appliance.daemon.live_config import LiveConfig
from appliance.daemon.local.serving import LocalModels
from appliance.daemon.reach.pairing_code import PairingCode
from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.foundation.ids import new_id
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import TaskSet
from appliance.gateway.method import Call
from appliance.gateway.methods.pulls import Pulls
from appliance.host.interfaces import addresses
from appliance.onboarding import flow, record
from appliance.onboarding.model import (
    SERVICES,
    Act,
    AnswerError,
    Ask,
    Configure,
    Expose,
    Exposure,
    Facts,
    Fetch,
    FetchModel,
    Look,
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
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.pulls import PullParams
from appliance.providers.builtin import BUILT_IN

_MAX_WAITING: Final = 8

Patch = Callable[[Call, dict[str, Any]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Around:
    """What a set-up acts on. `change` merges a patch into the configuration; `bind`: where this process listens."""

    config: LiveConfig
    paths: StatePaths
    change: Patch
    local: LocalModels
    pulls: Pulls
    codes: PairingCode
    bind: str
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
        self._restarted = True  # this process began after whatever the file says
        self._offers: tuple[Offer, ...] | None = None
        self._measuring: asyncio.Task[None] | None = None
        self._look: Look | None = None
        self._job: str | None = None

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
        if self._state is not None:
            await self._keep(flow.cancelled(self._state))

    async def reset(self) -> bool:
        """Forget what was answered; tell whether there was anything. The configuration stays."""
        there, self._state = self._state is not None, None
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
        facts = await self._facts(call)
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
                self._restarted = False
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
                self._look = await self._looked(name)
            case FetchModel(source):
                sha256 = self._look.sha256 if self._look is not None and self._look.source == source else None
                self._job = around.pulls.start(PullParams(source=source, sha256=sha256)).job_id
            case TryKey(service, key):
                await self._try_key(call, service, key)
            case _:
                await around.codes.make(call)

    async def _expose(self, call: Call, exposure: Exposure) -> None:
        """Write who may reach the box, after looking whether that can work."""
        config = self._around.config
        section = config.config.gateway
        if not isinstance(section, Refused):
            wanted = replace(section, bind=exposure.value)
            auth = shared_auth(wanted, self._around.paths.token, config.environ)
            server_settings(wanted, auth, port=None, socket=self._around.paths.control_socket)
        await self._around.change(call, {"gateway": {"bind": exposure.value}})

    async def _measure(self) -> None:
        try:
            language = self._state.language if self._state is not None else None
            _, advice, _ = await self._around.local.advice.advise(language, None)
        except (ApplianceError, OSError) as error:
            self._offers = ()
            if self._state is not None:
                await self._keep(replace(self._state, error=str(error)))
            return
        self._offers = tuple(
            Offer(
                one.entry.name,
                one.entry.title,
                one.size_bytes,
                one.speed.first_answer_s,
                one.entry.languages,
                one.comfortable,
            )
            for one in advice
            if one.fits
        )

    async def _looked(self, name: str) -> Look:
        found = await self._around.pulls.look(name)
        title = found.catalogue.title if found.catalogue is not UNSET else found.file
        return Look(
            name=name,
            source=found.source,
            title=title,
            host=_host(found.source, self._models.hub),
            licence=found.catalogue.licence if found.catalogue is not UNSET else "",
            size_bytes=found.size_bytes if found.size_bytes is not UNSET else None,
            free_bytes=found.disk_free_bytes,
            sha256=found.sha256 if found.sha256 is not UNSET else None,
        )

    async def _try_key(self, call: Call, service: str, key: str) -> None:
        from appliance.providers.cloud.keycheck import check  # the HTTP client: only who has a key needs it

        config = self._around.config
        base_url = self._models.providers.get(service, ProviderSection()).base_url
        await check(service, key, base_url=base_url, offline=lambda: config.config.offline is not False)
        kept = key.replace("${", "$${")  # a text, whatever the configuration would read into it
        await self._around.change(call, {"models": {"providers": {service: {"apiKey": kept}}}})

    async def _view(self, call: Call) -> tuple[State, Ask | None]:
        """Return where it stands, after whatever needs no answer."""
        state = self._state
        if state is None:
            raise WireError("INVALID_REQUEST", "no set-up runs", details={"code": "WIZARD_NOT_FOUND"})
        while True:
            facts = await self._facts(call)
            after = flow.settled(self._state or state, facts)
            if after is not self._state:
                await self._keep(after)
            act = flow.wanted(after, facts)
            if act is None:
                break
            await self._do(call, act, after, asked=after)
            if isinstance(act, Measure):
                facts = await self._facts(call)
                break
        state = self._state or after
        if state.status is not Status.RUNNING:
            self._around.codes.forget()
            return state, None
        return state, shown(state, facts)

    async def _keep(self, state: State) -> None:
        self._state = state
        await asyncio.to_thread(record.save, self._file, state)

    @property
    def _models(self) -> ModelsSection:
        return self._around.config.section(self._around.config.config.models, ModelsSection())

    async def _facts(self, call: Call) -> Facts:
        around, config = self._around, self._around.config.config
        owner = around.config.section(config.owner, OwnerSection())
        tailnet = any(one.tailnet for one in await asyncio.to_thread(lambda: tuple(addresses())))
        answering = around.local.path
        return Facts(
            language=self._language(call),
            name=owner.name,
            bind=around.bind,
            tailnet=tailnet,
            offline=config.offline is not False,
            offers=self._offers,
            answering=answering.stem if answering is not None else None,
            keyed=tuple(one for one in SERVICES if self._has_key(one)),
            look=self._look,
            fetch=self._fetch(),
            code=around.codes.shown(call.now_ms),
            paired=around.codes.paired(call.now_ms),
            devices=await around.codes.devices(),
            restarted=self._restarted,
        )

    def _language(self, call: Call) -> str:
        """Return the language of the configuration, else of who asks, else of the system."""
        chosen = self._around.config.loaded.parsed.get("locale")
        if isinstance(chosen, str):
            return flow.known_language(chosen)
        environ = self._around.config.environ
        return flow.known_language(call.connection.locale or environ.get("LC_ALL") or environ.get("LANG") or "en")

    def _has_key(self, service: str) -> bool:
        provider = self._models.providers.get(service)
        configured = provider is not None and provider.api_key is not None
        return configured or BUILT_IN[service].key(self._around.config.environ) is not None

    def _fetch(self) -> Fetch | None:
        if self._job is None:
            return None
        row = self._around.pulls.status(self._job)
        total = row.total_bytes if row.total_bytes is not UNSET else 0
        share = min(1.0, row.done_bytes / total) if total else 0.0
        state = "failed" if row.state == "cancelled" else row.state
        return Fetch(row.file, state, share, row.error if row.error is not UNSET else None)


def _host(source: str, hub: str | None) -> str:
    from urllib.parse import urlsplit

    address = source if "://" in source and not source.startswith("hf:") else hub or "https://huggingface.co"
    return urlsplit(address).hostname or address


def _told(act: Act, error: Exception, state: State) -> str:
    """Say why something did not work and what to do, in the words of the person where it is they who can."""
    text = str(error)
    return words(state.language or "en")["key.again"].format(reason=text) if isinstance(act, TryKey) else text
