"""sessions.*: what creates, changes and ends sessions. Each change is stored first, then told on the bus."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from appliance.events import Bus, SessionChanged
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import new_id
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing, Place
from appliance.gateway.methods.seams import Dispatching, Models
from appliance.gateway.methods.sending import Outgoing, Sender
from appliance.gateway.methods.session_rows import SessionRows, lifecycle
from appliance.messages import JsonObject
from appliance.protocol.errors import invalid_request, to_wire
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.chat import Attachment, ChatSendResult, ServerTiming
from appliance.protocol.methods.session_changes import (
    SessionsAbortParams,
    SessionsAbortResult,
    SessionsCreateParams,
    SessionsCreateResult,
    SessionsDeleteParams,
    SessionsDeleteResult,
    SessionsPatchParams,
    SessionsPatchResult,
    SessionsResetParams,
    SessionsResetResult,
    SessionsSendParams,
)
from appliance.sessions.model import Run, Session

WRITE, ADMIN, SESSIONS_WRITE = "operator.write", "operator.admin", "operator.sessions.write"
_ADDRESS = frozenset({"key", "agent_id", "expected_session_id", "expected_lifecycle_revision"})
# What arranges the list is for everybody who may write; what changes how the agent acts is for admins (protocol.md 6).
_ARRANGING = frozenset(
    {"label", "auto_label", "archived", "pinned", "unread", "icon", "color", "category", "model"}
    | {"board_face", "board_presentation", "status_note", "attention", "ttl_minutes"}
)
_ROW_FIELDS = {"label": "label", "archived": "archived", "pinned": "pinned", "unread": "unread"}
_NOT_THERE_YET = (
    "worktree",
    "repository",
    "project_git_url",
    "exec_node",
    "cwd",
    "fork",
    "incognito",
    "tool_overrides",
    "permission_mode",
)


class SessionWriter(Protocol):
    """What is changed here (sessions.store)."""

    async def get(self, key: str) -> Session | None: ...
    async def ensure(self, key: str, agent_id: str, now_ms: int) -> Session: ...
    async def create(
        self, key: str, agent_id: str, now_ms: int, *, label: str | None = None, settings: JsonObject | None = None
    ) -> Session: ...
    async def patch(self, key: str, changes: JsonObject, now_ms: int) -> Session: ...
    async def reset(self, key: str, now_ms: int) -> Session: ...
    async def delete(self, key: str, now_ms: int, *, keep_archive: bool = True) -> list[str]: ...
    async def run(self, run_id: str) -> Run | None: ...


def patch_scope(params: SessionsPatchParams) -> str:
    """Return the scope that a change needs, by the fields that it sets."""
    asked = {name for name, value in msgspec.structs.asdict(params).items() if value is not UNSET} - _ADDRESS
    return WRITE if asked <= _ARRANGING else ADMIN


def delete_scope(params: SessionsDeleteParams) -> str:
    """Return the scope that a deletion needs: what is archived already may be tidied up by everybody who writes."""
    return WRITE if params.archived_only else ADMIN


def create_scope(params: SessionsCreateParams) -> str:
    """Return the scope that a new session needs: rights of its own are given by admins only."""
    return ADMIN if params.permission_mode or params.tool_overrides or params.exec_node else WRITE


class SessionChanges:
    """Changes sessions and tells the bus why."""

    def __init__(
        self,
        *,
        store: SessionWriter,
        dispatcher: Dispatching,
        sender: Sender,
        rows: SessionRows,
        addressing: Addressing,
        models: Models,
        bus: Bus,
        clock: Clock,
        database_path: str,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._sender = sender
        self._rows = rows
        self._addressing = addressing
        self._models = models
        self._bus = bus
        self._clock = clock
        self._database_path = database_path

    def _tell(self, place: Place, reason: str) -> None:
        self._bus.publish(SessionChanged(place.key, place.agent_id, reason, None, self._clock.now_ms()))

    async def _existing(self, place: Place, session_id: str | None, revision: str | None = None) -> Session:
        session = await self._store.get(place.key)
        if session is None:
            raise invalid_request(f"session not found: {place.key}")
        if session_id not in (None, session.session_id) or revision not in (None, lifecycle(session)):
            raise invalid_request(
                "session changed since it was read; load it again",
                details={"reason": "session-changed", "sessionId": session.session_id},
            )
        return session

    def _model(self, wanted: str) -> str:
        model = self._models.find(wanted)
        if model is None:
            raise invalid_request(f"unknown model: {wanted}; models.list names those that are set up")
        return model.ref

    async def create(self, call: Call, params: SessionsCreateParams) -> SessionsCreateResult:
        for name in _NOT_THERE_YET:
            if getattr(params, name):
                raise invalid_request(f"sessions.create: {name} is not available on this gateway")
        agent = self._addressing.agent(params.agent_id)
        key = params.key or f"agent:{agent.id}:dashboard:{new_id()}"
        place = self._addressing.locate(key, params.agent_id)
        settings: dict[str, Any] = {}
        if params.model is not None:
            settings["model"] = self._model(params.model)
        if params.thinking_level is not None:
            settings["thinkingLevel"] = params.thinking_level
        if params.parent_session_key is not None:
            settings["parentSessionKey"] = self._addressing.locate(params.parent_session_key).key
        session = await self._made(place, params.label or params.display_name, settings, call.now_ms)
        self._tell(place, "create")
        result = SessionsCreateResult(
            key=place.key,
            session_id=session.session_id,
            entry=self._rows.entry(session),
            run_started=False,
            resolved=self._rows.resolved(session),
        )
        if not (params.message or params.task or params.attachments):
            return result
        return await self._first_message(call, params, place, result)

    async def _made(self, place: Place, label: str | None, settings: JsonObject, now_ms: int) -> Session:
        """Make a session; one that exists under this key already is taken as it is, with the new wishes."""
        if await self._store.get(place.key) is None:
            return await self._store.create(place.key, place.agent_id, now_ms, label=label, settings=settings)
        changes: dict[str, Any] = {"settings": settings}
        if label is not None:
            changes["label"] = label
        return await self._store.patch(place.key, changes, now_ms)

    async def _first_message(
        self, call: Call, params: SessionsCreateParams, place: Place, result: SessionsCreateResult
    ) -> SessionsCreateResult:
        run_id = params.idempotency_key or new_id()
        outgoing = Outgoing(
            place,
            params.message or params.task or "",
            run_id,
            msgspec.convert(params.attachments or [], list[Attachment]),
            {"client": call.connection.client.id, "channel": "webchat"},
        )
        call.subscriptions.join_run(run_id)
        try:
            submitted = await self._sender.send(outgoing)
        except ApplianceError as error:
            # The session is made; that its first message was refused is a second fact.
            shape = msgspec.to_builtins(to_wire(error).shape())
            return msgspec.structs.replace(result, run_error=shape)
        return msgspec.structs.replace(result, run_started=True, run_id=submitted.run_id, status="started")

    async def patch(self, call: Call, params: SessionsPatchParams) -> SessionsPatchResult:
        place = self._addressing.locate(params.key, params.agent_id)
        if params.expected_session_id is None and params.expected_lifecycle_revision is None:
            # A user interface chooses the model of a conversation before its first message.
            await self._store.ensure(place.key, place.agent_id, call.now_ms)
        else:
            await self._existing(place, params.expected_session_id, params.expected_lifecycle_revision)
        changes: dict[str, Any] = {}
        settings: dict[str, Any] = {}
        for name, value in msgspec.structs.asdict(params).items():
            if value is UNSET or name in _ADDRESS:
                continue
            if name == "model":
                settings["model"] = None if value is None else self._model(value)
            elif name == "auto_label":
                changes["derived_title"] = value
            elif name in _ROW_FIELDS:
                changes[_ROW_FIELDS[name]] = value
            else:
                settings[_camel(name)] = value
        if settings:
            changes["settings"] = settings
        session = await self._store.patch(place.key, changes, call.now_ms)
        self._tell(place, "patch")
        return SessionsPatchResult(
            path=self._database_path,
            key=place.key,
            entry=self._rows.entry(session),
            resolved=self._rows.resolved(session),
        )

    async def reset(self, call: Call, params: SessionsResetParams) -> SessionsResetResult:
        place = self._addressing.locate(params.key, params.agent_id)
        session = await self._store.get(place.key)
        if session is not None:
            await self._existing(place, params.expected_session_id)
            await self._dispatcher.abort(place.key, reason="session-reset")
            session = await self._store.reset(place.key, call.now_ms)
        else:
            session = await self._store.create(place.key, place.agent_id, call.now_ms)
        self._tell(place, params.reason)
        return SessionsResetResult(
            key=place.key, entry=self._rows.entry(session), resolved=self._rows.resolved(session)
        )

    async def delete(self, call: Call, params: SessionsDeleteParams) -> SessionsDeleteResult:
        place = self._addressing.locate(params.key, params.agent_id)
        if place == self._addressing.main(place.agent_id):
            raise invalid_request(f"Cannot delete the main session ({place.key}); reset it instead")
        if await self._store.get(place.key) is None:
            return SessionsDeleteResult(key=place.key, deleted=False, archived=[])
        session = await self._existing(place, params.expected_session_id, params.expected_lifecycle_revision)
        if params.archived_only and not session.archived:
            raise invalid_request(f"session is not archived: {place.key}")
        await self._dispatcher.abort(place.key, reason="session-delete")
        # `deleteTranscript` or not: the transcript is kept as an archive, as in the reference.
        kept = await self._store.delete(place.key, call.now_ms)
        self._tell(place, "delete")
        return SessionsDeleteResult(key=place.key, deleted=True, archived=kept)

    async def send(self, call: Call, params: SessionsSendParams) -> ChatSendResult:
        started = self._clock.monotonic()
        place = self._addressing.locate(params.key, params.agent_id)
        await self._existing(place, None)
        loaded = self._clock.monotonic()
        origin = {
            "client": call.connection.client.id,
            "channel": "webchat",
            "thinking": params.thinking,
            "timeoutMs": params.timeout_ms,
        }
        attachments = msgspec.convert(params.attachments or [], list[Attachment])
        run_id = params.idempotency_key or new_id()
        call.subscriptions.join_run(run_id)
        submitted = await self._sender.send(Outgoing(place, params.message, run_id, attachments, origin))
        timing = ServerTiming(
            received_to_ack_ms=round((self._clock.monotonic() - started) * 1000, 3),
            load_session_ms=round((loaded - started) * 1000, 3),
        )
        return ChatSendResult(run_id=submitted.run_id, server_timing=timing)

    async def abort(self, _: Call, params: SessionsAbortParams) -> SessionsAbortResult:
        if params.key is not None:
            key = self._addressing.locate(params.key, params.agent_id).key
        elif params.run_id is not None:
            run = await self._store.run(params.run_id)
            if run is None:
                return SessionsAbortResult(aborted_run_id=None, status="no-active-run")
            key = run.session_key
        else:
            raise invalid_request("key or runId required")
        run_id = params.run_id
        if run_id is None and not params.clear_queued:
            active = self._dispatcher.active(key)
            if not active:
                return SessionsAbortResult(aborted_run_id=None, status="no-active-run")
            run_id = active[0]
        ended = await self._dispatcher.abort(key, run_id, reason="rpc")
        if not ended:
            return SessionsAbortResult(aborted_run_id=None, status="no-active-run")
        return SessionsAbortResult(aborted_run_id=ended[-1], status="aborted")

    def methods(self) -> tuple[Method, ...]:
        """Return the methods that change sessions."""
        narrow = SESSIONS_WRITE
        return (
            Method(
                "sessions.create",
                create_scope,
                SessionsCreateParams,
                self.create,
                idempotent=True,
                narrow=narrow,
                result=SessionsCreateResult,
            ),
            Method(
                "sessions.patch",
                patch_scope,
                SessionsPatchParams,
                self.patch,
                narrow=narrow,
                result=SessionsPatchResult,
            ),
            Method("sessions.reset", ADMIN, SessionsResetParams, self.reset, result=SessionsResetResult),
            Method(
                "sessions.delete",
                delete_scope,
                SessionsDeleteParams,
                self.delete,
                narrow=narrow,
                result=SessionsDeleteResult,
            ),
            Method("sessions.send", WRITE, SessionsSendParams, self.send, narrow=narrow, result=ChatSendResult),
            Method(
                "sessions.abort",
                WRITE,
                SessionsAbortParams,
                self.abort,
                narrow=narrow,
                result=SessionsAbortResult,
            ),
        )


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
