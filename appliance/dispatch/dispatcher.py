"""The one door through which everything that asks for a turn goes in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from appliance.dispatch.commands import Command, CommandTable
from appliance.dispatch.control import Batch, RunControl
from appliance.dispatch.queue_modes import Arrival, QueueMode, QueueSettings
from appliance.dispatch.running import Runner
from appliance.dispatch.session_queue import SessionQueue
from appliance.dispatch.transcript import publish_entries
from appliance.events import Bus, ChatEvent, SessionChanged
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError, ClosedError, OverloadedError
from appliance.foundation.tasks import TaskSet, start
from appliance.lanes import LaneFacts, Lanes
from appliance.sessions.model import Entry, Inbound, Run, RunStatus, Session
from appliance.sessions.store import SessionStore

_log = logging.getLogger(__name__)
_ABORT_GRACE_S = 2.0  # an aborted run still has to store its end
_MAX_HOPS = 4  # a merged run points at the run it went into; deeper chains do not occur


@dataclass(frozen=True, slots=True)
class Submitted:
    """The acknowledgement of an inbound. `status`: started, queued, in_flight or done; `new` False is a replay."""

    run_id: str
    session_key: str
    status: str
    new: bool


@dataclass(frozen=True, slots=True)
class InFlight:
    """The run that a session is busy with, and what it said so far."""

    run_id: str
    text: str


class Dispatcher:
    """Accepts inbounds durably, then has each session run its own, one at a time."""

    def __init__(
        self,
        *,
        store: SessionStore,
        bus: Bus,
        clock: Clock,
        lanes: Lanes,
        runner: Runner,
        commands: CommandTable,
        queue_settings: Callable[[], QueueSettings],
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._lanes = lanes
        self._runner = runner
        self._commands = commands
        self._queue_settings = queue_settings
        self._queues: dict[str, SessionQueue] = {}
        self._tasks = TaskSet("dispatch")
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._closed = False

    async def submit(self, inbound: Inbound) -> Submitted:
        """Accept an inbound; when this returns it is on disk and will run exactly once.

        Raises OverloadedError (a bound is reached), ConflictError (the key was used for another request) and
        ClosedError (the gateway stops).
        """
        if self._closed:
            raise ClosedError("The gateway is stopping. Send this again in a moment.")
        settings = await self._settings_for(inbound)
        queue = self._queues.get(inbound.session_key)
        command = self._commands.find(inbound)
        if command is None and queue is not None and queue.decide(settings) is Arrival.REFUSE:
            # A replay of something accepted earlier still gets its first answer.
            known = await self._store.find_run_by_key(inbound.session_key, inbound.idempotency_key)
            if known is None:
                raise OverloadedError(f"{len(queue.waiting)} messages wait in this conversation already.")
        accepted = await self._store.accept(inbound)
        if not accepted.new:
            return Submitted(accepted.run_id, inbound.session_key, _replay_status(accepted.status), new=False)
        if command is not None:
            self._tasks.spawn(self._command(command, inbound), name=f"command:{inbound.run_id}")
            return Submitted(inbound.run_id, inbound.session_key, "started", new=True)
        queued = self._enqueue(inbound, settings)
        return Submitted(inbound.run_id, inbound.session_key, "queued" if queued else "started", new=True)

    async def recover(self) -> int:
        """End what a crash interrupted and run what was accepted before it. Returns how many runs are resumed."""
        recovery = await self._store.recover(self._clock.now_ms())
        for run in recovery.interrupted:
            _log.warning("run was interrupted by a restart", extra={"runId": run.run_id})
        for inbound in recovery.queued:
            command = self._commands.find(inbound)
            if command is not None:
                self._tasks.spawn(self._command(command, inbound), name=f"command:{inbound.run_id}")
            else:
                self._enqueue(inbound, await self._settings_for(inbound))
        return len(recovery.queued)

    async def abort(self, session_key: str, run_id: str | None = None, *, reason: str = "rpc") -> tuple[str, ...]:
        """End a run of the session, or all of it with what waits; return the ids that were ended."""
        queue = self._queues.get(session_key)
        if queue is None:
            return ()
        ended: list[str] = []
        for inbound in queue.waiting:
            if run_id in (None, inbound.run_id) and queue.cancel(inbound.run_id):
                await self._cancelled(inbound, reason)
                ended.append(inbound.run_id)
        active = queue.active
        if active is not None and run_id in (None, active.inbound.run_id):
            ended.append(active.inbound.run_id)
            active.abort(reason)
            await self.wait(active.inbound.run_id, 10.0)
        return tuple(ended)

    async def wait(self, run_id: str, timeout_s: float) -> Run | None:
        """Wait for the end of a run; None when it is unknown or has not ended in time."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        for _ in range(_MAX_HOPS):
            run = await self._ended_run(run_id, deadline)
            if run is None or run.status is not RunStatus.MERGED or run.merged_into is None:
                return run
            run_id = run.merged_into
        return None

    def active(self, session_key: str) -> tuple[str, ...]:
        """Return the ids of the runs of this session that are running or about to."""
        queue = self._queues.get(session_key)
        return (queue.active.inbound.run_id,) if queue and queue.active else ()

    def in_flight(self, session_key: str) -> InFlight | None:
        """Return what the session is saying right now."""
        queue = self._queues.get(session_key)
        if queue is None or queue.active is None or queue.active.reporter is None:
            return None
        return InFlight(queue.active.inbound.run_id, queue.active.reporter.text)

    def waiting(self, session_key: str) -> tuple[Inbound, ...]:
        """Return what is accepted and waits for its turn in this session."""
        queue = self._queues.get(session_key)
        return queue.waiting if queue else ()

    async def inject(self, session: Session, message: str, label: str | None) -> Entry:
        """Put a note of an admin into the transcript as if the assistant had said it."""
        now_ms = self._clock.now_ms()
        text = f"[{label}]\n\n{message}" if label else message
        content = [{"type": "text", "text": text}]
        note = {"role": "assistant", "content": content, "stopReason": "stop", "timestamp": now_ms}
        (entry,) = await self._store.append(session.key, None, [("assistant", note, None)], now_ms)
        publish_entries(self._bus, session.agent_id, [entry])
        shown = {"role": "assistant", "content": content, "timestamp": now_ms}
        self._bus.publish(
            ChatEvent(f"inject-{entry.id}", session.key, session.agent_id, 0, "final", {"message": shown})
        )
        self._bus.publish(SessionChanged(session.key, session.agent_id, "inject", None, now_ms))
        return entry

    def commands(self) -> tuple[Command, ...]:
        """Return the slash commands."""
        return self._commands.all()

    def lanes(self) -> tuple[LaneFacts, ...]:
        """Return what each lane holds now."""
        return self._lanes.facts()

    async def aclose(self, grace_s: float = 5.0) -> None:
        """Take nothing new, give running turns `grace_s` seconds to end, then end them with a reason."""
        self._closed = True
        if not await self._tasks.wait(grace_s):
            for queue in list(self._queues.values()):
                # What waits stays queued on disk and runs after the restart.
                queue.close()
                queue.abort("shutdown")
            await self._tasks.wait(_ABORT_GRACE_S)
        await self._tasks.aclose()

    # -----------------------------------------------------------------------------------------------------------

    async def _settings_for(self, inbound: Inbound) -> QueueSettings:
        settings = self._queue_settings()
        mode = inbound.origin.get("queueMode")
        if mode is None and inbound.session_key in self._queues:
            session = await self._store.get(inbound.session_key)
            mode = session.settings.get("queueMode") if session else None
        if mode is None:
            return settings
        return QueueSettings(QueueMode(mode), settings.debounce_ms, settings.cap, settings.drop)

    def _enqueue(self, inbound: Inbound, settings: QueueSettings) -> bool:
        """Put an accepted inbound in the queue of its session; return whether it has to wait."""
        queue = self._queues.get(inbound.session_key)
        if queue is not None:
            queue.add(inbound, settings)
            return True
        queue = SessionQueue(clock=self._clock, execute=self._execute, dropped=self._drop)
        self._queues[inbound.session_key] = queue
        queue.add(inbound, settings)
        self._tasks.spawn(self._work(inbound.session_key, queue), name=f"session:{inbound.session_key}")
        return False

    async def _work(self, session_key: str, queue: SessionQueue) -> None:
        try:
            await queue.work()
        finally:
            del self._queues[session_key]

    async def _execute(self, batch: Batch, control: RunControl) -> None:
        task = control.task = start(self._runner.execute(batch, control), name=f"run:{control.inbound.run_id}")
        try:
            if await task is None:
                for inbound in batch.inbounds:
                    await self._cancelled(inbound, control.abort_reason or "rpc")
        except asyncio.CancelledError:
            task.cancel()
            raise
        except ApplianceError as error:
            # The end could not be stored (a full disk, say): the row stays and is recovered at the next start.
            _log.error("run could not be stored: %s", error, extra={"runId": control.inbound.run_id})
            self._tell(control.inbound, "error", errorMessage=str(error))
        finally:
            for inbound in batch.inbounds:
                self._ended(inbound.run_id)

    async def _command(self, command: Command, inbound: Inbound) -> None:
        try:
            text, status, error = await self._commands.answer(command, inbound), RunStatus.OK, None
        except ApplianceError as failure:
            text, status, error = "", RunStatus.ERROR, {"message": str(failure)}
        result: dict[str, Any] = {"payloads": [{"text": text, "mediaUrl": None}] if text else [], "meta": {}}
        now_ms = self._clock.now_ms()
        await self._store.finish_run(inbound.run_id, status, error=error, result=result, now_ms=now_ms)
        if error is not None:
            self._tell(inbound, "error", errorMessage=error["message"])
        else:
            content = [{"type": "text", "text": text}]
            self._tell(inbound, "final", message={"role": "assistant", "content": content, "timestamp": now_ms})
        self._bus.publish(
            SessionChanged(inbound.session_key, inbound.agent_id, "command", inbound.run_id, self._clock.now_ms())
        )
        self._ended(inbound.run_id)

    async def _drop(self, inbound: Inbound) -> None:
        await self._cancelled(inbound, "queue-cap")

    async def _cancelled(self, inbound: Inbound, reason: str) -> None:
        await self._store.cancel_queued(inbound.run_id, self._clock.now_ms())
        self._tell(inbound, "aborted", stopReason=reason)
        self._ended(inbound.run_id)

    def _tell(self, inbound: Inbound, state: str, **fields: Any) -> None:
        self._bus.publish(ChatEvent(inbound.run_id, inbound.session_key, inbound.agent_id, 0, state, fields))

    async def _ended_run(self, run_id: str, deadline: float) -> Run | None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(run_id, []).append(waiter)
        try:
            run = await self._store.run(run_id)
            if run is None or run.status.ended:
                return run
            async with asyncio.timeout_at(deadline):
                await waiter
            return await self._store.run(run_id)
        except TimeoutError:
            return None
        finally:
            self._waiters[run_id].remove(waiter)
            if not self._waiters[run_id]:
                del self._waiters[run_id]

    def _ended(self, run_id: str) -> None:
        for waiter in self._waiters.get(run_id, ()):
            if not waiter.done():
                waiter.set_result(None)


def _replay_status(status: RunStatus) -> str:
    if status.ended:
        return "done"
    return "queued" if status is RunStatus.QUEUED else "in_flight"
