"""All tools of this unit."""

from __future__ import annotations

from typing import Final

from appliance.notes.list_tools import list_tools
from appliance.notes.note_tools import note_tools
from appliance.notes.store import Rows
from appliance.tools.base import Tool

GROUPS: Final = ("assistant", "notes")


def notes_tools(rows: Rows) -> tuple[Tool, ...]:
    """Return the tools for notes and lists; register them in the groups GROUPS."""
    return (*note_tools(rows), *list_tools(rows))
