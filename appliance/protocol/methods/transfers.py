"""Our own session methods: search, export, import."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocol.methods.base import KeyText, NonEmpty, Params, Result


class SearchParams(Params, frozen=True):
    query: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    agent_id: NonEmpty | None = None


class SearchRow(Result, frozen=True):
    key: str
    message_id: str
    seq: int
    role: str
    created_at: int
    snippet: str


class SearchResult(Result, frozen=True):
    hits: list[SearchRow]


class ExportParams(Params, frozen=True):
    key: KeyText


class ExportResult(Result, frozen=True):
    """JSON lines: a header, then one entry a line."""

    key: str
    lines: list[str]


class ImportParams(Params, frozen=True):
    lines: Annotated[list[str], msgspec.Meta(min_length=1, max_length=200_000)]


class ImportResult(Result, frozen=True):
    key: str
    session_id: str
    entries: int
    ok: bool = True
