"""A dispatcher over the real store, with models and tools that do what a test says and a disk that can refuse."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from appliance.agenda.migrations import MIGRATIONS as AGENDA_MIGRATIONS
from appliance.dispatch.builtin_commands import CommandContext, builtin_commands
from appliance.dispatch.commands import CommandTable
from appliance.dispatch.dispatcher import Dispatcher
from appliance.dispatch.later.keeper import Keeper
from appliance.dispatch.later.migrations import MIGRATIONS as LATER_MIGRATIONS
from appliance.dispatch.queue_modes import QueueSettings
from appliance.dispatch.running import Runner, RunSettings
from appliance.events import Bus, ChatEvent, RunEvent
from appliance.generation import (
    Finished,
    GenerateRequest,
    ModelError,
    ModelInfo,
    StopReason,
    StreamItem,
    TextDelta,
    ToolCallReady,
    ToolSpec,
)
from appliance.health import HealthTracker
from appliance.lanes import Lanes
from appliance.messages import ToolCall, ToolResult, Usage
from appliance.providers.failover import CandidateChosen, ChainItem
from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.model import Entry, Inbound, Run, RunStatus, Session, Source
from appliance.sessions.store import SessionStore
from appliance.storage import Database
from appliance.storage.blobs import Blobs
from appliance.storage.errors import StorageFullError
from tests.fakes.clock import FakeClock

KEY = "agent:main:main"
INFO = ModelInfo("fake", "one", "One", context_window=8192)
ENDS = ("final", "aborted", "error")
Step = StreamItem | BaseException | asyncio.Event


def says(text: str) -> list[Step]:
    return [TextDelta(text), Finished(StopReason.END, Usage(10, 5))]


def calls(*ids: str, text: str = "") -> list[Step]:
    first: list[Step] = [TextDelta(text)] if text else []
    wanted = [ToolCallReady(ToolCall(one, "note_add", {"text": one})) for one in ids]
    return [*first, *wanted, Finished(StopReason.TOOL_CALLS, Usage(10, 2))]


def inbound(run_id: str, text: str = "", *, key: str = KEY, **origin: Any) -> Inbound:
    text = text or run_id
    return Inbound(run_id, key, key.split(":")[1], Source.MESSAGE, text, (), run_id, text, "main", 0, origin)


class Disk(SessionStore):
    """The real store; a method that is named in `full` refuses so many times. `gates` hold one after its commit."""

    def __init__(self, database: Database, **options: Any) -> None:
        super().__init__(database, **options)
        self.full: Counter[str] = Counter()
        self.gates: dict[str, asyncio.Event] = {}

    async def _then(self, name: str, write: Awaitable[Any]) -> Any:
        if self.full[name] > 0:
            self.full[name] -= 1
            assert asyncio.iscoroutine(write)
            write.close()
            raise StorageFullError("The disk is full.")
        result = await write
        if name in self.gates:
            await self.gates[name].wait()
        return result

    async def accept(self, *args: Any, **named: Any) -> Any:
        return await self._then("accept", super().accept(*args, **named))

    async def begin_run(self, *args: Any, **named: Any) -> Any:
        return await self._then("begin_run", super().begin_run(*args, **named))

    async def finish_run(self, *args: Any, **named: Any) -> Any:
        return await self._then("finish_run", super().finish_run(*args, **named))

    async def fold(self, *args: Any, **named: Any) -> Any:
        return await self._then("fold", super().fold(*args, **named))

    async def append(self, *args: Any, **named: Any) -> Any:
        return await self._then("append", super().append(*args, **named))

    def append_in(self, *args: Any, **named: Any) -> Any:
        if self.full["append_in"] > 0:
            self.full["append_in"] -= 1
            raise ValueError("A fault of ours.")
        return super().append_in(*args, **named)

    async def cancel_queued(self, *args: Any, **named: Any) -> Any:
        return await self._then("cancel_queued", super().cancel_queued(*args, **named))


class House:
    """Everything between a submit and its end."""

    def __init__(self, database: Database, root: Path, *, lanes: Lanes | None = None) -> None:
        self.clock = FakeClock()
        self.database = database
        self.store = Disk(database)
        self.bus = Bus()
        self.chats: list[ChatEvent] = []
        self.runs: list[RunEvent] = []
        self.bus.listen(ChatEvent, self.chats.append)
        self.bus.listen(RunEvent, self.runs.append)
        self.scripts: list[Sequence[Step]] = []
        self.requests: list[GenerateRequest] = []
        self.tool: Callable[[ToolCall], Awaitable[str]] | None = None
        self.settings = QueueSettings(debounce_ms=1000)
        self.timeout_s = 60.0
        self.language: str | None = None
        self.lanes = lanes or Lanes({"main": 4, "cron": 1}, global_cap=4, max_waiting=64)
        self.tracker = HealthTracker()
        self.keeper = Keeper(database=database, store=self.store, clock=self.clock, tracker=self.tracker)
        self.runner = Runner(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            lanes=self.lanes,
            chains=self,
            tools=self,
            blobs=Blobs(root / "blobs"),
            settings=lambda: RunSettings(ZoneInfo("UTC"), timeout_s=self.timeout_s),
            hears=lambda _: self.language,
            keeper=self.keeper,
        )
        self.commands = CommandTable()
        self.dispatcher = Dispatcher(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            lanes=self.lanes,
            runner=self.runner,
            commands=self.commands,
            queue_settings=lambda: self.settings,
        )
        context = CommandContext(
            store=self.store,
            clock=self.clock,
            abort=lambda key: self.dispatcher.abort(key, reason="stop"),
            waiting=self.dispatcher.waiting,
            models=lambda: ["fake/one", "fake/two"],
            conditions=lambda: (),
            commands=self.commands.all,
            version="1.2.3",
            context=lambda one: self.runner.context(one),
            model=lambda _, wanted: None if wanted == "nobody/none" else INFO,
        )
        for command in builtin_commands(context):
            self.commands.add(command)

    # What the runner asks for.

    def chain(self, session: Session, inbound: Inbound) -> House:
        return self

    async def generate(self, build: Callable[[ModelInfo], GenerateRequest]) -> AsyncIterator[ChainItem]:
        self.requests.append(build(INFO))
        yield CandidateChosen(INFO)
        for step in self.scripts.pop(0) if self.scripts else says("ok"):
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, BaseException):
                raise step
            else:
                yield step

    def specs(self, inbound: Inbound, model: ModelInfo) -> Sequence[ToolSpec]:
        return ()

    async def execute(self, call: ToolCall, inbound: Inbound, model: ModelInfo | None, zone: ZoneInfo) -> ToolResult:
        text = await self.tool(call) if self.tool else "done"
        return ToolResult(call.id, call.name, text)

    # What tests ask.

    async def until(self, true: Callable[[], object], *, advance_s: float = 0.0) -> None:
        """Let the loop and the writer's thread work until `true`; the clock moves on by `advance_s` each round."""
        async with asyncio.timeout(5):
            while not true():
                if advance_s:
                    self.clock.advance(advance_s)
                await asyncio.sleep(0.001)

    async def ended(self, run_id: str, *, advance_s: float = 0.1) -> Run:
        """Wait for the end of a run on disk and of everything that its session does."""
        found: list[Run] = []

        async def look() -> None:
            run = await self.store.run(run_id)
            if run is not None and run.status.ended:
                found.append(run)

        async with asyncio.timeout(5):
            while not found:
                self.clock.advance(advance_s)
                await asyncio.sleep(0.001)
                await look()
        return found[0]

    async def quiet(self) -> None:
        """Wait until no session has anything to do."""
        await self.until(lambda: not self.dispatcher._queues and not len(self.dispatcher._tasks), advance_s=0.1)

    def ends(self, run_id: str) -> list[str]:
        """Return the ends of a run that chat windows were told."""
        return [one.state for one in self.chats if one.run_id == run_id and one.state in ENDS]

    async def status(self, run_id: str) -> RunStatus:
        run = await self.store.run(run_id)
        assert run is not None
        return run.status

    async def texts(self, key: str = KEY) -> list[str]:
        return [f"{one.message['role']}: {_text(one)}" for one in await self.store.history(key, 100)]


def _text(entry: Entry) -> str:
    content = entry.message["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", f"<{part.get('id')}>") for part in content)


async def busy(home: House, run_id: str = "r1", **origin: Any) -> asyncio.Event:
    """Submit a run whose model says nothing before the event is set; return when it is asked."""
    gate = asyncio.Event()
    home.scripts.append([gate, *says("late")])
    asked = len(home.requests)
    await home.dispatcher.submit(inbound(run_id, **origin))
    await home.until(lambda: len(home.requests) > asked)
    return gate


@asynccontextmanager
async def house(root: Path, *, lanes: Lanes | None = None) -> AsyncIterator[House]:
    """Open a house on the state in `root`; nothing of it outlives the block."""
    database = await Database.open(
        root / "state.sqlite", (*MIGRATIONS, *AGENDA_MIGRATIONS, *LATER_MIGRATIONS), clock=FakeClock(), readers=1
    )
    made = House(database, root, lanes=lanes)
    try:
        yield made
    finally:
        await made.dispatcher.aclose(0.0)
        await database.aclose()


__all__ = ["KEY", "Disk", "House", "ModelError", "busy", "calls", "house", "inbound", "says"]
