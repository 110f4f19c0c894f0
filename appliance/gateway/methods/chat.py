"""chat.*: what a chat window asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from appliance.foundation.clock import Clock
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing, Place
from appliance.gateway.methods.commands import command_entries
from appliance.gateway.methods.history import DEFAULT_MAX_CHARS, Histories, History
from appliance.gateway.methods.models import model_choices
from appliance.gateway.methods.seams import Dispatching, Models
from appliance.gateway.methods.sending import Outgoing, Sender
from appliance.gateway.methods.transcript_wire import size_of, wire_message
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.chat import (
    ChatAbortParams,
    ChatAbortResult,
    ChatHistoryParams,
    ChatHistoryResult,
    ChatInjectParams,
    ChatInjectResult,
    ChatMessageGetParams,
    ChatMessageGetResult,
    ChatMetadata,
    ChatMetadataParams,
    ChatSendParams,
    ChatSendResult,
    ChatStartupParams,
    ServerTiming,
)
from appliance.sessions.model import Entry, Run, Session, SessionFilter

READ, WRITE, ADMIN = "operator.read", "operator.write", "operator.admin"
SESSIONS_READ, SESSIONS_WRITE = "operator.sessions.read", "operator.sessions.write"
_MAX_MESSAGE_BYTES = 20 * 1024 * 1024


class ChatStore(Protocol):
    """What is read and made here (sessions.store)."""

    async def get(self, key: str) -> Session | None: ...
    async def ensure(self, key: str, agent_id: str, now_ms: int) -> Session: ...
    async def entry(self, key: str, entry_id: str) -> Entry | None: ...
    async def run(self, run_id: str) -> Run | None: ...
    async def list(
        self, filter: SessionFilter = ..., *, limit: int = 100, offset: int = 0
    ) -> tuple[Sequence[Session], int]: ...


def methods(
    *,
    store: ChatStore,
    dispatcher: Dispatching,
    sender: Sender,
    histories: Histories,
    addressing: Addressing,
    models: Models,
    clock: Clock,
) -> tuple[Method, ...]:
    """Return the chat methods, bound to this gateway."""

    def metadata() -> ChatMetadata:
        commands = command_entries(dispatcher.commands(), "both", include_args=True)
        return ChatMetadata(models=model_choices(models, details=False), commands=commands)

    async def send(call: Call, params: ChatSendParams) -> ChatSendResult:
        started = clock.monotonic()
        place = addressing.locate(params.session_key, params.agent_id)
        await sender.check_expected(place, params.session_id, params.expected_leaf_entry_id)
        loaded = clock.monotonic()
        origin = {
            "client": call.connection.client.id,
            "connId": call.connection.conn_id,
            "channel": "webchat",
            "thinking": params.thinking,
            "queueMode": params.queue_mode,
            "timeoutMs": params.timeout_ms,
            "replyToId": params.reply_to_id,
            "suppressCommandInterpretation": params.suppress_command_interpretation or None,
        }
        outgoing = Outgoing(place, params.message, params.idempotency_key, params.attachments or (), origin)
        call.subscriptions.join_run(params.idempotency_key)
        submitted = await sender.send(outgoing)
        return ChatSendResult(
            run_id=submitted.run_id,
            server_timing=ServerTiming(
                received_to_ack_ms=round((clock.monotonic() - started) * 1000, 3),
                load_session_ms=round((loaded - started) * 1000, 3),
            ),
        )

    async def history(_: Call, params: ChatHistoryParams) -> History:
        return await histories.read(addressing.locate(params.session_key, params.agent_id), params)

    async def startup(_: Call, params: ChatStartupParams) -> History:
        return await histories.read(await startup_place(params), params, metadata())

    async def startup_place(params: ChatStartupParams) -> Place:
        if params.session_key is not None:
            return addressing.locate(params.session_key, params.agent_id)
        if params.short_id is None:
            return addressing.main(params.agent_id)
        sessions, _ = await store.list(SessionFilter(agent_id=params.agent_id, archived=None), limit=1000)
        for session in sessions:
            if session.session_id.startswith(params.short_id):
                return Place(session.key, session.agent_id)
        raise invalid_request(f"No session found: {params.short_id}")

    async def abort(_: Call, params: ChatAbortParams) -> ChatAbortResult:
        place = addressing.locate(params.session_key, params.agent_id)
        ended = await dispatcher.abort(place.key, params.run_id, reason="rpc")
        if not ended and params.run_id is not None:
            run = await store.run(params.run_id)
            if run is not None and run.session_key != place.key:
                raise invalid_request("runId does not match sessionKey")
        return ChatAbortResult(aborted=bool(ended), run_ids=list(ended))

    async def inject(call: Call, params: ChatInjectParams) -> ChatInjectResult:
        place = addressing.locate(params.session_key, params.agent_id)
        session = await store.get(place.key)
        if session is None:
            raise invalid_request("session not found")
        entry = await dispatcher.inject(session, params.message, params.label or None)
        return ChatInjectResult(message_id=entry.id)

    async def message_get(_: Call, params: ChatMessageGetParams) -> ChatMessageGetResult:
        place = addressing.locate(params.session_key, params.agent_id)
        entry = await store.entry(place.key, params.message_id)
        if entry is None:
            return ChatMessageGetResult(ok=False, unavailable_reason="not_found")
        message = wire_message(entry, params.max_chars or 5 * DEFAULT_MAX_CHARS)
        if size_of(message) > _MAX_MESSAGE_BYTES:
            return ChatMessageGetResult(ok=False, unavailable_reason="oversized")
        return ChatMessageGetResult(ok=True, message=message)

    def metadata_get(_: Call, params: ChatMetadataParams) -> ChatMetadata:
        addressing.agent(params.agent_id)
        return metadata()

    return (
        Method("chat.send", WRITE, ChatSendParams, send, narrow=SESSIONS_WRITE, result=ChatSendResult),
        Method("chat.history", READ, ChatHistoryParams, history, narrow=SESSIONS_READ, result=ChatHistoryResult),
        Method("chat.startup", READ, ChatStartupParams, startup, narrow=SESSIONS_READ, result=ChatHistoryResult),
        Method("chat.abort", WRITE, ChatAbortParams, abort, narrow=SESSIONS_WRITE, result=ChatAbortResult),
        Method("chat.inject", ADMIN, ChatInjectParams, inject, result=ChatInjectResult, advertised=False),
        Method(
            "chat.message.get",
            READ,
            ChatMessageGetParams,
            message_get,
            narrow=SESSIONS_READ,
            result=ChatMessageGetResult,
        ),
        Method("chat.metadata", READ, ChatMetadataParams, metadata_get, narrow=SESSIONS_READ, result=ChatMetadata),
    )
