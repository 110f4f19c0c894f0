"""All tools of this unit."""

from __future__ import annotations

from typing import Final

from appliance.notes.list_tools import list_tools
from appliance.notes.note_tools import note_tools
from appliance.storage.database import Database
from appliance.tools.base import Tool

GROUPS: Final = ("assistant", "notes")


def notes_tools(database: Database) -> tuple[Tool, ...]:
    """Return the tools for notes and lists; register them in the groups GROUPS."""
    return (*note_tools(database), *list_tools(database))
