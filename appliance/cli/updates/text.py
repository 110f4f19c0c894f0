"""Where updates stand, as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from appliance.cli.render import one_line, size
from appliance.foundation.visible import harmless

_SHOWN_RUNS: Final = 5
_JOURNAL_LINES: Final = 12
WAITS: Final[Mapping[str, str]] = {
    "": "It is installed with the next look of the box, or now by `homarus update apply`.",
    "window": "It is installed at {until}, or now by `homarus update apply`.",
    "held": "It is held back until {until}; `homarus update apply` installs it now.",
    "owner": "This box installs nothing by itself (updates.auto): `homarus update apply` does.",
    "rollout": "Other boxes get it first{turn}; `homarus update apply` does not wait.",
    "failed_here": "It was here and came back, so it is not tried again by itself. `homarus update apply` tries it.",
    "paused": "Its makers stopped it: {reason}",
    "too_old": "This version cannot go there in one step: write the new image to a card, restore a backup there.",
    "trial": "The version that runs is still being tested; that takes minutes.",
}
PHASES: Final[Mapping[str, str]] = {
    "requested": "begins",
    "validating": "looks at the bundle",
    "staging": "installs",
    "activating": "checks what was written",
    "restarting": "waits for the restart",
    "verifying": "tests the new version",
    "finished": "done",
}


def status(answer: Mapping[str, Any]) -> str:
    """Return everything about updates in a screenful."""
    if not answer["box"]:
        return f"Homarus {answer['version']}\n{answer['howTo']}"
    return "\n".join(_lines(answer))


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    yield f"Version    {answer['version']}" + (f" ({answer['board']})" if answer.get("board") else "")
    by_itself = f"by itself between {answer['window']}" if answer["auto"] else "only when asked"
    canary = ", before most others" if answer.get("canary") else ""
    yield f"Channel    {answer['channel']}, installs {by_itself}{canary}"
    yield f"Looked     {_looked(answer)}"
    if answer.get("keys") == "development":
        yield "Keys       development keys: whoever has them can make updates that this box trusts"
    yield from _now(answer)
    yield from offer(answer)
    yield from _reports(answer.get("reports", ()))
    yield from _runs(answer.get("runs", ()))


def _looked(answer: Mapping[str, Any]) -> str:
    when = moment(answer["checkedMs"]) if answer.get("checkedMs") else "never"
    fault = answer.get("fault")
    if fault:
        return f"{when}: {one_line(fault['message'])}" + (f"\n           {fault['fix']}" if fault["fix"] else "")
    return f"{when}: {one_line(answer['said'])}" if answer.get("said") else when


def _now(answer: Mapping[str, Any]) -> Iterator[str]:
    trial, progress = answer.get("trial"), answer.get("progress")
    if trial:
        yield f"Trial      {trial['version']} is being tested since {moment(trial['beganMs'])}, start {trial['tries']}"
    if answer.get("waitsForRestart"):
        yield f"Restart    {answer['waitsForRestart']} is installed and starts with the next restart"
    elif progress and not progress["done"]:
        yield f"Now        {progress_line(progress)}"


def offer(answer: Mapping[str, Any]) -> Iterator[str]:
    """Return the version that there is, with its notes and when it comes."""
    offered = answer.get("offer")
    if not offered or offered["version"] == answer.get("waitsForRestart"):
        return
    yield f"There is   {offered['version']} ({size(offered['sizeBytes'])} at most are fetched)"
    for line in harmless(offered["notes"]).strip().splitlines():
        yield f"           {line}".rstrip()
    until = moment(offered["untilMs"]) if offered.get("untilMs") else "a moment that nobody knows"
    turn = f" (this one at {until})" if offered.get("untilMs") else ""
    words = WAITS.get(offered.get("why", ""), "")
    reason = one_line(offered.get("reason") or "no reason is given.")
    yield f"           {words.format(until=until, turn=turn, reason=reason)}"


def _reports(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Tell why the last version came back: that is what owners ask first."""
    for row in list(rows)[:1]:
        yield ""
        yield f"{moment(row['atMs'])}  {harmless(row['text'])}"
        journal = row.get("journal") or []
        if journal:
            yield "The end of its journal:"
            yield from (f"    {one_line(line)}" for line in journal[-_JOURNAL_LINES:])


def _runs(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    shown = list(rows)[:_SHOWN_RUNS]
    if shown:
        yield ""
    for row in shown:
        version = row["target"].get("version", "")
        reason = f": {one_line(row['reason'])}" if row.get("reason") else ""
        yield f"{moment(row['createdAtMs'])}  {version}  {row['status']}{reason}"


def progress_line(progress: Mapping[str, Any]) -> str:
    """Return how far a run is, on one line."""
    what = PHASES.get(progress["phase"], progress["phase"])
    version = f" {progress['version']}" if progress.get("version") else ""
    if progress["phase"] == "staging":
        return f"{what}{version}: {progress['percent']} % {one_line(progress['message'])}".rstrip()
    return f"{what}{version}"


def moment(ms: int) -> str:
    """Return a moment in the time of this machine."""
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
