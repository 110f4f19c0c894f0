"""A conversation over an open connection, as what a terminal shows of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.client.connection import Connection, Event
from appliance.foundation.ids import new_id
from appliance.foundation.tasks import start
from appliance.foundation.visible import harmless

SEND_TIMEOUT_S = 30.0
_MAX_ITEMS = 10_000  # as many events as a connection keeps; more would have ended it


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing to show. `kind`: delta (new text), final, error, aborted, status, tool, grounding, gap.

    `facts` of a final answer: who gave it and what it took (tier, model, firstTokenMs, tokens, costUsd).
    """

    kind: str
    text: str = ""
    run_id: str = ""
    replace: bool = False
    facts: Mapping[str, Any] | None = None


def shown(event: Event, session_key: str) -> Shown | None:
    """Return what an event means for the window of `session_key`, None for what is not shown there."""
    if event.gap:
        return Shown("gap")
    payload = event.payload if isinstance(event.payload, dict) else {}
    if payload.get("sessionKey") != session_key:
        return None
    run_id = str(payload.get("runId", ""))
    if event.name == "agent" and payload.get("stream") == "tool":
        data = payload.get("data") or {}
        return Shown("tool", harmless(str(data.get("name", ""))), run_id) if data.get("phase") == "start" else None
    if event.name == "agent" and payload.get("stream") == "lifecycle":
        data = payload.get("data") or {}
        return Shown("grounding", str(data.get("model", "")), run_id) if data.get("phase") == "grounding" else None
    if event.name != "chat":
        return None
    match payload.get("state"):
        case "delta":
            return Shown("delta", harmless(str(payload.get("deltaText", ""))), run_id, bool(payload.get("replace")))
        case "final":
            return Shown("final", message_text(payload.get("message")), run_id, facts=_facts(payload.get("message")))
        case "error":
            return Shown("error", harmless(str(payload.get("errorMessage", "The run failed."))), run_id)
        case "aborted":
            return Shown("aborted", message_text(payload.get("message")), run_id)
        case "status":
            return Shown("status", str(payload.get("phase", "")), run_id)
    return None


def message_text(message: Any) -> str:
    """Return the visible text of a wire message. What a model read somewhere must not command the terminal."""
    if not isinstance(message, dict):
        return ""
    content = message.get("content")
    if not isinstance(content, str):
        content = "".join(part.get("text", "") for part in content or () if part.get("type") == "text")
    return harmless(content)


def _facts(message: Any) -> Mapping[str, Any] | None:
    facts = message.get("homarus") if isinstance(message, dict) else None
    return facts if isinstance(facts, dict) else None


class Conversation:
    """Sends to one session and yields what happens there."""

    def __init__(self, connection: Connection, session_key: str) -> None:
        self.session_key = session_key
        self._connection = connection
        self._commands: frozenset[str] | None = None

    @classmethod
    async def open(cls, connection: Connection, session: str) -> Conversation:
        """Open the session `session` (a key, or a short name such as `main`)."""
        await connection.call("sessions.subscribe")
        history = await connection.call("chat.history", {"sessionKey": session, "limit": 1})
        return cls(connection, str(history.get("sessionKey") or session))

    async def send(self, text: str) -> str:
        """Send a message; when this returns the gateway has it on disk. Returns the id of its run."""
        params = {"sessionKey": self.session_key, "message": text, "idempotencyKey": new_id(), "deliver": False}
        ack = await self._connection.call("chat.send", params, timeout_s=SEND_TIMEOUT_S)
        return str(ack["runId"])

    async def abort(self) -> None:
        """End what runs in this session."""
        await self._connection.call("chat.abort", {"sessionKey": self.session_key})

    async def commands(self) -> frozenset[str]:
        """Return the slash commands with their aliases; asked for once."""
        if self._commands is None:
            answer = await self._connection.call("commands.list")
            self._commands = frozenset(name for one in answer["commands"] for name in _names(one))
        return self._commands

    async def history(self, limit: int) -> list[dict[str, Any]]:
        """Return the last messages."""
        answer = await self._connection.call("chat.history", {"sessionKey": self.session_key, "limit": limit})
        return list(answer.get("messages") or ())

    async def shown(self) -> AsyncIterator[Shown]:
        """Yield what happens in this session until the connection ends."""
        async for event in self._connection.events():
            item = shown(event, self.session_key)
            if item is not None:
                yield item


def _names(command: dict[str, Any]) -> list[str]:
    return [str(name).removeprefix("/") for name in (command["name"], *command.get("textAliases", ()))]


async def answer_of(conversation: Conversation, text: str) -> AsyncIterator[Shown]:
    """Send `text` and yield what its run shows; the last item is final, error or aborted.

    Listening begins before the message is sent, so that no event of a fast answer is missed.
    """
    items: asyncio.Queue[Shown | BaseException] = asyncio.Queue(_MAX_ITEMS)

    async def listen() -> None:
        try:
            async for item in conversation.shown():
                items.put_nowait(item)
        except Exception as error:  # noqa: BLE001 - handed to the reader of the queue
            items.put_nowait(error)

    listener = start(listen(), name="listen")
    try:
        run_id = await conversation.send(text)
        while True:
            item = await items.get()
            if isinstance(item, BaseException):
                raise item
            if item.run_id != run_id:
                continue
            yield item
            if item.kind in ("final", "error", "aborted"):
                return
    finally:
        listener.cancel()
