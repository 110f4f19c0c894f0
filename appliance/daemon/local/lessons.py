"""Which turns of this gateway become examples of the embedded model, and when it is fitted to them.

Opt-in (`models.mini.learn`). A turn is judged once the next one shows that nobody took it back, or after a while of
silence. Everything stays on the box.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from appliance.config.sections.models import MiniSection
from appliance.context.wire import ASSISTANT, TOOL_RESULT, USER, entry_text
from appliance.daemon.local.embedded import Embedded
from appliance.events import Bus, SessionChanged
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.generation import EMBEDDED_PROVIDER
from appliance.messages import JsonObject
from appliance.sessions.keys import KeyKind, SessionKey
from appliance.sessions.model import Entry, RunStatus, Source
from appliance.sessions.store import SessionStore

if TYPE_CHECKING:
    from appliance.understanding.learning.examples import Example
    from appliance.understanding.learning.learner import Learner
    from appliance.understanding.learning.selection import Done, Turn

_SILENCE_S = 600.0  # nobody takes back what has stood for ten minutes
_CALM_S = 120.0  # several examples in a row are one fit
_MAX_WAITING = 64
# conversations of the owner: in a group, or behind an address of a channel, others speak
_OWN = frozenset({KeyKind.NAMED, KeyKind.DASHBOARD})
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An example that the next turn of its session may still take back."""

    example: Example
    done: Done


class Lessons:
    """Listens for turns that end; `follow` brings learning in line with the configuration."""

    def __init__(
        self,
        learner: Callable[[], Learner],
        embedded: Embedded,
        *,
        section: Callable[[], MiniSection],
        owners: Callable[[], str],
        store: SessionStore,
        bus: Bus,
        clock: Clock,
        zone: Callable[[], ZoneInfo],
        tasks: TaskSet,
    ) -> None:
        self._make = learner
        self._made: Learner | None = None
        self._embedded = embedded
        self._section = section
        self._owners = owners
        self._store = store
        self._clock = clock
        self._zone = zone
        self._tasks = tasks
        self._waiting: dict[str, Waiting] = {}
        self._reading = asyncio.Lock()  # turns are judged in their order
        self._on = False
        self._fit_due = False
        bus.listen(SessionChanged, self._heard)

    @property
    def enabled(self) -> bool:
        """Whether the owner lets the box learn, and the embedded model is on."""
        section = self._section()
        return section.enabled and section.learn

    @property
    def learner(self) -> Learner:
        """What keeps examples and fits; made when it is first needed."""
        if self._made is None:
            self._made = self._make()
            if not self.enabled:
                self._made.rest()  # forgetting fits again to what is left, which is not to be heard
        return self._made

    async def follow(self) -> None:
        """Hear what was learned while learning is on, and the shipped weights while it is off."""
        if self.enabled == self._on:
            return
        self._on = self.enabled
        if not self._on:
            self._waiting.clear()
            self.learner.rest()
            return
        await self._resume()

    def _heard(self, event: SessionChanged) -> None:
        if event.reason == "delete" and self._on:
            self._waiting.pop(event.session_key, None)
            self._tasks.spawn(self._resume(), name="learning")
        elif event.reason == "run-ended" and event.run_id and self.enabled and self._may_teach(event):
            self._tasks.spawn(self._read(event.session_key, event.run_id), name="lesson")

    def _may_teach(self, event: SessionChanged) -> bool:
        allowed = {self._owners(), *self._section().learn_agents}
        return event.agent_id in allowed and SessionKey.parse(event.session_key).kind in _OWN

    async def _resume(self) -> None:
        try:
            await self.learner.resume()
        except ApplianceError as error:
            _log.warning("learning: %s", error)

    async def _read(self, key: str, run_id: str) -> None:
        """Settle what waits in a session with the turn that just ended, then see what that one teaches."""
        async with self._reading:
            await self._judge(key, run_id)

    async def _judge(self, key: str, run_id: str) -> None:
        run = await self._store.run(run_id)
        if run is None or run.source is not Source.MESSAGE:
            return
        turn, others = turn_of(await self._store.entries_of_run(run_id))
        before = self._waiting.pop(key, None)
        if turn is None:
            return  # several messages at once: nobody can tell which of them was meant
        if before is not None:
            await self._settle(before, turn)
        if run.status is RunStatus.OK and others:
            await self._consider(key, turn)

    async def _consider(self, key: str, turn: Turn) -> None:
        from appliance.understanding.learning.examples import Example
        from appliance.understanding.learning.selection import agrees, lesson
        from appliance.understanding.vocabulary import ESCALATE

        done, zone = lesson(turn), self._zone()
        if done is None:
            return
        try:
            meant = await self._embedded.understand(turn.text, None)
        except ApplianceError as error:
            _log.info("not learned: %s", error)
            return
        if meant.tool != ESCALATE or not meant.lang or not agrees(turn, done, meant.lang, zone):
            return
        example = Example(turn.text, meant.lang, done.tool, done.arguments, key, self._clock.now_ms())
        self._waiting[key] = waiting = Waiting(example, done)
        while len(self._waiting) > _MAX_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        self._tasks.spawn(self._after_silence(key, waiting), name="lesson stands")

    async def _after_silence(self, key: str, waiting: Waiting) -> None:
        await self._clock.sleep(_SILENCE_S)
        if self._waiting.get(key) is waiting:
            del self._waiting[key]
            await self._settle(waiting, None)

    async def _settle(self, waiting: Waiting, after: Turn | None) -> None:
        from appliance.understanding.learning.selection import taken_back

        example = waiting.example
        if after is not None and taken_back(waiting.done, after, example.lang, self._zone()):
            return
        if not self.enabled or await self._store.get(example.session_key) is None:
            return
        if await self.learner.examples.add(example) is not None and not self._fit_due:
            self._fit_due = True
            self._tasks.spawn(self._fit_soon(), name="learning")

    async def _fit_soon(self) -> None:
        await self._clock.sleep(_CALM_S)
        self._fit_due = False
        if not self.enabled:
            return
        try:
            outcome = await self.learner.fit()
        except ApplianceError as error:
            _log.warning("learning: %s", error)
            return
        _log.info("learning", extra={"taken": outcome.taken, "examples": outcome.examples, "why": outcome.why})


def turn_of(entries: Sequence[Entry]) -> tuple[Turn | None, bool]:
    """Return a turn as its entries tell it, and whether only larger models called tools in it.

    None for a turn of several messages or one with attachments.
    """
    from appliance.understanding.learning.selection import Done, Turn

    messages = [entry.message for entry in entries]
    asked = [one for one in messages if one.get("role") == USER]
    if len(asked) != 1 or not isinstance(asked[0].get("content"), str):
        return None, False
    failed = {one["toolCallId"]: bool(one.get("isError")) for one in messages if one.get("role") == TOOL_RESULT}
    calls, others = [], True
    for message in messages:
        for part in _calls(message):
            others = others and message.get("provider") != EMBEDDED_PROVIDER
            # a call without a result was never carried out
            calls.append(Done(part["name"], part["arguments"], failed.get(part["id"], True)))
    said_ms = next(entry.created_ms for entry in entries if entry.message is asked[0])
    return Turn(entry_text(asked[0]), calls, said_ms), others


def _calls(message: JsonObject) -> Sequence[Mapping[str, Any]]:
    content = message.get("content")
    if message.get("role") != ASSISTANT or not isinstance(content, list):
        return ()
    return [part for part in content if part.get("type") == "toolCall"]
