"""Timers, alarms and reminders for those who show them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, KeyText, Name200, Params, Result, Unset

MAX_SHOWN = 500


class AgendaListParams(Params, frozen=True):
    """Without `session_key` what is pending in every session."""

    session_key: KeyText | None = None
    agent_id: Name200 | None = None
    kind: Literal["timer", "alarm", "reminder"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_SHOWN)] = 200


class AgendaRow(Result, frozen=True):
    """One that is pending. `left_ms` is counted by the clock of the box, at `now_ms` of the answer.

    `local_time` (`HH:MM` in `zone`) and `repeat` are those of an alarm or a reminder; `duration_s` is that of a timer.
    """

    id: str
    kind: str
    session_key: str
    agent_id: str
    due_ms: int
    left_ms: int
    zone: str
    text: str
    created_ms: int
    locale: str
    local_time: str | Unset = UNSET
    repeat: str | Unset = UNSET
    duration_s: int | Unset = UNSET


class AgendaListResult(Result, frozen=True):
    """The nearest first; `total` counts those that were left out as well."""

    now_ms: int
    rows: list[AgendaRow]
    total: int


class AgendaCancelParams(Params, frozen=True):
    ids: Annotated[list[Name200], msgspec.Meta(min_length=1, max_length=100)]


class AgendaCancelResult(Result, frozen=True):
    """`missing` were told or cancelled before, or never were."""

    cancelled: list[AgendaRow]
    missing: list[str]
