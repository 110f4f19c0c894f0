"""Facts from the bus, told to clients in the words of the wire (protocol.md 7.2, 7.3)."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from appliance.events import (
    AgendaChanged,
    Bus,
    ChatEvent,
    ConfigChanged,
    EntryStored,
    HealthChanged,
    ListsChanged,
    RunEvent,
    SessionChanged,
)
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.gateway.broadcast import Broadcaster, chat_payload
from appliance.gateway.methods.transcript_wire import wire_stored

_log = logging.getLogger(__name__)

_MAX_WAITING: Final = 1024
"""Session events that wait for their row. Past it they go out without the row: clients ask for it themselves."""

SessionRow = Callable[[str], Awaitable[dict[str, Any] | None]]


class Bridge:
    """Listens on the bus and broadcasts. `session_row` returns the wire row of a session for events that carry it."""

    def __init__(
        self,
        bus: Bus,
        broadcaster: Broadcaster,
        tasks: TaskSet,
        *,
        session_row: SessionRow | None = None,
        health_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._broadcaster = broadcaster
        self._tasks = tasks
        self._session_row = session_row
        self._health_changed = health_changed
        self._waiting: deque[tuple[str, str, dict[str, Any]]] = deque()
        self._running = False
        self._stops = [
            bus.listen(ChatEvent, self._on_chat),
            bus.listen(RunEvent, self._on_run),
            bus.listen(EntryStored, self._on_entry),
            bus.listen(SessionChanged, self._on_session),
            bus.listen(ConfigChanged, self._on_config),
            bus.listen(HealthChanged, self._on_health),
            bus.listen(AgendaChanged, self._on_agenda),
            bus.listen(ListsChanged, self._on_lists),
        ]

    def stop(self) -> None:
        """Hear nothing more."""
        for stop in self._stops:
            stop()
        self._stops.clear()

    def _on_chat(self, event: ChatEvent) -> None:
        self._broadcaster.send(
            "chat",
            lambda: chat_payload(event.run_id, event.session_key, event.agent_id, event.seq, event.state, event.fields),
            session_key=event.session_key,
        )

    def _on_run(self, event: RunEvent) -> None:
        def payload() -> dict[str, Any]:
            return {
                "runId": event.run_id,
                "sessionKey": event.session_key,
                "sessionId": event.session_id,
                "agentId": event.agent_id,
                "stream": event.stream,
                "data": event.data,
                "seq": event.seq,
                "ts": event.ts_ms,
            }

        if event.stream == "tool":
            self._broadcaster.send_tool(payload, session_key=event.session_key, run_id=event.run_id)
        else:
            self._broadcaster.send("agent", payload, session_key=event.session_key)

    def _on_entry(self, event: EntryStored) -> None:
        payload = {
            "sessionKey": event.session_key,
            "agentId": event.agent_id,
            "message": wire_stored(event),
            "messageId": event.entry_id,
            "messageSeq": event.seq,
        }
        if any(event.session_key in listener.subscriptions.messages for listener in self._broadcaster):
            self._with_row("session.message", event.session_key, payload)

    def _on_session(self, event: SessionChanged) -> None:
        payload: dict[str, Any] = {
            "sessionKey": event.session_key,
            "agentId": event.agent_id,
            "reason": event.reason,
            "ts": event.ts_ms,
        }
        if event.run_id is not None:
            payload["runId"] = event.run_id
        if any(listener.subscriptions.sessions for listener in self._broadcaster):
            self._with_row("sessions.changed", event.session_key, payload)

    def _on_config(self, event: ConfigChanged) -> None:
        self._broadcaster.send("config.changed", {"path": event.path, "hash": event.hash, "ts": event.ts_ms})

    def _on_health(self, event: HealthChanged) -> None:
        self._health_changed()

    def _on_agenda(self, _: AgendaChanged) -> None:
        self._broadcaster.send("homarus.agenda.changed", {})

    def _on_lists(self, _: ListsChanged) -> None:
        self._broadcaster.send("homarus.lists.changed", {})

    def _with_row(self, event: str, session_key: str, payload: dict[str, Any]) -> None:
        """Send `event` with the row of its session, in the order of the facts."""
        if self._session_row is None or len(self._waiting) >= _MAX_WAITING:
            self._broadcaster.send(event, payload, session_key=session_key)
            return
        self._waiting.append((event, session_key, payload))
        if not self._running:
            self._running = True
            self._tasks.spawn(self._send_with_rows(self._session_row), name="session-rows")

    async def _send_with_rows(self, session_row: SessionRow) -> None:
        try:
            while self._waiting:
                event, session_key, payload = self._waiting.popleft()
                try:
                    row = await session_row(session_key)
                except ApplianceError as error:
                    # The fact is what counts: it goes out without its row, and those behind it do not wait.
                    _log.warning("no row of %s for %s: %s", session_key, event, error)
                    row = None
                if row is not None:
                    payload["session"] = row
                self._broadcaster.send(event, payload, session_key=session_key)
        finally:
            self._running = False
