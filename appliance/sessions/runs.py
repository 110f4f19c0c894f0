"""Inbounds and runs, as functions of a connection: accepted once, begun once, ended once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from appliance.messages import JsonObject
from appliance.sessions import transcript
from appliance.sessions.errors import ConflictError, RunEndedError, RunMissingError, SessionBusyError
from appliance.sessions.model import Acceptance, Entry, EntryRole, Inbound, Run, RunStatus, Source, UsageRow
from appliance.sessions.transcript import NewEntries
from appliance.storage.blobs import BlobRef

Token = Callable[[], str]

_COLUMNS = (
    "run_id, session_key, agent_id, source, lane, status, received_ms, started_ms, ended_ms, error, result, usage,"
    " merged_into"
)
_INBOUND = (
    "run_id, session_key, agent_id, source, text, attachments, idempotency_key, request_digest, lane, received_ms,"
    " origin"
)
_INTERRUPTED = "The box restarted before this was answered. Please ask again."

_encode = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_blobs = msgspec.json.Decoder(tuple[BlobRef, ...]).decode


def _json(value: JsonObject | None) -> str | None:
    return None if value is None else _encode(value).decode()


def _object(text: str | None) -> JsonObject | None:
    return None if text is None else _decode_object(text)


def _run(row: Any) -> Run:
    values = list(row)
    values[3] = Source(values[3])
    values[5] = RunStatus(values[5])
    values[9:12] = map(_object, values[9:12])
    return Run(*values)


def _inbound(row: Any) -> Inbound:
    values = list(row)
    values[3] = Source(values[3])
    values[4] = values[4] or ""
    values[5] = _decode_blobs(values[5]) if values[5] else ()
    values[10] = _decode_object(values[10])
    return Inbound(*values)


def accept(connection: sqlite3.Connection, inbound: Inbound) -> Acceptance:
    """Queue an inbound, or find the run that the same key got before. Its session must exist.

    Raises ConflictError `chat_request_conflict` when the key or run id was used for a different request.
    """
    known = connection.execute(
        "SELECT run_id, status, request_digest FROM runs"
        " WHERE run_id = ?1 OR (session_key = ?2 AND idempotency_key = ?3)",
        (inbound.run_id, inbound.session_key, inbound.idempotency_key),
    ).fetchall()
    if any(digest != inbound.request_digest for _, _, digest in known):
        raise ConflictError(
            "this idempotency key was used for a different request; use a new key for a new request",
            code="chat_request_conflict",
        )
    if known:
        return Acceptance(False, known[0][0], RunStatus(known[0][1]))
    connection.execute(
        f"INSERT INTO runs ({_INBOUND}, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued')",
        (
            inbound.run_id,
            inbound.session_key,
            inbound.agent_id,
            inbound.source.value,
            inbound.text,
            _encode(inbound.attachments).decode() if inbound.attachments else None,
            inbound.idempotency_key,
            inbound.request_digest,
            inbound.lane,
            inbound.received_ms,
            _encode(inbound.origin).decode(),
        ),
    )
    transcript.use_blobs(connection, inbound.session_key, (ref.sha256 for ref in inbound.attachments))
    return Acceptance(True, inbound.run_id, RunStatus.QUEUED)


def begin(
    connection: sqlite3.Connection, run_id: str, merge: Sequence[str], now_ms: int, token: Token
) -> tuple[Run, list[Entry]]:
    """Start a queued run and write what was asked, its own and merged inbounds in the order of acceptance.

    Merged ones that no longer wait (cancelled meanwhile) are left out. Raises RunMissingError, RunEndedError,
    SessionBusyError (the session has an active run).
    """
    inbounds = _waiting(connection, [run_id, *merge])
    try:
        started = connection.execute(
            "UPDATE runs SET status = 'running', started_ms = ?, text = NULL, attachments = NULL"
            " WHERE run_id = ? AND status = 'queued'",
            (now_ms, run_id),
        ).rowcount
    except sqlite3.IntegrityError as error:  # the partial unique index runs_active
        raise SessionBusyError("this session has an active run; wait for its end or abort it") from error
    if not started:
        raise _why_not(connection, run_id)
    _merge(connection, [one.run_id for one in inbounds if one.run_id != run_id], run_id, now_ms)
    run = need(connection, run_id)
    entries = _write(connection, run, inbounds, now_ms, token)
    connection.execute(
        "UPDATE sessions SET status = 'running', started_ms = ?, ended_ms = NULL WHERE key = ?",
        (now_ms, run.session_key),
    )
    return run, entries


def fold(connection: sqlite3.Connection, run_ids: Sequence[str], into: str, now_ms: int, token: Token) -> list[Entry]:
    """Merge queued inbounds into a run that is active (steer). Raises RunMissingError, RunEndedError."""
    run = need(connection, into)
    if run.status is not RunStatus.RUNNING:
        raise _why_not(connection, into)
    inbounds = [one for one in _waiting(connection, run_ids) if one.session_key == run.session_key]
    _merge(connection, [one.run_id for one in inbounds], into, now_ms)
    return _write(connection, run, inbounds, now_ms, token)


def _waiting(connection: sqlite3.Connection, run_ids: Sequence[str]) -> list[Inbound]:
    marks = ", ".join("?" * len(run_ids))
    rows = connection.execute(
        f"SELECT {_INBOUND} FROM runs WHERE run_id IN ({marks}) AND status = 'queued' ORDER BY n",
        list(run_ids),
    )
    return [_inbound(row) for row in rows]


def _merge(connection: sqlite3.Connection, run_ids: Sequence[str], into: str, now_ms: int) -> None:
    connection.executemany(
        "UPDATE runs SET status = 'merged', merged_into = ?, ended_ms = ?, text = NULL, attachments = NULL"
        " WHERE run_id = ?",
        [(into, now_ms, run_id) for run_id in run_ids],
    )


def _write(
    connection: sqlite3.Connection, run: Run, inbounds: Sequence[Inbound], now_ms: int, token: Token
) -> list[Entry]:
    messages = [(EntryRole.USER, user_message(one), f"{one.idempotency_key}:user") for one in inbounds]
    return transcript.append(connection, run.session_key, run.run_id, messages, now_ms, token)


def user_message(inbound: Inbound) -> JsonObject:
    """Return an inbound in the wire shape of a user entry (protocol 7.4); attachments name their blob."""
    content: Any = inbound.text
    if inbound.attachments:
        content = [{"type": "text", "text": inbound.text}] if inbound.text else []
        content += [
            {
                "type": "image" if ref.media_type.startswith("image/") else "file",
                "mimeType": ref.media_type,
                "blob": ref.sha256,
                "size": ref.size,
            }
            for ref in inbound.attachments
        ]
    message: dict[str, Any] = {"role": "user", "content": content, "timestamp": inbound.received_ms}
    if inbound.source is not Source.MESSAGE:
        message["source"] = inbound.source.value
    return message


def finish(
    connection: sqlite3.Connection,
    run_id: str,
    status: RunStatus,
    *,
    messages: NewEntries,
    error: JsonObject | None,
    result: JsonObject | None,
    usage: JsonObject | None,
    now_ms: int,
    token: Token,
) -> tuple[Run, list[Entry]]:
    """End a run, once, with its last entries. Raises RunMissingError, RunEndedError (also for a second call)."""
    if status not in (RunStatus.OK, RunStatus.ERROR, RunStatus.ABORTED, RunStatus.TIMEOUT):
        raise ValueError(f"{status} is no end of a run")
    rows = connection.execute(
        "UPDATE runs SET status = ?, ended_ms = ?, error = ?, result = ?, usage = ?, text = NULL, attachments = NULL"
        f" WHERE run_id = ? AND status IN ('queued', 'running') RETURNING {_COLUMNS}",
        (status.value, now_ms, _json(error), _json(result), _json(usage), run_id),
    ).fetchall()
    if not rows:
        raise _why_not(connection, run_id)
    run = _run(rows[0])
    entries = transcript.append(connection, run.session_key, run_id, messages, now_ms, token) if messages else []
    if run.started_ms is not None:  # a command ends without having been active
        _account(connection, run, usage or {}, now_ms)
    return run, entries


def _account(connection: sqlite3.Connection, run: Run, usage: JsonObject, now_ms: int) -> None:
    read, written = _count(usage, "input"), _count(usage, "output")
    total = _count(usage, "totalTokens") or read + written
    connection.execute(
        "UPDATE sessions SET status = ?, ended_ms = ?, updated_ms = ?, aborted_last_run = ?,"
        " input_tokens = input_tokens + ?, output_tokens = output_tokens + ?,"
        " total_tokens = CASE WHEN ? > 0 THEN ? ELSE total_tokens END WHERE key = ?",
        (
            run.status.value,
            now_ms,
            now_ms,
            run.status is RunStatus.ABORTED,
            read,
            written,
            total,
            total,
            run.session_key,
        ),
    )


def _count(usage: JsonObject, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


def cancel_queued(connection: sqlite3.Connection, run_id: str, now_ms: int) -> bool:
    """End a run that has not begun; False when it has begun, ended or never was."""
    return (
        connection.execute(
            "UPDATE runs SET status = 'aborted', ended_ms = ?, text = NULL, attachments = NULL"
            " WHERE run_id = ? AND status = 'queued'",
            (now_ms, run_id),
        ).rowcount
        > 0
    )


def queued(connection: sqlite3.Connection, session_key: str | None) -> list[Inbound]:
    """Return what waits, in the order of acceptance."""
    where, values = ("session_key = ? AND ", [session_key]) if session_key is not None else ("", [])
    rows = connection.execute(f"SELECT {_INBOUND} FROM runs WHERE {where}status = 'queued' ORDER BY n", values)
    return [_inbound(row) for row in rows]


def get(connection: sqlite3.Connection, run_id: str) -> Run | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return _run(row) if row else None


def need(connection: sqlite3.Connection, run_id: str) -> Run:
    """Return the run or raise RunMissingError."""
    if (run := get(connection, run_id)) is None:
        raise RunMissingError(f"there is no run {run_id}")
    return run


def by_key(connection: sqlite3.Connection, session_key: str, idempotency_key: str) -> Run | None:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE session_key = ? AND idempotency_key = ?",
        (session_key, idempotency_key),
    ).fetchone()
    return _run(row) if row else None


def recover(connection: sqlite3.Connection, now_ms: int, token: Token) -> tuple[list[Run], list[Entry]]:
    """End every run that was active when the last process died, each with a note that the person can read."""
    active = connection.execute("SELECT run_id FROM runs WHERE status = 'running' ORDER BY n").fetchall()
    ended: list[Run] = []
    notes: list[Entry] = []
    for (run_id,) in active:
        run, entries = finish(
            connection,
            run_id,
            RunStatus.ERROR,
            messages=[(EntryRole.NOTE, _interrupted_note(now_ms), None)],
            error={"code": "interrupted", "message": _INTERRUPTED},
            result=None,
            usage=None,
            now_ms=now_ms,
            token=token,
        )
        ended.append(run)
        notes += entries
    return ended, notes


def _interrupted_note(now_ms: int) -> JsonObject:
    return {
        "role": "assistant",
        "content": [{"type": "text", "text": _INTERRUPTED}],
        "stopReason": "error",
        "errorMessage": _INTERRUPTED,
        "timestamp": now_ms,
    }


def usage(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> list[UsageRow]:
    """Return tokens of the runs that ended in [from_ms, to_ms), by session, provider and model."""
    sums = ", ".join(
        f"coalesce(sum(json_extract(usage, '$.{name}')), 0)" for name in ("input", "output", "cacheRead", "cacheWrite")
    )
    rows = connection.execute(
        "SELECT session_key, agent_id, json_extract(usage, '$.provider') AS provider,"
        f" json_extract(usage, '$.model') AS model, count(*), {sums} FROM runs"
        " WHERE ended_ms >= ? AND ended_ms < ? AND usage IS NOT NULL"
        " GROUP BY session_key, agent_id, provider, model ORDER BY session_key",
        (from_ms, to_ms),
    )
    return [UsageRow(*row) for row in rows]


def _why_not(connection: sqlite3.Connection, run_id: str) -> Exception:
    run = get(connection, run_id)
    if run is None:
        return RunMissingError(f"there is no run {run_id}")
    if run.status.ended:
        return RunEndedError(f"the run {run_id} has ended already ({run.status})")
    return SessionBusyError(f"the run {run_id} is {run.status}")
