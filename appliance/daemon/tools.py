"""Registers the tools of this box, each by name and group: an explicit list, nothing by import."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.agenda import tools as agenda_tools
from appliance.agenda import undoing as agenda_undoing
from appliance.agenda.store import AgendaStore
from appliance.health import HealthTracker
from appliance.mesh.tools import NodeTools
from appliance.notes import tools as notes_tools
from appliance.notes import undoing as notes_undoing
from appliance.notes.store import NotesStore
from appliance.tools import builtin
from appliance.tools.base import ToolOutput
from appliance.tools.builtin import home, undo_last
from appliance.tools.registry import Registry
from appliance.tools.undo import Undoer

UNEQUIPPED = "unequipped"
"""The group of the tools that can only say what is missing on this box."""
_DRIVERS: Mapping[str, home.Driver] = {}
_UNDOERS: Mapping[str, Undoer] = {**agenda_undoing.UNDOERS, **notes_undoing.UNDOERS}


class _Both:
    """Writes to the agenda and the notes: what is taken back may be of either, so both are told of."""

    def __init__(self, agenda: AgendaStore, notes: NotesStore) -> None:
        self._agenda = agenda
        self._notes = notes

    async def __call__(self, work: Callable[[sqlite3.Connection], ToolOutput], /) -> ToolOutput:
        result = await self._agenda.write(work)
        self._notes.tell()
        return result


def tools_of_the_box(
    notes: NotesStore, agenda: AgendaStore, tracker: HealthTracker, state: Path, nodes: NodeTools | None = None
) -> Registry:
    """Return the registry with every tool. `state` is the state directory, whose disk is watched."""
    registry = Registry()
    for tool in builtin.builtin_tools(state, tracker.conditions):
        registry.register(tool, groups=builtin.GROUPS)
    for tool in agenda_tools.agenda_tools(agenda):
        registry.register(tool, groups=agenda_tools.GROUPS)
    for tool in notes_tools.notes_tools(notes):
        registry.register(tool, groups=notes_tools.GROUPS)
    registry.register(undo_last.undo_tool(_Both(agenda, notes), _UNDOERS), groups=undo_last.GROUPS)
    unequipped = home.unequipped(_DRIVERS)
    for tool in home.home_tools(_DRIVERS):
        groups = (*home.GROUPS, UNEQUIPPED) if tool.spec.name in unequipped else home.GROUPS
        registry.register(tool, groups=groups)
    for tool, memberships in nodes.tools() if nodes is not None else ():
        registry.register(tool, groups=memberships)
    return registry
