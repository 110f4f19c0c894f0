"""What a person can do about what is kept: /later, /later clear, and "forget it"."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from appliance.dispatch.commands import Command
from appliance.dispatch.later.keeper import Keeper
from appliance.dispatch.later.rows import Kept
from appliance.dispatch.later.rules import forgets, shown
from appliance.foundation.clock import Clock
from appliance.sessions.model import Inbound, Source
from appliance.tools.speech import Speech, speech


def later_command(keeper: Keeper, clock: Clock, zone: Callable[[], ZoneInfo]) -> Command:
    """Return /later, which lists or drops what a conversation waits for, in the language of its newest question."""

    async def later(inbound: Inbound, wanted: str) -> str:
        kept = keeper.kept(inbound.session_key)
        words = speech(kept[-1].locale if kept else "en")
        if wanted not in ("", "list", "clear"):
            return f"There is no /later {wanted}. Known: list, clear."
        if not kept:
            return words.say("later.none")
        if wanted == "clear":
            await keeper.drop([one.run_id for one in kept])
            return words.say("later.dropped", questions=words.semicolon.join(_quoted(words, one) for one in kept))
        now_ms = clock.now_ms()
        lines = [f"{words.moment(one.asked_ms, now_ms, zone())}  {shown(one.text)}" for one in kept]
        return "\n".join([words.say("later.listed"), *lines])

    return Command("later", "questions that wait for the connection", later, arguments="[list|clear]")


def _quoted(words: Speech, kept: Kept) -> str:
    return words.say("later.question", question=shown(kept.text))


def forget_command(keeper: Keeper) -> Command:
    """Return what "forget it" does: it drops the newest question of the conversation."""

    async def forget(inbound: Inbound, _: str) -> str:
        kept = keeper.kept(inbound.session_key)
        if not kept:
            return speech("en").say("later.none")
        newest = kept[-1]
        await keeper.drop([newest.run_id])
        words = speech(newest.locale)
        return words.say("later.dropped", questions=_quoted(words, newest))

    return Command("forget", "drop the newest question that waits for the connection", forget)


def forgetting(keeper: Keeper) -> Callable[[Inbound], Command | None]:
    """Return what hears "forget it" while something is kept in that conversation (dispatch.commands)."""
    command = forget_command(keeper)

    def hear(inbound: Inbound) -> Command | None:
        asked = inbound.source is Source.MESSAGE and not inbound.attachments and forgets(inbound.text)
        return command if asked and keeper.kept(inbound.session_key) else None

    return hear
