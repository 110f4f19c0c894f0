"""agent and agent.wait: one turn asked for by method, and the wait for its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing, Place
from appliance.gateway.methods.seams import Dispatching
from appliance.gateway.methods.sending import Outgoing, Sender
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.agents import (
    AgentAccepted,
    AgentFinished,
    AgentParams,
    AgentWaitParams,
    AgentWaitResult,
    TerminalReply,
)
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.chat import Attachment
from appliance.sessions.model import Run, RunStatus, Session

DEFAULT_WAIT_MS = 30_000
MAX_WAIT_S = 24 * 3600.0  # every run has a limit of its own far below; this only bounds the future that waits
_ABORT_GRACE_S = 15.0
_RESET_COMMANDS = frozenset({"/new", "/reset"})
Status = Literal["ok", "error", "timeout"]


class SessionFinder(Protocol):
    """Finds a session by its id (sessions.store)."""

    async def resolve(
        self, *, key: str | None = None, session_id: str | None = None, label: str | None = None
    ) -> Session | None: ...


def agent_scope(params: AgentParams) -> str:
    """Return the scope that a request needs: who may reset a session may do so by its command too."""
    words = params.message.split(maxsplit=1)
    return "operator.admin" if words and words[0].lower() in _RESET_COMMANDS else "operator.write"


def run_status(run: Run | None) -> Status:
    """Return the end of a run in the words of the protocol; None (not ended in time, unknown) is timeout."""
    if run is None or run.status is RunStatus.TIMEOUT:
        return "timeout"
    return "ok" if run.status is RunStatus.OK else "error"


def run_error(run: Run) -> str | None:
    """Return why a run failed, as one sentence."""
    if run.error is not None:
        return str(run.error.get("message") or run.error.get("code") or "failed")
    return "The run was aborted." if run.status is RunStatus.ABORTED else None


def run_text(run: Run) -> str:
    """Return the text that a run answered with."""
    payloads = (run.result or {}).get("payloads") or ()
    return "\n\n".join(str(one["text"]) for one in payloads if one.get("text"))


def finished(run_id: str, run: Run | None) -> AgentFinished:
    """Return the final answer of `agent`."""
    status = run_status(run)
    result: Mapping[str, Any] = (run.result if run else None) or {"payloads": [], "meta": {}}
    if run is None:
        return AgentFinished(run_id=run_id, status=status, summary="timed out", result=result)
    error = run_error(run)
    if status == "ok" or error is None:
        return AgentFinished(run_id=run_id, status=status, summary="completed", result=result)
    if not result.get("payloads"):
        result = {**result, "payloads": [{"text": error, "mediaUrl": None, "isError": True}]}
    return AgentFinished(run_id=run_id, status=status, summary=error, result=result, error=error)


def wait_result(run_id: str, run: Run | None) -> AgentWaitResult:
    """Return the answer of `agent.wait`."""
    status = run_status(run)
    if run is None:
        return AgentWaitResult(run_id=run_id, status=status)
    text = run_text(run)
    reply = TerminalReply(disposition="visible", text=text) if text else TerminalReply(disposition="empty")
    meta = (run.result or {}).get("meta") or {}
    return AgentWaitResult(
        run_id=run_id,
        status=status,
        started_at=or_unset(run.started_ms),
        ended_at=or_unset(run.ended_ms),
        stop_reason=or_unset(meta.get("stopReason")),
        error=or_unset(run_error(run)) if status != "ok" else UNSET,
        terminal_reply=reply,
    )


def methods(
    *, dispatcher: Dispatching, sender: Sender, addressing: Addressing, sessions: SessionFinder
) -> tuple[Method, ...]:
    """Return the methods that run a turn and wait for it."""

    async def place_of(params: AgentParams) -> Place:
        if params.session_key:
            return addressing.locate(params.session_key, params.agent_id)
        if params.session_id:
            session = await sessions.resolve(session_id=params.session_id)
            if session is None:
                raise invalid_request(f"No session found: {params.session_id}")
            return addressing.locate(session.key, params.agent_id)
        return addressing.main(params.agent_id)

    async def agent(call: Call, params: AgentParams) -> AgentFinished:
        place = await place_of(params)
        await sender.check_expected(place, params.expected_existing_session_id)
        model = params.model
        if model and params.provider:
            model = f"{params.provider}/{model}"
        origin = {
            "client": call.connection.client.id,
            "channel": params.channel or "webchat",
            "thinking": params.thinking,
            "model": model,
            "extraSystemPrompt": params.extra_system_prompt,
            "queueMode": "followup",
            "deliver": params.deliver,
        }
        attachments = msgspec.convert(params.attachments or [], list[Attachment])
        lane = params.lane if params.lane in ("main", "subagent", "cron") else None
        outgoing = Outgoing(place, params.message, params.idempotency_key, attachments, origin, lane)
        call.subscriptions.join_run(params.idempotency_key)
        submitted = await sender.send(outgoing)
        call.early(
            AgentAccepted(
                run_id=submitted.run_id,
                session_key=place.key,
                agent_id=place.agent_id,
                accepted_at=call.now_ms,
            )
        )
        run = await dispatcher.wait(submitted.run_id, float(params.timeout or MAX_WAIT_S))
        if run is None and params.timeout:
            await dispatcher.abort(place.key, submitted.run_id, reason="timeout")
            ended = await dispatcher.wait(submitted.run_id, _ABORT_GRACE_S)
            return msgspec.structs.replace(finished(submitted.run_id, ended), status="timeout")
        return finished(submitted.run_id, run)

    async def wait(_: Call, params: AgentWaitParams) -> AgentWaitResult:
        timeout_ms = DEFAULT_WAIT_MS if params.timeout_ms is None else params.timeout_ms
        run = await dispatcher.wait(params.run_id, min(timeout_ms / 1000, MAX_WAIT_S))
        return wait_result(params.run_id, run)

    return (
        Method(
            "agent",
            agent_scope,
            AgentParams,
            agent,
            result=AgentFinished,
        ),
        Method("agent.wait", "operator.write", AgentWaitParams, wait, result=AgentWaitResult),
    )
