import asyncio

from appliance.dispatch.control import Batch, RunControl
from appliance.dispatch.queue_modes import Arrival, DropPolicy, QueueMode, QueueSettings
from appliance.dispatch.session_queue import SessionQueue
from appliance.sessions.model import Inbound, Source
from tests.fakes.clock import FakeClock


def inbound(name: str) -> Inbound:
    return Inbound(name, "agent:main:main", "main", Source.MESSAGE, name, (), name, name, "main", 0)


class Stage:
    """A queue whose runs last until they are released."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.batches: list[list[str]] = []
        self.shortened: list[int] = []
        self.release = asyncio.Event()
        self.queue = SessionQueue(clock=self.clock, execute=self._execute)

    async def _execute(self, batch: Batch, control: RunControl) -> None:
        self.batches.append([one.run_id for one in batch.inbounds])
        self.shortened.append(batch.shortened)
        control.task = asyncio.ensure_future(self.release.wait())
        try:
            await control.task
        except asyncio.CancelledError:
            if control.abort_reason is None:
                raise

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def begin(self, settings: QueueSettings, first: str = "m0") -> asyncio.Task[None]:
        self.queue.add(inbound(first), settings)
        worker = asyncio.ensure_future(self.queue.work())
        await self.settle()
        return worker

    async def finish(self, worker: asyncio.Task[None]) -> None:
        self.release.set()
        while not worker.done():
            self.clock.advance(1)
            await self.settle()
        await worker


async def test_the_first_message_runs_without_waiting() -> None:
    stage = Stage()
    worker = await stage.begin(QueueSettings())
    assert stage.batches == [["m0"]]
    await stage.finish(worker)


async def test_collect_makes_one_turn_of_all_that_came_meanwhile() -> None:
    stage = Stage()
    worker = await stage.begin(QueueSettings())
    for name in ("m1", "m2", "m3"):
        stage.queue.add(inbound(name), QueueSettings())
    await stage.finish(worker)
    assert stage.batches == [["m0"], ["m1", "m2", "m3"]]


async def test_followup_gives_each_message_its_own_turn() -> None:
    stage, settings = Stage(), QueueSettings(mode=QueueMode.FOLLOWUP)
    worker = await stage.begin(settings)
    for name in ("m1", "m2"):
        stage.queue.add(inbound(name), settings)
    await stage.finish(worker)
    assert stage.batches == [["m0"], ["m1"], ["m2"]]


async def test_an_arrival_in_the_quiet_time_begins_it_anew() -> None:
    stage = Stage()
    worker = await stage.begin(QueueSettings())
    stage.queue.add(inbound("m1"), QueueSettings())
    stage.release.set()
    await stage.settle()
    stage.clock.advance(0.9)
    stage.queue.add(inbound("m2"), QueueSettings())
    await stage.settle()
    stage.clock.advance(0.2)
    await stage.settle()
    assert stage.batches == [["m0"]]
    await stage.finish(worker)
    assert stage.batches == [["m0"], ["m1", "m2"]]


async def test_steer_hands_the_message_to_the_running_turn() -> None:
    stage, settings = Stage(), QueueSettings(mode=QueueMode.STEER)
    worker = await stage.begin(settings)
    stage.queue.add(inbound("m1"), settings)
    assert stage.queue.active is not None
    assert [one.run_id for one in stage.queue.active.steering] == ["m1"]
    stage.queue.active.steering.clear()
    await stage.finish(worker)
    assert stage.batches == [["m0"]]


async def test_steering_that_came_too_late_is_the_next_turn() -> None:
    stage, settings = Stage(), QueueSettings(mode=QueueMode.STEER)
    worker = await stage.begin(settings)
    stage.queue.add(inbound("m1"), settings)
    await stage.finish(worker)
    assert stage.batches == [["m0"], ["m1"]]


async def test_interrupt_ends_the_running_turn_and_runs_at_once() -> None:
    stage, settings = Stage(), QueueSettings(mode=QueueMode.INTERRUPT)
    worker = await stage.begin(settings)
    running = stage.queue.active
    stage.queue.add(inbound("m1"), settings)
    await stage.settle()
    assert running is not None
    assert running.abort_reason == "interrupted"
    assert stage.batches == [["m0"], ["m1"]]
    await stage.finish(worker)


async def test_drop_old_gives_up_the_oldest_past_the_cap_only() -> None:
    stage, settings = Stage(), QueueSettings(cap=2, drop=DropPolicy.OLD)
    worker = await stage.begin(settings)
    stage.queue.add(inbound("m1"), settings)
    stage.queue.add(inbound("m2"), settings)
    assert len(stage.queue.waiting) == 2
    lost = stage.queue.add(inbound("m3"), settings)
    await stage.finish(worker)
    assert [one.run_id for one in lost] == ["m1"]
    assert stage.batches == [["m0"], ["m2", "m3"]]


async def test_drop_new_refuses_at_the_cap() -> None:
    stage, settings = Stage(), QueueSettings(cap=1, drop=DropPolicy.NEW)
    worker = await stage.begin(settings)
    assert stage.queue.decide(settings) is Arrival.WAIT
    stage.queue.add(inbound("m1"), settings)
    assert stage.queue.decide(settings) is Arrival.REFUSE
    await stage.finish(worker)


async def test_summarize_loses_nothing_and_shortens_the_oldest() -> None:
    stage, settings = Stage(), QueueSettings(mode=QueueMode.FOLLOWUP, cap=2)
    worker = await stage.begin(settings)
    for name in ("m1", "m2", "m3", "m4"):
        stage.queue.add(inbound(name), settings)
    await stage.finish(worker)
    assert stage.batches == [["m0"], ["m1", "m2", "m3"], ["m4"]]
    assert stage.shortened == [0, 2, 0]


async def test_a_waiting_message_can_be_taken_back_once() -> None:
    stage = Stage()
    worker = await stage.begin(QueueSettings())
    stage.queue.add(inbound("m1"), QueueSettings())
    assert stage.queue.cancel("m1")
    assert not stage.queue.cancel("m1")
    await stage.finish(worker)
    assert stage.batches == [["m0"]]
