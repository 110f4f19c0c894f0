"""Registers the tools of this box, each by name and group: an explicit list, nothing by import."""

from __future__ import annotations

from pathlib import Path

from appliance.agenda import tools as agenda_tools
from appliance.agenda.store import AgendaStore
from appliance.health import HealthTracker
from appliance.notes import tools as notes_tools
from appliance.storage.database import Database
from appliance.tools import builtin
from appliance.tools.registry import Registry


def tools_of_the_box(database: Database, agenda: AgendaStore, tracker: HealthTracker, state: Path) -> Registry:
    """Return the registry with every tool. `state` is the state directory, whose disk is watched."""
    registry = Registry()
    for tool in builtin.builtin_tools(state, tracker.conditions):
        registry.register(tool, groups=builtin.GROUPS)
    for tool in agenda_tools.agenda_tools(agenda):
        registry.register(tool, groups=agenda_tools.GROUPS)
    for tool in notes_tools.notes_tools(database):
        registry.register(tool, groups=notes_tools.GROUPS)
    return registry
