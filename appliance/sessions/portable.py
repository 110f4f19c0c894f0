"""A session as JSON lines: a header, then every entry. What one box exports, another imports."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from appliance.sessions import rows, transcript
from appliance.sessions.errors import SessionError
from appliance.sessions.model import Entry, EntryRole, Session

_FORMAT = 1
_MAX_LINE_BYTES = 16 << 20


# It becomes a part of the name of an archive: nothing but a name may be one.
_Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$")]
_Moment: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class _Header(msgspec.Struct, frozen=True, rename="camel", tag_field="type", tag="session", omit_defaults=True):
    """The first line."""

    format: int
    key: str
    session_id: _Name
    agent_id: str
    created_ms: _Moment
    updated_ms: _Moment
    label: str | None = None
    settings: dict[str, Any] = {}
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    base_seq: int = 0


class _Line(msgspec.Struct, frozen=True, rename="camel", tag_field="type", tag="entry", omit_defaults=True):
    """Every other line."""

    id: str
    seq: int
    role: Literal["user", "assistant", "toolResult", "note"]
    message: dict[str, Any]
    created_ms: _Moment
    run_id: str | None = None
    idempotency_key: str | None = None


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """What every reader of a transcript takes for granted about a part of a message."""

    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    arguments: dict[str, Any] = {}
    blob: str = ""
    mime_type: str = ""


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    """The same of a message (protocol.md 7.4)."""

    role: Literal["user", "assistant", "toolResult"]
    content: str | list[_Part]
    timestamp: _Moment
    tool_call_id: str = ""
    tool_name: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is missing that is used without asking."""
        parts = () if isinstance(self.content, str) else self.content
        calls = all(part.id and part.name for part in parts if part.type == "toolCall")
        images = all(part.blob and part.mime_type for part in parts if part.type == "image")
        listed = self.role == "user" or not isinstance(self.content, str)
        return calls and images and listed and (self.role != "toolResult" or bool(self.tool_call_id and self.tool_name))


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Header | _Line).decode


def header_line(session: Session) -> str:
    """Return the first line of an export."""
    return _encode(
        _Header(
            _FORMAT,
            session.key,
            session.session_id,
            session.agent_id,
            session.created_ms,
            session.updated_ms,
            session.label,
            dict(session.settings),
            session.input_tokens,
            session.output_tokens,
            session.total_tokens,
            session.last_seq - session.message_count,
        )
    ).decode()


def entry_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield one line for each entry."""
    for entry in entries:
        line = _Line(
            entry.id,
            entry.seq,
            entry.role.value,
            dict(entry.message),
            entry.created_ms,
            entry.run_id,
            entry.idempotency_key,
        )
        yield _encode(line).decode()


class _Import:
    """Lines read so far, checked one by one."""

    def __init__(self) -> None:
        self.header: _Header | None = None
        self.lines: list[_Line] = []

    def read(self, number: int, text: str) -> None:
        if len(text) > _MAX_LINE_BYTES:
            raise SessionError(f"line {number} is longer than {_MAX_LINE_BYTES} characters")
        try:
            line = _decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise SessionError(f"line {number} is no line of a session export: {error}") from error
        if isinstance(line, _Header):
            if self.header is not None or line.format != _FORMAT:
                raise SessionError(f"line {number}: one header of format {_FORMAT} is expected, at the beginning")
            self.header = line
        elif self.header is None or line.seq != len(self.lines) + 1:
            raise SessionError(f"line {number}: entries follow the header and are numbered 1, 2, 3, …")
        else:
            _check(number, line.message)
            self.lines.append(line)


def _check(number: int, message: dict[str, Any]) -> None:
    """Refuse what would break every later turn of the session."""
    try:
        whole = msgspec.convert(message, _Message).whole
    except msgspec.ValidationError as error:
        raise SessionError(f"line {number}: its message cannot be used: {error}") from error
    if not whole:
        raise SessionError(f"line {number}: its message lacks the names of a call, of a result or of an image")


def load(connection: sqlite3.Connection, texts: Iterable[str], now_ms: int, new_session_id: str) -> Session:
    """Make the session of an export, with a new session id where the old one is taken.

    Raises SessionError that names the line, ConflictError `session_exists` or `label_in_use`.
    """
    reading = _Import()
    for number, text in enumerate(texts, 1):
        if text.strip():
            reading.read(number, text)
    header = reading.header
    if header is None or not 0 <= header.base_seq <= len(reading.lines):
        raise SessionError("the export is not whole: its header is missing or names entries that are not there")
    taken = rows.find(connection, key=None, session_id=header.session_id, label=None) is not None
    session_id = new_session_id if taken else header.session_id
    rows.insert(connection, header.key, header.agent_id, header.created_ms, session_id)
    rows.patch(connection, header.key, {"label": header.label, "settings": header.settings}, now_ms)
    transcript.insert(
        connection,
        [
            Entry(
                line.id if line.id.startswith(f"{line.seq:x}-") else f"{line.seq:x}-{line.id}",
                line.seq,
                header.key,
                session_id,
                line.run_id,
                EntryRole(line.role),
                line.message,
                line.created_ms,
                line.idempotency_key,
            )
            for line in reading.lines
        ],
    )
    _count(connection, header, reading.lines)
    return rows.need(connection, header.key)


def _count(connection: sqlite3.Connection, header: _Header, lines: list[_Line]) -> None:
    current = lines[header.base_seq :]
    preview = next((text for line in reversed(current) if (text := transcript.spoken(line.role, line.message))), None)
    asked = (transcript.plain_text(line.message) for line in current if line.role == "user")
    title = next((text for text in asked if text), None)
    connection.execute(
        "UPDATE sessions SET last_seq = ?, base_seq = ?, updated_ms = ?, last_activity_ms = ?, input_tokens = ?,"
        " output_tokens = ?, total_tokens = ?, last_preview = ?, derived_title = ? WHERE key = ?",
        (
            len(lines),
            header.base_seq,
            header.updated_ms,
            lines[-1].created_ms if lines else header.updated_ms,
            header.input_tokens,
            header.output_tokens,
            header.total_tokens,
            transcript.preview(preview),
            transcript.title(title),
            header.key,
        ),
    )
