"""`homarus models learning` and `homarus models forget`: what the embedded model learned on this box."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from appliance.cli.session import CliSession

_FIT_TIMEOUT_S = 320.0


@click.command()
@click.option("--fit", is_flag=True, help="Fit to the examples now instead of in a quiet minute.")
@click.pass_obj
def learning(cli: CliSession, fit: bool) -> None:
    """Show how many sentences the embedded model learned on this box, and what came of the last fit."""
    answer = cli.call("homarus.models.learning", {"fit": fit}, timeout_s=_FIT_TIMEOUT_S)
    cli.show(answer, told(answer))


@click.command()
@click.option("--all", "all_", is_flag=True, help="Everything that was learned.")
@click.option("--tool", metavar="NAME", help="What was learned for one tool.")
@click.option("--text", metavar="WORDS", help="Sentences that hold every one of these words.")
@click.pass_obj
def forget(cli: CliSession, all_: bool, tool: str | None, text: str | None) -> None:
    """Delete what the embedded model learned on this box; what was fitted to it goes at once."""
    if all_ + (tool is not None) + (text is not None) != 1:
        raise click.UsageError("Say one of --all, --tool NAME and --text WORDS.")
    answer = cli.call(
        "homarus.models.forget", {"all": all_, "tool": tool, "text": text or None}, timeout_s=_FIT_TIMEOUT_S
    )
    cli.show(answer, forgotten(answer))


def told(answer: dict[str, Any]) -> str:
    """Return how learning stands, for people."""
    on = "The embedded model learns on this box." if answer["enabled"] else "The embedded model does not learn."
    fix = "" if answer["enabled"] else " `homarus config set models.mini.learn true` lets it."
    lines = [on + fix, f"Examples  {_counted(answer['examples'])}", f"In use    {answer['heard']}"]
    if last := answer.get("last"):
        lines.append(f"Last fit  {_when(last['atMs'])}: {_outcome(last)}")
    if answer.get("unable"):
        lines.append(f"This box cannot fit: {answer['unable']}.")
    return "\n".join(lines)


def forgotten(answer: dict[str, Any]) -> str:
    """Return what was removed, for people."""
    removed = answer["removed"]
    if not removed:
        return "Nothing of that was learned."
    lines = [f"Forgotten: {_counted(removed)}.", f"Left: {_counted(answer['now']['examples'])}."]
    if answer.get("problem"):
        lines.append(f"The shipped weights are used: {answer['problem']}")
    return "\n".join(lines)


def _outcome(last: dict[str, Any]) -> str:
    if not last["taken"]:
        return f"not taken. {last.get('why', '')}".strip()
    left_out = f", {last['leftOut']} left out because they did harm" if last["leftOut"] else ""
    return (
        f"taken with {last['examples']} examples{left_out}; {last['rightAfter']} of the shipped test sentences right, "
        f"{last['rightBefore']} before"
    )


def _counted(counts: dict[str, int]) -> str:
    parts = ", ".join(f"{tool} {count}" for tool, count in counts.items())
    return f"{sum(counts.values())} ({parts})" if counts else "none"


def _when(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
