"""Carries one batch of inbounds through one run: durable begin, turn, durable end, and the events between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from appliance.agent.guidance import guidance, polite
from appliance.agent.loop import AgentLoop, ModelChain
from appliance.agent.report import RunReporter
from appliance.context.assembly import Assembly, KitChooser
from appliance.context.wire import shortened, wire_usage
from appliance.dispatch.control import Batch, RunControl
from appliance.dispatch.ending import End, completed, tell_end
from appliance.dispatch.later.keeper import Hold, Keeper
from appliance.dispatch.later.preface import Prefaced
from appliance.dispatch.later.rows import asked_before
from appliance.dispatch.persistence import until_stored
from appliance.dispatch.transcript import RunTranscript, publish_entries
from appliance.events import Bus, SessionChanged
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import start
from appliance.generation import ModelError, ModelInfo, ToolSpec
from appliance.lanes import Lanes
from appliance.messages import JsonObject, ToolCall, ToolResult
from appliance.providers.errors import AllFailed
from appliance.sessions.model import Entry, Inbound, Run, RunStatus, Session, Source
from appliance.sessions.store import SessionStore
from appliance.storage.blobs import Blobs
from appliance.storage.errors import StorageError

_log = logging.getLogger(__name__)
# Nobody waits for these: they give way to whoever does.
_BACKGROUND_LANES = frozenset({"cron", "subagent"})
_BACKGROUND_SOURCES = frozenset({Source.TIMER, Source.HEARTBEAT, Source.WEBHOOK})
FAULT_TEXT = "Something went wrong inside the box. `homarus logs` has the details."


class ChainSource(Protocol):
    """Chooses the candidates for a run."""

    def chain(self, session: Session, inbound: Inbound) -> ModelChain: ...


class ToolSource(Protocol):
    """What tools a run may use, and their execution under its policy."""

    def specs(self, inbound: Inbound, model: ModelInfo) -> Sequence[ToolSpec]: ...

    async def execute(
        self, call: ToolCall, inbound: Inbound, model: ModelInfo | None, zone: ZoneInfo
    ) -> ToolResult: ...


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What holds for every run. `history_limit` counts transcript entries that are read, not those that fit;
    `max_context` bounds a prompt, in tokens, below the window of the model; `owner` is the name of the box's owner.
    """

    zone: ZoneInfo
    timeout_s: float = 900.0
    history_limit: int = 200
    bare_providers: frozenset[str] = frozenset()
    max_context: int | None = None
    owner: str = ""


