"""The rows of what is kept, as functions of a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import digest
from appliance.messages import JsonObject
from appliance.sessions.model import Inbound, Source
from appliance.storage.blobs import BlobRef

DEFERRED = "deferred"
"""In the origin of a run: the run that first could not answer. Beside it `deferredMs`, when it was asked, and
`deferredTries`, how often it was asked again."""
_COLUMNS = "run_id, tries, session_key, session_id, agent_id, text, attachments, origin, asked_ms, locale, refs"
_encode = msgspec.json.Encoder().encode


def asked_before(inbound: Inbound) -> bool:
    """Tell whether an inbound asks again what was kept."""
    return bool(inbound.origin.get(DEFERRED))


class GoneError(ApplianceError):
    """What was kept is not kept any more."""

    code = "later_gone"


@dataclass(frozen=True, slots=True)
class Kept:
    """A question that waits. `refs` are the models that could not be reached; `asked_ms` is wall time."""

    run_id: str
    tries: int
    session_key: str
    session_id: str
    agent_id: str
    text: str
    attachments: tuple[BlobRef, ...]
    origin: JsonObject
    asked_ms: int
    locale: str
    refs: tuple[str, ...]

    def again(self, now_ms: int) -> Inbound:
        """Return it as a new inbound; the same one however often this is called."""
        run_id = f"later:{self.run_id}:{self.tries + 1}"
        marks = {DEFERRED: self.run_id, "deferredMs": self.asked_ms, "deferredTries": self.tries + 1}
        return Inbound(
            run_id=run_id,
            session_key=self.session_key,
            agent_id=self.agent_id,
            source=Source.MESSAGE,
            text=self.text,
            attachments=self.attachments,
            idempotency_key=run_id,
            request_digest=digest(_encode([self.session_key, run_id, self.text])),
            lane="main",
            received_ms=now_ms,
            origin={**self.origin, **marks, "queueMode": "followup", "suppressCommandInterpretation": True},
        )


def kept_of(asked: Sequence[Inbound], locale: str, refs: tuple[str, ...]) -> Kept:
    """Return the question that one turn asked; `asked` are its inbounds, the last names the run. `insert` finds the
    conversation."""
    last = asked[-1]
    return Kept(
        run_id=str(last.origin.get(DEFERRED) or last.run_id),
        tries=int(last.origin.get("deferredTries") or 0),
        session_key=last.session_key,
        session_id="",
        agent_id=last.agent_id,
        text="\n\n".join(one.text for one in asked if one.text),
        attachments=tuple(ref for one in asked for ref in one.attachments),
        origin={name: value for name, value in last.origin.items() if not name.startswith(DEFERRED)},
        asked_ms=int(last.origin.get("deferredMs") or last.received_ms),
        locale=locale,
        refs=refs,
    )


def insert(connection: sqlite3.Connection, kept: Kept) -> Kept:
    """Keep a question in the conversation that has its key now; return it with the id of that."""
    found = connection.execute("SELECT session_id FROM sessions WHERE key = ?", (kept.session_key,)).fetchone()
    kept = replace(kept, session_id=found[0] if found is not None else "")
    connection.execute(
        f"INSERT INTO later ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kept.run_id,
            kept.tries,
            kept.session_key,
            kept.session_id,
            kept.agent_id,
            kept.text,
            _encode(kept.attachments).decode(),
            _encode(kept.origin).decode(),
            kept.asked_ms,
            kept.locale,
            _encode(kept.refs).decode(),
        ),
    )
    return kept


def delete(connection: sqlite3.Connection, run_id: str) -> bool:
    """Drop a question; False when it is not kept."""
    return connection.execute("DELETE FROM later WHERE run_id = ?", (run_id,)).rowcount > 0


def everything(connection: sqlite3.Connection) -> list[Kept]:
    """Return all that is kept, oldest first."""
    return [_kept(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM later ORDER BY asked_ms, n")]


def session_is_there(connection: sqlite3.Connection, kept: Kept) -> bool:
    """Tell whether the conversation in which it was asked still exists."""
    found = connection.execute("SELECT session_id FROM sessions WHERE key = ?", (kept.session_key,)).fetchone()
    return found is not None and found[0] == kept.session_id


def _kept(row: Any) -> Kept:
    values = list(row)
    values[6] = msgspec.json.decode(values[6], type=tuple[BlobRef, ...])
    values[7] = msgspec.json.decode(values[7])
    values[10] = msgspec.json.decode(values[10], type=tuple[str, ...])
    return Kept(*values)
