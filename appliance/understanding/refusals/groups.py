"""The groups of tools that refusals are written for."""

from __future__ import annotations

import re
from re import Pattern
from typing import Final, TypeAlias

from appliance.understanding.vocabulary import ESCALATE, TOOLS, WRITING

Refusal: TypeAlias = tuple[frozenset[str], Pattern[str]]

ALL: Final = frozenset(TOOLS) - {ESCALATE}
WORDY: Final = ALL - {"unit_convert"}  # "translate 350 fahrenheit" is a conversion
CHANGING: Final = WRITING - {"reminder_set", "note_add"}  # the text of these two may say anything
# what is not said with "no need for": that takes something away
MAKING: Final = frozenset(
    {"timer_set", "alarm_set", "reminder_set", "note_add", "list_add", "light_set", "volume_set", "media_control"}
)
MARKING: Final = MAKING - {"list_add"}  # "dad asked for razors on the list" is a wish
CLOCKS: Final = frozenset({"timer_set", "alarm_set"})
ALARMS: Final = frozenset({"alarm_set", "alarm_cancel", "alarm_list"})
KEPT: Final = CLOCKS | {"timer_list", "alarm_list", "reminder_list", "note_list", "note_search", "list_show"}
SHOWN: Final = frozenset({"timer_list", "alarm_list", "reminder_list", "note_list", "list_show"})
PENDING: Final = frozenset({"timer_list", "alarm_list", "reminder_list", "list_show"})
LAMPS: Final = frozenset({"light_set"})
BOX: Final = frozenset({"box_health"})
NOTES: Final = frozenset({"note_list", "note_search"})
LIGHT: Final = frozenset({"light_set", "media_control"})
REMINDING: Final = frozenset({"reminder_set"})
LISTED: Final = frozenset({"list_show"})


def refusal(tools: frozenset[str], *parts: str) -> Refusal:
    """Return a refusal: one of the patterns is found in the lower-case sentence."""
    return tools, re.compile("|".join(f"(?:{part})" for part in parts))
