"""Sessions as clients read them: rows of lists, entries after a change, the defaults behind both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from appliance.gateway.methods.seams import Dispatching, Models
from appliance.messages import JsonObject
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.session_changes import ResolvedModel, SessionEntry
from appliance.protocol.methods.sessions import SessionDefaults, SessionRow, SessionState
from appliance.sessions.keys import KeyKind, SessionKey, main_key
from appliance.sessions.model import RunStatus, Session

STATES: dict[RunStatus, SessionState] = {
    RunStatus.QUEUED: "queued",
    RunStatus.RUNNING: "running",
    RunStatus.OK: "done",
    RunStatus.MERGED: "done",
    RunStatus.ERROR: "failed",
    RunStatus.ABORTED: "killed",
    RunStatus.TIMEOUT: "timeout",
}
Kind = Literal["direct", "group", "global", "unknown"]
_KINDS: dict[str, Kind] = {"group": "group", "global": "global", "unknown": "unknown"}


class SessionRows:
    """Builds rows from what the store and the dispatcher know; asks nobody and reads no transcript."""

    def __init__(
        self, *, dispatcher: Dispatching, models: Models, queue_mode: Callable[[], str] = lambda: "collect"
    ) -> None:
        self._dispatcher = dispatcher
        self._models = models
        self._queue_mode = queue_mode

    def defaults(self, agent_id: str) -> SessionDefaults:
        """Return what a session of this agent uses unless it chose something."""
        model = self._models.primary(agent_id)
        if model is None:
            return SessionDefaults(model_provider=None, model=None, context_tokens=None)
        return SessionDefaults(model_provider=model.provider, model=model.id, context_tokens=model.context_window)

    def resolved(self, session: Session) -> ResolvedModel:
        """Return the model that the next turn of a session asks first."""
        facts = self._model(session)
        return ResolvedModel(model_provider=facts.model_provider, model=facts.model)

    def _model(self, session: Session) -> SessionDefaults:
        chosen = session.settings.get("model")
        model = self._models.find(chosen) if isinstance(chosen, str) else None
        if model is None:
            return self.defaults(session.agent_id)
        return SessionDefaults(model_provider=model.provider, model=model.id, context_tokens=model.context_window)

    def row(self, session: Session) -> SessionRow:
        """Return the row of a session."""
        model = self._model(session)
        active = list(self._dispatcher.active(session.key))
        settings = session.settings
        use = classify(session.key)
        return SessionRow(
            key=session.key,
            session_id=session.session_id,
            kind=_KINDS.get(session.kind, "direct"),
            agent_id=session.agent_id,
            is_main=use == "main",
            chat_type="group" if session.kind == "group" else "direct",
            classification=use,
            updated_at=session.updated_ms,
            created_at=session.created_ms,
            last_activity_at=session.last_activity_ms,
            archived=session.archived,
            pinned=session.pinned,
            unread=session.unread,
            has_active_run=bool(active),
            active_run_ids=active or UNSET,
            input_tokens=session.input_tokens,
            output_tokens=session.output_tokens,
            total_tokens=session.total_tokens,
            total_tokens_fresh=session.total_tokens > 0,
            effective_queue_mode=str(settings.get("queueMode") or self._queue_mode()),
            aborted_last_run=session.aborted_last_run,
            system_sent=session.message_count > 0,
            is_background=use in ("subagent", "cron"),
            label=or_unset(session.label),
            display_name=or_unset(session.label or session.derived_title),
            derived_title=or_unset(session.derived_title),
            last_message_preview=or_unset(session.last_preview),
            channel=or_unset(SessionKey.parse(session.key).channel),
            model=or_unset(model.model),
            model_provider=or_unset(model.model_provider),
            model_override_source="user" if settings.get("model") else None,
            context_tokens=or_unset(model.context_tokens),
            thinking_level=or_unset(settings.get("thinkingLevel")),
            verbose_level=or_unset(settings.get("verboseLevel")),
            status=STATES[session.status] if session.status else UNSET,
            started_at=or_unset(session.started_ms),
            ended_at=or_unset(session.ended_ms),
            runtime_ms=_runtime(session),
            spawned_by=or_unset(settings.get("spawnedBy")),
        )

    def absent(self, key: str, agent_id: str) -> dict[str, Any]:
        """Return what can be said of a session that nobody wrote in yet."""
        defaults = self.defaults(agent_id)
        active = list(self._dispatcher.active(key))
        facts: dict[str, Any] = {"key": key, "agentId": agent_id, "kind": "direct", "hasActiveRun": bool(active)}
        if defaults.model is not None:
            facts |= {"model": defaults.model, "modelProvider": defaults.model_provider}
        return facts

    def entry(self, session: Session) -> SessionEntry:
        """Return the stored facts of a session, as answers to a change carry them."""
        settings: JsonObject = session.settings
        chosen = settings.get("model")
        model = self._models.find(chosen) if isinstance(chosen, str) else None
        return SessionEntry(
            session_id=session.session_id,
            lifecycle_revision=lifecycle(session),
            updated_at=session.updated_ms,
            created_at=session.created_ms,
            aborted_last_run=session.aborted_last_run,
            system_sent=session.message_count > 0,
            input_tokens=session.input_tokens,
            output_tokens=session.output_tokens,
            total_tokens=session.total_tokens,
            total_tokens_fresh=session.total_tokens > 0,
            archived=session.archived,
            pinned=session.pinned,
            unread=session.unread,
            label=or_unset(session.label),
            status=STATES[session.status] if session.status else UNSET,
            provider_override=model.provider if model else UNSET,
            model_override=model.id if model else UNSET,
            thinking_level=or_unset(settings.get("thinkingLevel")),
            verbose_level=or_unset(settings.get("verboseLevel")),
            queue_mode=or_unset(settings.get("queueMode")),
        )


def lifecycle(session: Session) -> str:
    """Return what changes when a session begins anew, and only then: guards of clients compare it."""
    return f"{session.session_id}.{session.last_seq - session.message_count}"


def _runtime(session: Session) -> Any:
    if session.started_ms is None or session.ended_ms is None:
        return UNSET
    return max(0, session.ended_ms - session.started_ms)


def classify(key: str) -> str:
    """Return what a session is for: main, dashboard, subagent, cron, openai, channel or custom."""
    parsed = SessionKey.parse(key)
    if key == main_key(parsed.agent_id):
        return "main"
    if parsed.kind in (KeyKind.DASHBOARD, KeyKind.SUBAGENT, KeyKind.CRON, KeyKind.OPENAI):
        return parsed.kind.value
    return "channel" if parsed.channel else "custom"
