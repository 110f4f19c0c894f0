"""What the agenda holds."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.agenda.recurrence import repeat_words
from appliance.tools import wording
from appliance.tools.speech import Speech, speech

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
    locale: str = "en"

    def time_zone(self) -> ZoneInfo:
        """Return the zone of the owner when this was set; UTC when this system no longer knows it."""
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    def sentence(self, late_ms: int) -> str:
        """Return what is said when it is due; `late_ms` is how long ago that was."""
        words = speech(self.locale)
        said = self._sentence(words)
        if late_ms < _LATE_MS:
            return said
        at = words.moment_phrase(self.due_ms, self.due_ms + late_ms, self.time_zone())
        late = words.say("late", late=words.duration(late_ms / 1000), at=at)
        return f"{said[:-1]}{late}." if said.endswith(".") and self.kind is not Kind.REMINDER else said + late

    def name(self, now_ms: int, words: Speech) -> str:
        """Return how a list shows it: `pasta, 4 minutes left (until 14:35)`."""
        at = words.moment(self.due_ms, now_ms, self.time_zone())
        if self.kind is Kind.TIMER:
            left = words.duration(max(0, self.due_ms - now_ms) / 1000)
            return words.say("timer.name", name=self.text or self._length(words), left=left, at=at)
        repeat = f", {repeat_words(self.repeat, words)}" if self.repeat else ""
        if self.kind is Kind.ALARM:
            return f"{at}{repeat}{f' ({self.text})' if self.text else ''}"
        return words.say("reminder.name", text=wording.quoted(self.text), at=f"{at}{repeat}")

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

    def _sentence(self, words: Speech) -> str:
        if self.kind is Kind.REMINDER:
            return words.say("reminder.due", text=self.text)
        named = ".named" if self.text else ""
        if self.kind is Kind.ALARM:
            at = wording.clock(wording.local(self.due_ms, self.time_zone()))
            return words.say(f"alarm.due{named}", time=at, name=self.text)
        length = f" ({self._length(words)})" if self.duration_s else ""
        return words.say(f"timer.due{named}", name=self.text, length=length)

    def _length(self, words: Speech) -> str:
        return words.exact_duration(self.duration_s or 0)
