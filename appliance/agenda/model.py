"""What the agenda holds."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.agenda.recurrence import repeat_words
from appliance.tools import wording

_LATE_MS = 60_000


class Kind(enum.StrEnum):
    """What something is to the owner; the value is the word for it."""

    TIMER = "timer"
    ALARM = "alarm"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Due:
    """One timer, alarm or reminder that has not been told yet.

    `due_ms` is the next moment; `zone` and `local_time` (`HH:MM`) bring a repeating one to its next. `relative`: set
    as a length of time, which a clock that is put right must not change.
    """

    id: str
    kind: Kind
    session_key: str
    agent_id: str
    due_ms: int
    zone: str
    local_time: str
    repeat: str | None
    text: str
    duration_s: int | None
    relative: bool
    created_ms: int

    def time_zone(self) -> ZoneInfo:
        """Return the zone of the owner when this was set; UTC when this system no longer knows it."""
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    def sentence(self, late_ms: int) -> str:
        """Return what is said when it is due; `late_ms` is how long ago that was."""
        said = self._sentence()
        if late_ms < _LATE_MS:
            return said
        zone = self.time_zone()
        at = wording.moment(wording.local(self.due_ms, zone), wording.local(self.due_ms + late_ms, zone))
        late = f" ({wording.duration(late_ms / 1000)} late, it was due {_at(at)})"
        return f"{said[:-1]}{late}." if said.endswith(".") and self.kind is not Kind.REMINDER else said + late

    def name(self, now_ms: int) -> str:
        """Return how a list shows it: `pasta, 4 minutes left (until 14:35)`."""
        zone = self.time_zone()
        at = wording.moment(wording.local(self.due_ms, zone), wording.local(now_ms, zone))
        if self.kind is Kind.TIMER:
            left = wording.duration(max(0, self.due_ms - now_ms) / 1000)
            return f"{self.text or self._length()}, {left} left (until {at})"
        repeat = f", {repeat_words(self.repeat)}" if self.repeat else ""
        if self.kind is Kind.ALARM:
            return f"{at}{repeat}{f' ({self.text})' if self.text else ''}"
        return f"{wording.quoted(self.text)} ({at}{repeat})"

    def data(self) -> dict[str, Any]:
        """Return it as JSON for programs."""
        values = {
            "id": self.id,
            "kind": str(self.kind),
            "dueMs": self.due_ms,
            "dueAt": wording.local(self.due_ms, self.time_zone()).isoformat(timespec="seconds"),
            "text": self.text or None,
            "durationS": self.duration_s,
            "repeat": self.repeat,
        }
        return {key: value for key, value in values.items() if value is not None}

    def _sentence(self) -> str:
        if self.kind is Kind.REMINDER:
            return f"Reminder: {self.text}"
        if self.kind is Kind.ALARM:
            at = wording.clock(wording.local(self.due_ms, self.time_zone()))
            return f"Alarm, {at}: {self.text}" if self.text else f"Alarm: it is {at}."
        length = f" ({self._length()})" if self.duration_s else ""
        return f"Your timer “{self.text}”{length} is done." if self.text else f"Your timer{length} is done."

    def _length(self) -> str:
        return wording.exact_duration(self.duration_s or 0)


def _at(moment: str) -> str:
    return moment if " at " in moment else f"at {moment}"
