"""Puts learning together, and what people may ask of it: how it stands, to fit now, to forget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.models import AgentsSection, MiniSection
from appliance.daemon.local.embedded import Embedded
from appliance.daemon.local.lessons import Lessons
from appliance.engine.locate import locate
from appliance.events import Bus
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import TaskSet
from appliance.sessions.keys import DEFAULT_AGENT
from appliance.sessions.store import SessionStore
from appliance.storage.database import Database

if TYPE_CHECKING:
    from appliance.understanding.learning.learner import Forgotten, Learner, State


class Learning:
    """Answers about learning (gateway.methods.learning.Learning)."""

    def __init__(self, lessons: Lessons) -> None:
        self._lessons = lessons

    @property
    def enabled(self) -> bool:
        return self._lessons.enabled

    async def state(self) -> State:
        """Return examples, what is heard, and the last fit."""
        return await self._lessons.learner.state()

    async def fit(self) -> None:
        """Fit to the examples now. Raises FitFailedError."""
        await self._lessons.learner.fit()

    async def forget(self, *, tool: str | None, text: str | None) -> Forgotten:
        """Delete the examples of a tool, or those that hold these words, or all."""
        from appliance.understanding.learning.examples import says

        wanted = says(text) if text is not None else (lambda example: tool is None or example.tool == tool)
        return await self._lessons.learner.forget(wanted)


def build_lessons(
    embedded: Embedded,
    *,
    database: Database,
    store: SessionStore,
    config: Callable[[], Config],
    zone: Callable[[], ZoneInfo],
    paths: StatePaths,
    environ: Mapping[str, str],
    bus: Bus,
    clock: Clock,
    tasks: TaskSet,
) -> Lessons:
    """Wire learning. Nothing of it is imported or read while it is off and nobody asks."""

    def learner() -> Learner:
        from appliance.understanding.learning.examples import Examples
        from appliance.understanding.learning.learner import Learner
        from appliance.understanding.understander import weights_folder

        return Learner(
            Examples(database),
            folder=paths.learned,
            shipped=Path(weights_folder()),
            home=locate(environ),
            environ=environ,
            clock=clock,
            take=embedded.hear_with,
        )

    return Lessons(
        learner,
        embedded,
        section=lambda: _mini(config()),
        owners=lambda: _first_agent(config()),
        store=store,
        bus=bus,
        clock=clock,
        zone=zone,
        tasks=tasks,
    )


def _mini(config: Config) -> MiniSection:
    return MiniSection(enabled=False) if isinstance(config.models, Refused) else config.models.mini


def _first_agent(config: Config) -> str:
    """Return the agent of the owner: the default one."""
    agents = AgentsSection() if isinstance(config.agents, Refused) else config.agents
    return next((name for name, entry in agents.entries.items() if entry.default), DEFAULT_AGENT)