class Runner:
    """Executes runs. One instance serves all sessions; it keeps no state between runs."""

    def __init__(
        self,
        *,
        store: SessionStore,
        bus: Bus,
        clock: Clock,
        lanes: Lanes,
        chains: ChainSource,
        tools: ToolSource,
        blobs: Blobs,
        settings: Callable[[], RunSettings],
        kits: KitChooser | None = None,
        hears: Callable[[Inbound], str | None] = lambda _: None,
        keeper: Keeper | None = None,
    ) -> None:
        self._keeper = keeper
        self._kits = kits
        self._hears = hears
        self._store = store
        self._bus = bus
        self._clock = clock
        self._lanes = lanes
        self._chains = chains
        self._tools = tools
        self._blobs = blobs
        self._settings = settings

    async def execute(self, batch: Batch, control: RunControl) -> Run | None:
        """Run the last inbound of `batch` with the earlier ones merged into it.

        None: aborted or postponed before it began; nothing was written then.
        """
        ticket = self._lanes.enter(control.inbound.lane)
        try:
            await ticket.started
            return await self._run(batch, control)
        except asyncio.CancelledError:
            if control.began or (control.abort_reason is None and not control.postponed):
                raise
            uncancel()
            return None
        finally:
            ticket.leave()

    async def _run(self, batch: Batch, control: RunControl) -> Run:
        inbound = control.inbound
        merged = [one.run_id for one in batch.inbounds if one.run_id != inbound.run_id]
        control.asked = batch.inbounds
        control.began = True
        begun, entries = await self._begin(inbound, merged, control)
        reporter = self._reporter(inbound, entries)
        control.reporter = reporter
        publish_entries(self._bus, inbound.agent_id, entries)
        for run_id in merged:
            self._told_merged(inbound, run_id)
        reporter.emit("lifecycle", {"phase": "start", "startedAt": begun.started_ms})
        self._changed(inbound, "run-started")
        short = frozenset(entry.id for entry in entries[: batch.shortened])
        end = await self._turn(inbound, control, reporter, short)
        control.ending = True
        reporter.close()
        return await self._finish(inbound, reporter, end)

    async def _begin(self, inbound: Inbound, merged: Sequence[str], control: RunControl) -> tuple[Run, list[Entry]]:
        # An abort must not leave the row of a run behind that began in the writer's thread meanwhile.
        def write() -> Awaitable[tuple[Run, list[Entry]]]:
            return self._store.begin_run(inbound.run_id, merged, self._clock.now_ms())

        begin = start(
            until_stored(self._clock, write, what=f"the begin of run {inbound.run_id}"), name=f"begin:{inbound.run_id}"
        )
        try:
            return await asyncio.shield(begin)
        except asyncio.CancelledError:
            if control.abort_reason is None:
                begin.cancel()
                raise
            uncancel()
            return await begin

    def _reporter(self, inbound: Inbound, entries: Sequence[Entry]) -> RunReporter:
        return RunReporter(
            self._bus,
            self._clock,
            run_id=inbound.run_id,
            session_key=inbound.session_key,
            session_id=entries[-1].session_id if entries else "",
            agent_id=inbound.agent_id,
        )

    async def _turn(self, inbound: Inbound, control: RunControl, reporter: RunReporter, short: frozenset[str]) -> End:
        if (reason := control.aborted()) is not None:
            return self._aborted(control, reporter, reason, None)
        loop: AgentLoop | None = None
        timeout_s = self._timeout_s(inbound)
        try:
            async with asyncio.timeout(timeout_s):
                reporter.status("preparing_context")
                loop = await self._prepare(inbound, control, reporter, short)
                reporter.status("starting_model")
                return completed(await loop.run())
        except asyncio.CancelledError:
            # Without a reason it is the gateway that stops: the run is recovered at the next start.
            if (reason := control.aborted()) is None:
                raise
            uncancel()
            return self._aborted(control, reporter, reason, loop.partial("aborted") if loop else None)
        except AllFailed as failure:
            return self._unanswered(control, loop, reporter, failure)
        except TimeoutError:
            text = f"This took longer than {timeout_s:g} seconds, so I stopped it. Ask for less at once."
            return self._failed(loop, text, [], status=RunStatus.TIMEOUT)
        except ModelError as error:
            return self._failed(loop, f"The answer broke off: {error}", [("", error)])
        except ApplianceError as error:
            return self._failed(loop, str(error), [])
        except Exception:  # noqa: BLE001 - whatever a turn does, its run gets exactly one end
            _log.exception("run failed", extra={"runId": inbound.run_id})
            return self._failed(loop, FAULT_TEXT, [])

    def _timeout_s(self, inbound: Inbound) -> float:
        """Return how long this run may take: what its sender asked for, never more than the owner allows."""
        wanted_ms = inbound.origin.get("timeoutMs")
        limit_s = self._settings().timeout_s
        return min(limit_s, wanted_ms / 1000) if wanted_ms else limit_s

    async def _prepare(
        self, inbound: Inbound, control: RunControl, reporter: RunReporter, short: frozenset[str]
    ) -> AgentLoop:
        settings = self._settings()
        session, assembly = await self.context(inbound, short)

        async def run_tool(call: ToolCall, info: ModelInfo | None) -> ToolResult:
            control.acted = True
            return await self._tools.execute(call, inbound, info, settings.zone)

        async def take_steering() -> Sequence[Entry]:
            taken, control.steering[:] = list(control.steering), []
            run_ids = [one.run_id for one in taken]
            try:
                entries = await self._store.fold(run_ids, inbound.run_id, self._clock.now_ms())
            except ApplianceError:
                control.steering[:0] = taken  # they become the next turn
                raise
            control.folded += run_ids
            for run_id in run_ids:
                self._told_merged(inbound, run_id)
            return entries

        chain = self._chains.chain(session, inbound)
        if self._keeper is not None and asked_before(inbound):
            chain = Prefaced(chain, self._keeper.preface(inbound, settings.zone, self._hears(inbound)))
        return AgentLoop(
            chain=chain,
            run_tool=run_tool,
            transcript=RunTranscript(
                self._store,
                self._bus,
                inbound,
                waiting=control.steering,
                take=take_steering,
                now_ms=self._clock.now_ms,
            ),
            assembly=assembly,
            reporter=reporter,
            clock=self._clock,
        )

    async def context(self, inbound: Inbound, short: frozenset[str] = frozenset()) -> tuple[Session, Assembly]:
        """Return what a model would read of a session for an inbound. `short` are entries cut to one line."""
        settings = self._settings()
        session, history = await self._store.context(inbound.session_key, settings.history_limit)
        entries = [shortened(entry.message) if entry.id in short else entry.message for entry in history]
        images = await self._images(entries)
        return session, Assembly(
            entries,
            zone=settings.zone,
            tools=lambda model: self._tools.specs(inbound, model),
            session_key=inbound.session_key,
            load_blob=images.get,
            owner=settings.owner,
            extra_system=str(inbound.origin.get("extraSystemPrompt") or ""),
            bare_providers=settings.bare_providers,
            max_tokens=inbound.origin.get("maxTokens"),
            temperature=inbound.origin.get("temperature"),
            max_context=settings.max_context,
            kits=self._kits,
            background=inbound.lane in _BACKGROUND_LANES or inbound.source in _BACKGROUND_SOURCES,
        )

    async def _images(self, entries: Sequence[JsonObject]) -> dict[str, bytes]:
        wanted = {
            part["blob"]
            for entry in entries
            if not isinstance(entry.get("content"), str)
            for part in entry.get("content") or ()
            if part.get("type") == "image"
        }
        loaded = {}
        for sha256 in wanted:
            try:
                loaded[sha256] = await self._blobs.get(sha256)
            except StorageError as error:
                _log.warning("an attachment cannot be read: %s", error)
        return loaded

    def _aborted(self, control: RunControl, reporter: RunReporter, reason: str, said: JsonObject | None) -> End:
        end = End(RunStatus.ABORTED, said, reporter.text, reason)
        if self._keeper is None or control.acted or reporter.text:
            return end
        return replace(end, kept=self._keeper.returned(control.asked, reason, self._hears(control.inbound)))

    def _unanswered(
        self, control: RunControl, loop: AgentLoop | None, reporter: RunReporter, failure: AllFailed
    ) -> End:
        """Say why nobody answered, and keep the question where a connection is all that is missing."""
        language = self._hears(control.inbound)
        manners = polite(control.inbound.text, failure.attempts) if len(control.asked) <= 1 else None
        if manners is not None:
            return self._guidance(loop, reporter, manners)
        hold = Hold("")
        if self._keeper is not None and not control.acted and not reporter.text:
            hold = self._keeper.hold(control.asked, failure.attempts, language)
        if hold.kept is not None and hold.kept.tries:
            words: str | None = hold.words
        else:
            words = guidance(failure.attempts, language, instead=hold.words if hold.kept else "")
            if words is None and hold.kept:
                words = f"{failure} {hold.words}"
            elif words is not None and not hold.kept:
                words = f"{words} {hold.words}".rstrip()
        if words is None:
            return self._failed(loop, str(failure), failure.attempts)
        return replace(self._guidance(loop, reporter, words), kept=hold.kept)

    def _guidance(self, loop: AgentLoop | None, reporter: RunReporter, text: str) -> End:
        reporter.add_text(text)
        reporter.flush()
        entry = loop.say(text) if loop else None
        return End(RunStatus.OK, entry, reporter.text, "stop")

    def _failed(
        self,
        loop: AgentLoop | None,
        text: str,
        attempts: Sequence[tuple[str, ModelError]],
        *,
        status: RunStatus = RunStatus.ERROR,
    ) -> End:
        tried = [{"model": ref, "kind": error.kind.value, "message": str(error)} for ref, error in attempts]
        error = {"message": text, "attempts": tried}
        entry = loop.partial("error", text) if loop else None
        return End(status, entry, "", "error", error=error)

    async def _finish(self, inbound: Inbound, reporter: RunReporter, end: End) -> Run:
        usage = {**wire_usage(end.usage), "provider": end.names[0], "model": end.names[1]}
        if (cost := end.facts.get("costUsd")) is not None:
            usage["cost"] = {"total": cost}
        ended_as: dict[str, Any] = {
            "messages": [(str(end.entry["role"]), end.entry, None)] if end.entry else [],
            "error": end.error,
            "result": self._result(reporter, end, usage),
            "usage": usage,
            "now_ms": self._clock.now_ms(),
        }
        write = partial(self._store.finish_run, inbound.run_id, end.status, **ended_as)
        if self._keeper is not None and end.kept is not None:
            finish = partial(self._store.finish_run_in, run_id=inbound.run_id, status=end.status, **ended_as)
            write = partial(self._keeper.finish, end.kept, finish)
        # The next turn of the session cannot begin while this one has no end on disk.
        ended, entries = await until_stored(self._clock, write, what=f"the end of run {inbound.run_id}")
        publish_entries(self._bus, inbound.agent_id, entries)
        tell_end(reporter, end, ended)
        self._changed(inbound, "run-ended")
        return ended

    def _result(self, reporter: RunReporter, end: End, usage: JsonObject) -> JsonObject:
        meta = {
            "durationMs": max(0, self._clock.now_ms() - reporter.started_ms),
            "agentMeta": {"provider": end.names[0], "model": end.names[1], "usage": usage},
            "aborted": end.status is RunStatus.ABORTED,
            "stopReason": end.stop_reason,
            **({"answer": end.facts} if end.facts else {}),
        }
        return {"payloads": [{"text": end.text, "mediaUrl": None}] if end.text else [], "meta": meta}

    def _told_merged(self, inbound: Inbound, run_id: str) -> None:
        # Whoever sent it waits for a final of its own run; the answer is in the run it was merged into.
        merged = RunReporter(
            self._bus,
            self._clock,
            run_id=run_id,
            session_key=inbound.session_key,
            session_id="",
            agent_id=inbound.agent_id,
        )
        merged.chat("final", stopReason="merged")

    def _changed(self, inbound: Inbound, reason: str) -> None:
        now_ms = self._clock.now_ms()
        self._bus.publish(SessionChanged(inbound.session_key, inbound.agent_id, reason, inbound.run_id, now_ms))


def uncancel() -> None:
    """Take the cancellation of the current task back, because it was answered."""
    task = asyncio.current_task()
    if task is not None:
        while task.cancelling():
            task.uncancel()
