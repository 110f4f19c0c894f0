"""sessions.*: reading. What changes sessions is in session_changes.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.session_rows import SessionRows, classify
from appliance.gateway.methods.transcript_wire import plain_text, wire_message
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.sessions import (
    MessagesSubscribeParams,
    MessagesUnsubscribeParams,
    PreviewItem,
    SessionPreview,
    SessionsDescribeParams,
    SessionsDescribeResult,
    SessionsGetParams,
    SessionsGetResult,
    SessionsListParams,
    SessionsListResult,
    SessionsPreviewParams,
    SessionsPreviewResult,
    SessionsResolveParams,
    SessionsResolveResult,
    SubscribeResult,
)
from appliance.sessions.model import Entry, Session, SessionFilter

READ, SESSIONS_READ = "operator.read", "operator.sessions.read"
DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_SCAN = 5000  # rows looked at for filters that the database does not know
MAX_WATCHED = 512  # transcripts that one connection may listen to


class SessionReader(Protocol):
    """What is read here (sessions.store)."""

    async def get(self, key: str) -> Session | None: ...
    async def resolve(
        self, *, key: str | None = None, session_id: str | None = None, label: str | None = None
    ) -> Session | None: ...
    async def history(
        self, key: str, limit: int, *, before_seq: int | None = None, after_seq: int | None = None
    ) -> Sequence[Entry]: ...
    async def list(
        self, filter: SessionFilter = ..., *, limit: int = 100, offset: int = 0
    ) -> tuple[Sequence[Session], int]: ...


class SessionLists:
    """Filters and pages the rows of sessions."""

    def __init__(self, *, store: SessionReader, rows: SessionRows, agent_ids: Callable[[], set[str]]) -> None:
        self._store = store
        self._rows = rows
        self._agent_ids = agent_ids

    async def page(self, params: SessionsListParams, now_ms: int) -> tuple[Sequence[Session], int, int]:
        """Return the sessions of one page, how many match in all, and the limit that was applied."""
        limit = min(params.limit or DEFAULT_LIMIT, MAX_LIMIT)
        archived = None if params.archived == "all" else bool(params.archived)
        wanted = SessionFilter(
            agent_id=params.agent_id,
            archived=archived,
            label=params.label,
            text=params.search or None,
            active_since_ms=now_ms - params.active_minutes * 60_000 if params.active_minutes else None,
        )
        if not _needs_scan(params):
            found, total = await self._store.list(wanted, limit=limit, offset=params.offset)
            return found, total, limit
        everything, _ = await self._store.list(wanted, limit=MAX_SCAN)
        matching = [one for one in everything if self._matches(one, params)]
        if params.sort_by != "updatedAt":
            matching.sort(key=lambda one: one.last_activity_ms, reverse=True)
        return matching[params.offset : params.offset + limit], len(matching), limit

    def _matches(self, session: Session, params: SessionsListParams) -> bool:
        use = classify(session.key)
        return not (
            (params.pinned is not None and session.pinned is not params.pinned)
            or (params.exclude_subagents and use == "subagent")
            or (params.exclude_cron and use == "cron")
            or (params.spawned_by is not None and session.settings.get("spawnedBy") != params.spawned_by)
            or (params.active_only and not self._rows.row(session).has_active_run)
            or (params.require_last_interaction and session.message_count == 0)
            or (params.configured_agents_only and session.agent_id not in self._agent_ids())
        )


def _needs_scan(params: SessionsListParams) -> bool:
    return (
        params.sort_by != "updatedAt"
        or params.pinned is not None
        or params.spawned_by is not None
        or params.exclude_subagents
        or params.exclude_cron
        or params.active_only
        or params.require_last_interaction
        or params.configured_agents_only
    )


def methods(
    *,
    store: SessionReader,
    rows: SessionRows,
    addressing: Addressing,
    agent_ids: Callable[[], set[str]],
    database_path: str,
) -> tuple[Method, ...]:
    """Return the methods that read sessions and subscribe to them."""
    lists = SessionLists(store=store, rows=rows, agent_ids=agent_ids)

    async def list_(call: Call, params: SessionsListParams) -> SessionsListResult:
        found, total, limit = await lists.page(params, call.now_ms)
        reached = params.offset + len(found)
        more = bool(found) and reached < total
        return SessionsListResult(
            ts=call.now_ms,
            path=database_path,
            count=len(found),
            total_count=total,
            limit_applied=limit,
            next_offset=reached if more else None,
            has_more=more,
            defaults=rows.defaults(addressing.agent(params.agent_id).id),
            sessions=[rows.row(one) for one in found],
        )

    async def describe(_: Call, params: SessionsDescribeParams) -> SessionsDescribeResult:
        session = await store.get(addressing.locate(params.key, params.agent_id).key)
        return SessionsDescribeResult(session=rows.row(session) if session else None)

    async def get(_: Call, params: SessionsGetParams) -> SessionsGetResult:
        entries = await store.history(addressing.locate(params.key).key, params.limit)
        return SessionsGetResult(messages=[wire_message(entry) for entry in entries])

    async def preview(call: Call, params: SessionsPreviewParams) -> SessionsPreviewResult:
        previews = [await preview_one(key, params.limit, params.max_chars) for key in params.keys]
        return SessionsPreviewResult(ts=call.now_ms, previews=previews)

    async def preview_one(key: str, limit: int, max_chars: int) -> SessionPreview:
        place = addressing.locate(key)
        if await store.get(place.key) is None:
            return SessionPreview(key=key, status="missing", items=[])
        items = [_preview_item(entry, max_chars) for entry in await store.history(place.key, limit)]
        shown = [item for item in items if item.text]
        return SessionPreview(key=key, status="ok" if shown else "empty", items=shown)

    async def resolve(_: Call, params: SessionsResolveParams) -> SessionsResolveResult:
        session = await find(params)
        if session is not None and params.agent_id not in (None, session.agent_id):
            session = None
        if session is None:
            if params.allow_missing:
                return SessionsResolveResult(ok=False)
            named = params.key or params.session_id or params.label or params.short_id
            raise invalid_request(f"No session found: {named}")
        shown = rows.row(session).display_name
        return SessionsResolveResult(ok=True, key=session.key, agent_id=session.agent_id, display_name=shown)

    async def find(params: SessionsResolveParams) -> Session | None:
        key = params.reference.key if params.reference else params.key
        if key is not None:
            return await store.resolve(key=addressing.locate(key, params.agent_id).key)
        if params.session_id is not None:
            return await store.resolve(session_id=params.session_id)
        if params.label is not None:
            return await store.resolve(label=params.label)
        if params.short_id is None:
            raise invalid_request("one of key, sessionId, label or shortId is required")
        found, _ = await store.list(SessionFilter(agent_id=params.agent_id, archived=None), limit=MAX_SCAN)
        return next((one for one in found if one.session_id.startswith(params.short_id or "?")), None)

    def subscribe(call: Call, _: SessionsListParams) -> SubscribeResult:
        call.subscriptions.sessions = True
        return SubscribeResult(subscribed=True)

    def unsubscribe(call: Call, _: SessionsListParams) -> SubscribeResult:
        call.subscriptions.sessions = False
        return SubscribeResult(subscribed=False)

    def watch(call: Call, params: MessagesSubscribeParams) -> SubscribeResult:
        key = addressing.locate(params.key, params.agent_id).key
        if len(call.subscriptions.messages) >= MAX_WATCHED and key not in call.subscriptions.messages:
            raise invalid_request(f"too many subscriptions: at most {MAX_WATCHED} sessions per connection")
        call.subscriptions.messages.add(key)
        return SubscribeResult(subscribed=True, key=key)

    def unwatch(call: Call, params: MessagesUnsubscribeParams) -> SubscribeResult:
        key = addressing.locate(params.key, params.agent_id).key
        call.subscriptions.messages.discard(key)
        return SubscribeResult(subscribed=False, key=key)

    def reading(name: str, params: type, handler: object, result: type, **more: bool) -> Method:
        return Method(name, READ, params, handler, narrow=SESSIONS_READ, result=result, **more)  # type: ignore[arg-type]  # the handlers above all fit

    return (
        reading("sessions.list", SessionsListParams, list_, SessionsListResult),
        reading("sessions.describe", SessionsDescribeParams, describe, SessionsDescribeResult),
        reading("sessions.get", SessionsGetParams, get, SessionsGetResult, advertised=False),
        reading("sessions.preview", SessionsPreviewParams, preview, SessionsPreviewResult),
        reading("sessions.resolve", SessionsResolveParams, resolve, SessionsResolveResult, advertised=False),
        reading("sessions.subscribe", SessionsListParams, subscribe, SubscribeResult),
        reading("sessions.unsubscribe", SessionsListParams, unsubscribe, SubscribeResult, advertised=False),
        reading("sessions.messages.subscribe", MessagesSubscribeParams, watch, SubscribeResult),
        reading("sessions.messages.unsubscribe", MessagesUnsubscribeParams, unwatch, SubscribeResult),
    )


def _preview_item(entry: Entry, max_chars: int) -> PreviewItem:
    text = " ".join(plain_text(entry.message).split())
    if len(text) > max_chars:
        text = text[: max_chars - 1] + "…"
    return PreviewItem(role=wire_message(entry, 0)["role"], text=text)
