"""The slash commands that every box has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from appliance.context.assembly import Assembly
from appliance.context.inspection import detail, overview
from appliance.dispatch.commands import Command
from appliance.dispatch.queue_modes import QueueMode
from appliance.foundation.clock import Clock
from appliance.generation import ModelInfo
from appliance.health import Condition
from appliance.sessions.model import Inbound, Session
from appliance.sessions.store import SessionStore


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What the commands need of the box. `models` lists the usable references, the first answers first.

    `context` gives what a model would read of a session; `model` who is asked first, by agent and wanted reference.
    """

    store: SessionStore
    clock: Clock
    abort: Callable[[str], Awaitable[Sequence[str]]]
    waiting: Callable[[str], Sequence[Inbound]]
    models: Callable[[], Sequence[str]]
    conditions: Callable[[], Sequence[Condition]]
    commands: Callable[[], Sequence[Command]]
    version: str
    context: Callable[[Inbound], Awaitable[tuple[Session, Assembly]]]
    model: Callable[[str, str | None], ModelInfo | None]


def builtin_commands(context: CommandContext) -> tuple[Command, ...]:
    """Return the commands, bound to this box."""
    store, clock = context.store, context.clock

    async def session_of(inbound: Inbound) -> Session:
        return await store.ensure(inbound.session_key, inbound.agent_id, clock.now_ms())

    async def help_(_: Inbound, __: str) -> str:
        rows = [f"/{one.name} {one.arguments}".rstrip() + f" — {one.description}" for one in context.commands()]
        return "\n".join(rows)

    async def status(inbound: Inbound, _: str) -> str:
        session = await session_of(inbound)
        model = session.settings.get("model") or next(iter(context.models()), "none")
        tokens = session.input_tokens + session.output_tokens
        lines = [
            f"Homarus {context.version}",
            f"Conversation {session.key}: {session.message_count} messages, {tokens} tokens in all",
            f"Model: {model}",
            f"Queue: {len(context.waiting(session.key))} waiting",
        ]
        lines += [f"! {one.summary} {one.fix}".rstrip() for one in context.conditions()]
        return "\n".join(lines)

    async def new(inbound: Inbound, _: str) -> str:
        await context.abort(inbound.session_key)
        await session_of(inbound)
        await store.reset(inbound.session_key, clock.now_ms())
        return "A new conversation begins."

    async def stop(inbound: Inbound, _: str) -> str:
        ended = await context.abort(inbound.session_key)
        return f"Stopped {len(ended)} run{'s' if len(ended) != 1 else ''}." if ended else "Nothing was running."

    async def model(inbound: Inbound, wanted: str) -> str:
        session = await session_of(inbound)
        known = context.models()
        if not wanted:
            current = session.settings.get("model") or "the order of the configuration"
            return f"Model: {current}. Known: {', '.join(known) or 'none'}."
        if wanted in ("default", "reset"):
            await store.patch(session.key, {"settings": {"model": None}}, clock.now_ms())
            return "This conversation follows the order of the configuration again."
        if wanted not in known:
            return f"There is no model {wanted}. Known: {', '.join(known) or 'none'}."
        await store.patch(session.key, {"settings": {"model": wanted}}, clock.now_ms())
        return f"This conversation uses {wanted} from now on."

    async def queue(inbound: Inbound, wanted: str) -> str:
        session = await session_of(inbound)
        if not wanted:
            return f"Queue mode: {session.settings.get('queueMode') or 'the one of the configuration'}."
        if wanted not in set(QueueMode):
            return f"There is no queue mode {wanted}. Known: {', '.join(QueueMode)}."
        await store.patch(session.key, {"settings": {"queueMode": wanted}}, clock.now_ms())
        return f"Messages that arrive while I am busy: {wanted}."

    async def context_(inbound: Inbound, wanted: str) -> str:
        show = {"list": overview, "": overview, "detail": detail}.get(wanted)
        if show is None:
            return f"There is no /context {wanted}. Known: list, detail."
        await session_of(inbound)
        session, assembly = await context.context(inbound)
        info = context.model(inbound.agent_id, session.settings.get("model"))
        return "No model is set up." if info is None else show(assembly, info)

    return (
        Command("help", "what you can type here", help_, ("commands",)),
        Command("status", "this conversation, its model, what is wrong with the box", status),
        Command("new", "begin a new conversation; the old one stays in the store", new, ("reset",)),
        Command("stop", "end what is running and what waits", stop, ("abort",)),
        Command(
            "model",
            "show or choose the model of this conversation",
            model,
            arguments="[provider/model|default]",
        ),
        Command("context", "where the tokens of a prompt go", context_, arguments="[list|detail]"),
        Command("queue", "what happens to messages while a run is busy", queue, arguments="[mode]"),
    )
