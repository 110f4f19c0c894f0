"""How a run ends: what is stored of it, and the one end that its listeners are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from appliance.agent.loop import Outcome
from appliance.agent.report import RunReporter
from appliance.context.assembly import MARKS
from appliance.dispatch.later.rows import Kept
from appliance.events import Bus, SessionChanged
from appliance.foundation.clock import Clock
from appliance.messages import JsonObject, Usage
from appliance.sessions.model import Entry, Run, RunStatus


@dataclass(frozen=True, slots=True)
class End:
    """How a run ends, before it is stored."""

    status: RunStatus
    entry: JsonObject | None
    text: str
    stop_reason: str
    usage: Usage = field(default_factory=Usage)
    names: tuple[str, str] = ("", "")
    error: JsonObject | None = None
    facts: JsonObject = field(default_factory=dict)
    kept: Kept | None = None  # the question, to be asked again: stored with the end


def completed(outcome: Outcome) -> End:
    return End(
        RunStatus.OK,
        outcome.entry,
        outcome.text,
        outcome.ending.value,
        outcome.usage,
        (outcome.provider, outcome.model),
        facts=outcome.facts,
    )


def tell_end(reporter: RunReporter, end: End, run: Run) -> None:
    """Publish the one end of a run: chat first, as clients redraw on it, then the lifecycle."""
    message = reporter.message() | ({MARKS: end.facts} if end.facts else {}) if end.text else None
    shown: dict[str, Any] = {"message": message} if message else {}
    times = {"startedAt": run.started_ms, "endedAt": run.ended_ms}
    match end.status:
        case RunStatus.OK:
            reporter.chat("final", stopReason=end.stop_reason, **shown)
            reply = {"disposition": "visible", "text": end.text} if end.text else {"disposition": "empty"}
            facts = {
                "aborted": False,
                "stopReason": end.stop_reason,
                "executionSettled": True,
                "terminalReply": reply,
            }
            if end.facts:
                facts["answer"] = end.facts
            reporter.emit("lifecycle", {"phase": "end", **times, **facts})
        case RunStatus.ABORTED:
            reporter.chat("aborted", stopReason=end.stop_reason, **shown)
            facts = {
                "status": "cancelled",
                "aborted": True,
                "stopReason": end.stop_reason,
                "executionSettled": True,
            }
            reporter.emit("lifecycle", {"phase": "end", **times, **facts})
        case _:
            text = str(end.error["message"]) if end.error else "failed"
            detail = _error_detail(end.error)
            reporter.chat("error", errorMessage=text, **({"errorDetail": detail} if detail else {}))
            reporter.emit("lifecycle", {"phase": "error", "error": text, **times})


def tell_said(bus: Bus, clock: Clock, entry: Entry, *, run_id: str, agent_id: str, reason: str) -> None:
    """Publish what the box said on its own, as a run that no model took part in; its entry is stored already."""
    reporter = RunReporter(
        bus, clock, run_id=run_id, session_key=entry.session_key, session_id=entry.session_id, agent_id=agent_id
    )
    reporter.emit("lifecycle", {"phase": "start", "startedAt": reporter.started_ms})
    reporter.add_text(entry.message["content"][0]["text"])
    reporter.chat("final", stopReason="stop", message=reporter.message())
    reply = {"disposition": "visible", "text": reporter.text}
    ended = {"endedAt": entry.created_ms, "aborted": False, "stopReason": "stop", "terminalReply": reply}
    reporter.emit("lifecycle", {"phase": "end", **ended})
    bus.publish(SessionChanged(entry.session_key, agent_id, reason, run_id, entry.created_ms))


def _error_detail(error: JsonObject | None) -> dict[str, str] | None:
    attempts = error.get("attempts") if error else None
    if not attempts:
        return None
    provider, _, model = str(attempts[-1]["model"]).partition("/")
    return {"provider": provider, "model": model, "failoverReason": str(attempts[-1]["kind"])}
