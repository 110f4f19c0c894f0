"""The tools that set, list and cancel timers, alarms and reminders."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

from msgspec import Meta

from appliance.agenda import setting, undoing
from appliance.agenda.choosing import by_text, cancellation, choose, listed
from appliance.agenda.model import Due, Kind
from appliance.agenda.recurrence import parse_time
from appliance.agenda.store import AgendaStore, add_in, cancel_in, pending_in
from appliance.foundation.ids import new_id
from appliance.generation import Effect
from appliance.tools import wording
from appliance.tools.arguments import Arguments, NoArguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool
from appliance.tools.effects import once_in
from appliance.tools.speech import Speech

GROUPS: Final = ("assistant", "agenda")
_Label = Annotated[str, Meta(max_length=500, description="name, if one was given")]
_Repeat = Annotated[str, Meta(max_length=100, description="daily, weekdays, weekends, or days as mon,thu")]
_Filter = tuple[str, Callable[[Sequence[Due]], Sequence[Due]]]


class TimerSet(Arguments, frozen=True):
    duration_s: Annotated[int, Meta(description="length in seconds")]
    label: _Label | None = None


class TimerCancel(Arguments, frozen=True):
    label: _Label | None = None
    duration_s: Annotated[int, Meta(description="length in seconds it was set for")] | None = None
    all: bool | None = None


class AlarmSet(Arguments, frozen=True):
    time: Annotated[str, Meta(max_length=20, description="local time as HH:MM")]
    date: (
        Annotated[str, Meta(max_length=20, description="day as YYYY-MM-DD; without it the next time it is that late")]
        | None
    ) = None
    repeat: _Repeat | None = None
    label: _Label | None = None


class AlarmCancel(Arguments, frozen=True):
    time: Annotated[str, Meta(max_length=20, description="local time as HH:MM")] | None = None
    label: _Label | None = None
    all: bool | None = None


class ReminderSet(Arguments, frozen=True):
    text: Annotated[str, Meta(min_length=1, max_length=500, description="what to remind of")]
    at: Annotated[str, Meta(max_length=40, description="local time as YYYY-MM-DDTHH:MM")] | None = None
    in_s: Annotated[int, Meta(description="seconds from now, instead of at")] | None = None
    repeat: _Repeat | None = None


class ReminderCancel(Arguments, frozen=True):
    text: Annotated[str, Meta(max_length=500, description="what the reminder says")] | None = None
    all: bool | None = None


CancelArguments = TypeVar("CancelArguments", TimerCancel, AlarmCancel, ReminderCancel)


class AgendaTools:
    """The functions behind the tools."""

    def __init__(self, store: AgendaStore, ids: Callable[[], str] = new_id) -> None:
        self._store = store
        self._ids = ids

    async def timer_set(self, arguments: TimerSet, context: ToolContext) -> ToolOutput:
        """Set a timer."""
        return await self._set(
            "timer_set",
            arguments,
            context,
            lambda: setting.timer(self._ids(), arguments.duration_s, arguments.label or "", context),
        )

    async def alarm_set(self, arguments: AlarmSet, context: ToolContext) -> ToolOutput:
        """Set an alarm."""

        def build() -> Due:
            label = arguments.label or ""
            return setting.alarm(self._ids(), arguments.time, arguments.date, arguments.repeat, label, context)

        return await self._set("alarm_set", arguments, context, build)

    async def reminder_set(self, arguments: ReminderSet, context: ToolContext) -> ToolOutput:
        """Set a reminder."""

        def build() -> Due:
            return setting.reminder(
                self._ids(), arguments.text, arguments.at, arguments.in_s, arguments.repeat, context
            )

        return await self._set("reminder_set", arguments, context, build)

    async def timer_cancel(self, arguments: TimerCancel, context: ToolContext) -> ToolOutput:
        """Cancel timers."""
        words = context.speech
        filters = _by_label(arguments.label, words)
        if arguments.duration_s is not None:
            wanted = arguments.duration_s
            which = words.say("which.length", length=words.exact_duration(wanted))
            filters.append((which, lambda found: [one for one in found if one.duration_s == wanted]))
        return await self._cancel(Kind.TIMER, "timer_cancel", arguments, filters, context)

    async def alarm_cancel(self, arguments: AlarmCancel, context: ToolContext) -> ToolOutput:
        """Cancel alarms."""
        filters = _by_label(arguments.label, context.speech)
        if arguments.time is not None:
            try:
                wanted = f"{parse_time(arguments.time):%H:%M}"
            except ValueError as error:
                raise ToolRefusedError(str(error)) from error
            which = context.speech.say("which.at", time=wanted)
            filters.append((which, lambda found: [one for one in found if one.local_time == wanted]))
        return await self._cancel(Kind.ALARM, "alarm_cancel", arguments, filters, context)

    async def reminder_cancel(self, arguments: ReminderCancel, context: ToolContext) -> ToolOutput:
        """Cancel reminders."""
        filters = _by_label(arguments.text, context.speech)
        return await self._cancel(Kind.REMINDER, "reminder_cancel", arguments, filters, context)

    async def _set(self, tool: str, arguments: Arguments, context: ToolContext, build: Callable[[], Due]) -> ToolOutput:
        def work(connection: sqlite3.Connection) -> ToolOutput:
            def add() -> ToolOutput:
                due = build()
                add_in(connection, due)
                said = setting.confirmation(due, context.now_ms, context.speech)
                return ToolOutput(said, due.data(), inverse=undoing.added(due))

            return once_in(connection, tool, arguments, context, add)

        return await self._store.write(work)

    async def _cancel(
        self,
        kind: Kind,
        tool: str,
        arguments: CancelArguments,
        filters: Sequence[_Filter],
        context: ToolContext,
    ) -> ToolOutput:
        everything = bool(arguments.all)

        def work(connection: sqlite3.Connection) -> ToolOutput:
            def cancel() -> ToolOutput:
                pending = pending_in(connection, context.session_key, kind)
                chosen = choose(
                    pending,
                    kind=kind,
                    everything=everything,
                    filters=filters,
                    now_ms=context.now_ms,
                    words=context.speech,
                )
                for one in chosen:
                    cancel_in(connection, one, context.now_ms)
                data = {"cancelled": [one.data() for one in chosen]}
                said = cancellation(chosen, context.now_ms, context.speech)
                return ToolOutput(said, data, inverse=undoing.cancelled(chosen))

            return once_in(connection, tool, arguments, context, cancel)

        return await self._store.write(work)


def _by_label(label: str | None, words: Speech) -> list[_Filter]:
    if not label or not label.strip():
        return []
    wanted = label
    which = words.say("which.called", name=wording.quoted(wanted))
    return [(which, lambda found: by_text(found, wanted))]


def agenda_tools(store: AgendaStore) -> tuple[Tool, ...]:
    """Return the tools of the agenda; register them in the groups GROUPS."""
    does = AgendaTools(store)

    def lister(kind: Kind) -> Tool:
        async def run(_: NoArguments, context: ToolContext) -> ToolOutput:
            found = await store.pending(context.session_key, kind)
            said = listed(found, kind, context.now_ms, context.speech)
            return ToolOutput(said, {f"{kind}s": [one.data() for one in found]})

        return function_tool(f"{kind}_list", f"Tell which {kind}s are pending.", NoArguments, run)

    write = Effect.WRITE
    return (
        function_tool("timer_set", "Start a countdown.", TimerSet, does.timer_set, effect=write),
        lister(Kind.TIMER),
        function_tool("timer_cancel", "Cancel one timer or all.", TimerCancel, does.timer_cancel, effect=write),
        function_tool("alarm_set", "Set an alarm at a time of day.", AlarmSet, does.alarm_set, effect=write),
        lister(Kind.ALARM),
        function_tool("alarm_cancel", "Cancel one alarm or all.", AlarmCancel, does.alarm_cancel, effect=write),
        function_tool(
            "reminder_set",
            "Remind of something at a time or after a while.",
            ReminderSet,
            does.reminder_set,
            effect=write,
        ),
        lister(Kind.REMINDER),
        function_tool(
            "reminder_cancel", "Cancel one reminder or all.", ReminderCancel, does.reminder_cancel, effect=write
        ),
    )
