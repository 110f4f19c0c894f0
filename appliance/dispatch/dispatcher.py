"""The one door through which everything that asks for a turn goes in."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from appliance.dispatch.commands import Command, CommandTable
from appliance.dispatch.control import Batch, RunControl
from appliance.dispatch.persistence import until_stored
from appliance.dispatch.queue_modes import Arrival, QueueMode, QueueSettings
from appliance.dispatch.running import FAULT_TEXT, Runner
from appliance.dispatch.session_queue import SessionQueue
from appliance.dispatch.transcript import publish_entries
from appliance.dispatch.waits import RunWaits
from appliance.events import Bus, ChatEvent, SessionChanged
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError, ClosedError, OverloadedError
from appliance.foundation.tasks import TaskSet, start
from appliance.lanes import LaneFacts, Lanes
from appliance.messages import JsonObject
from appliance.sessions.errors import RunEndedError, RunMissingError
from appliance.sessions.model import Acceptance, Entry, Inbound, Run, RunStatus, Session
from appliance.sessions.store import SessionStore

_log = logging.getLogger(__name__)
_ABORT_GRACE_S = 2.0  # an aborted run still has to store its end
_ABORT_WAIT_S = 10.0
_MAX_COMMANDS = 256
_NOTHING: JsonObject = {"payloads": [], "meta": {}}
_MODES = frozenset(QueueMode)


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
        self._waits = RunWaits(store)
        self._coming: Counter[str] = Counter()  # by session, what is being accepted right now
        self._commands_running = 0
        self._closed = False

    async def submit(
        self, inbound: Inbound, *, accept: Callable[[Inbound], Awaitable[Acceptance]] | None = None
    ) -> Submitted:
        """Accept an inbound; when this returns it is on disk and will run exactly once.

        `accept` takes the place of the store's for a caller with more to do in that transaction (dispatch.later).
        Raises OverloadedError (a bound is reached), ConflictError (the key was used for another request) and
        ClosedError (the gateway stops).
        """
        if self._closed:
            raise ClosedError("The gateway is stopping. Send this again in a moment.")
        settings = await self._settings_for(inbound)
        command = self._commands.find(inbound)
        try:
            self._check_room(inbound.session_key, settings, command)
        except OverloadedError:
            # A replay of something accepted earlier still gets its first answer.
            if await self._store.find_run_by_key(inbound.session_key, inbound.idempotency_key) is None:
                raise
        self._coming[inbound.session_key] += 1
        try:
            accepted = await (accept or self._store.accept)(inbound)
        finally:
            self._coming -= Counter((inbound.session_key,))
        if not accepted.new:
            return Submitted(accepted.run_id, inbound.session_key, _replay_status(accepted.status), new=False)
        queued = self._enqueue(inbound, settings, command)
        return Submitted(inbound.run_id, inbound.session_key, "queued" if queued else "started", new=True)

    async def recover(self) -> int:
        """End what a crash interrupted and run what was accepted before it. Returns how many runs are resumed."""
        recovery = await self._store.recover(self._clock.now_ms())
        for run in recovery.interrupted:
            _log.warning("run was interrupted by a restart", extra={"runId": run.run_id})
        for inbound in recovery.queued:
            self._enqueue(inbound, await self._settings_for(inbound), self._commands.find(inbound))
        return len(recovery.queued)

    async def abort(self, session_key: str, run_id: str | None = None, *, reason: str = "rpc") -> tuple[str, ...]:
        """End a run of the session, or all of it with what waits; return the ids that were ended."""
        queue = self._queues.get(session_key)
        if queue is None:
            return ()
        waiting = [one for one in queue.waiting if run_id in (None, one.run_id) and queue.cancel(one.run_id)]
        # In tasks of their own: whoever asked may go away, and a full disk may take its time.
        tasks = [self._tasks.spawn(self._cancelled(one, reason), name=f"cancel:{one.run_id}") for one in waiting]
        ended = [one.run_id for one in waiting]
        active = queue.active
        if active is not None and run_id in (None, active.inbound.run_id):
            ended.append(active.inbound.run_id)
            active.abort(reason)
            await self.wait(active.inbound.run_id, _ABORT_WAIT_S)
        if tasks:
            await asyncio.wait(tasks, timeout=_ABORT_WAIT_S)
        return tuple(ended)

    async def wait(self, run_id: str, timeout_s: float) -> Run | None:
        """Wait for the end of a run; None when it is unknown or has not ended in time."""
        return await self._waits.wait(run_id, timeout_s)

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
        for queue in self._queues.values():
            queue.close()  # what waits stays queued on disk and runs after the restart
        if not await self._tasks.wait(grace_s):
            for queue in self._queues.values():
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
        if mode not in _MODES:  # None, or stored by a version that knew others
            return settings
        return replace(settings, mode=QueueMode(mode))

    def _check_room(self, session_key: str, settings: QueueSettings, command: Command | None) -> None:
        """Raise OverloadedError when a bound is reached, counting in what is just being accepted."""
        queue = self._queues.get(session_key)
        if command is not None:
            if self._commands_running >= _MAX_COMMANDS:
                raise OverloadedError(f"{self._commands_running} commands wait already.")
        elif queue is None:
            self._lanes.check_room(len(self._coming))
        elif queue.decide(settings, self._coming[session_key]) is Arrival.REFUSE:
            raise OverloadedError(f"{len(queue.waiting)} messages wait in this conversation already.")

    def _enqueue(self, inbound: Inbound, settings: QueueSettings, command: Command | None) -> bool:
        """Have an accepted inbound done; return whether it has to wait."""
        if self._closed:
            return True  # it waits on disk for the next start
        if command is not None:
            self._commands_running += 1
            self._tasks.spawn(self._command(command, inbound), name=f"command:{inbound.run_id}")
            return False
        queue = self._queues.get(inbound.session_key)
        if queue is not None:
            for lost in queue.add(inbound, settings):
                self._tasks.spawn(self._cancelled(lost, "queue-cap"), name=f"drop:{lost.run_id}")
            return True
        queue = SessionQueue(clock=self._clock, execute=self._execute)
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
        """Have a batch run, and see to it that each of its inbounds has its end whatever happened to the run."""
        task = control.task = start(self._runner.execute(batch, control), name=f"run:{control.inbound.run_id}")
        try:
            await asyncio.wait([task])
            await self._settle(batch, control, task)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        except Exception:  # noqa: BLE001 - the worker of a session must outlive one run
            # The disk fails for good: the rows stay as they are and are recovered at the next start.
            _log.exception("run has no end on disk", extra={"runId": control.inbound.run_id})
        finally:
            for run_id in (*(one.run_id for one in batch.inbounds), *control.folded):
                self._waits.ended(run_id)

    async def _settle(self, batch: Batch, control: RunControl, task: asyncio.Task[Run | None]) -> None:
        # A task that is cancelled before its first step ends without having run a line of it.
        unbegun = not control.began and (task.cancelled() or task.exception() is None)
        if unbegun and control.postponed:
            return
        if unbegun and control.abort_reason is not None:
            for inbound in batch.inbounds:
                await self._cancelled(inbound, control.abort_reason)
            return
        error = asyncio.CancelledError("cancelled by nobody") if task.cancelled() else task.exception()
        if error is not None:
            _log.error("run failed", exc_info=error, extra={"runId": control.inbound.run_id})
            text = str(error) if isinstance(error, ApplianceError) else FAULT_TEXT
            if control.reporter is not None:
                control.reporter.close()
                control.reporter.emit("lifecycle", {"phase": "error", "error": text})
            for inbound in batch.inbounds:
                ended = await self._finish(inbound, RunStatus.ERROR, error={"message": text}, result=_NOTHING)
                if ended or control.reporter is None:
                    # Where it never began nobody else tells; its row may have ended with a session that was deleted.
                    self._tell(inbound, "error", errorMessage=text)

    async def _command(self, command: Command, inbound: Inbound) -> None:
        try:
            try:
                text = await self._commands.answer(command, inbound)
            except ApplianceError as failure:
                await self._failed(inbound, str(failure))
                return
            except Exception:  # noqa: BLE001 - whatever a command does, its run gets exactly one end
                _log.exception("command /%s failed", command.name)
                await self._failed(inbound, FAULT_TEXT)
                return
            result = {"payloads": [{"text": text, "mediaUrl": None}] if text else [], "meta": {}}
            now_ms = self._clock.now_ms()
            await self._finish(inbound, RunStatus.OK, result=result)
            content = [{"type": "text", "text": text}]
            self._tell(inbound, "final", message={"role": "assistant", "content": content, "timestamp": now_ms})
            self._bus.publish(SessionChanged(inbound.session_key, inbound.agent_id, "command", inbound.run_id, now_ms))
        finally:
            self._commands_running -= 1
            self._waits.ended(inbound.run_id)

    async def _failed(self, inbound: Inbound, text: str) -> None:
        """End a command with an error."""
        await self._finish(inbound, RunStatus.ERROR, error={"message": text}, result=_NOTHING)
        self._tell(inbound, "error", errorMessage=text)

    async def _finish(self, inbound: Inbound, status: RunStatus, **fields: Any) -> bool:
        """Store an end, however long the disk refuses; False when there is one already."""
        write = partial(self._store.finish_run, inbound.run_id, status, now_ms=self._clock.now_ms(), **fields)
        try:
            await until_stored(self._clock, write, what=f"the end of run {inbound.run_id}")
        except (RunEndedError, RunMissingError):
            return False
        return True

    async def _cancelled(self, inbound: Inbound, reason: str) -> None:
        """End what has not begun and is in nobody's queue any more."""
        write = partial(self._store.cancel_queued, inbound.run_id, self._clock.now_ms())
        await until_stored(self._clock, write, what=f"the end of run {inbound.run_id}")
        self._tell(inbound, "aborted", stopReason=reason)
        self._waits.ended(inbound.run_id)

    def _tell(self, inbound: Inbound, state: str, **fields: Any) -> None:
        self._bus.publish(ChatEvent(inbound.run_id, inbound.session_key, inbound.agent_id, 0, state, fields))


def _replay_status(status: RunStatus) -> str:
    if status.ended:
        return "done"
    return "queued" if status is RunStatus.QUEUED else "in_flight"
