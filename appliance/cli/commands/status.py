"""`homarus status`: how the box is, at a glance."""

from __future__ import annotations

from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.render import age, conditions, first_word, money, size, table, tokens
from appliance.cli.session import CliSession


@click.command()
@click.pass_obj
def command(cli: CliSession) -> int:
    """Show version, models, conversations and what is wrong. Status 1 when the box is not ready."""
    status = cli.call("status", {}, timeout_s=10)
    answers = cli.call("homarus.answers", {}, timeout_s=15)
    sessions = status["sessions"]
    model = sessions.get("defaults", {}).get("model")
    uptime = status.get("uptimeMs", 0)
    local = answers["local"]
    lines = [
        f"Homarus {status['runtimeVersion']}, " + (f"up {age(uptime)}" if uptime >= 1000 else "just started"),
        "model: " + (f"{model}, after the embedded one" if model not in (None, "mini") else _alone(local["state"])),
        *(_engine(answers["engine"]) if answers["engine"] else _away(local)),
        f"conversations: {sessions['count']}",
    ]
    wrong = conditions(status.get("conditions") or ())
    recent = [(row["key"], age(max(0, row["age"])), row.get("totalTokens") or 0) for row in sessions["recent"]]
    if rows := [_tier(row, answers["ts"]) for row in answers["tiers"] if row["answers"]]:
        lines += ["", table(("ANSWERS FROM", "COUNT", "LAST", "MODEL", "FIRST WORD", "READ", "COST"), rows)]
    if recent:
        lines += ["", table(("CONVERSATION", "AGE", "TOKENS"), recent)]
    if wrong:
        lines += ["", wrong]
    cli.show({**status, "answers": answers}, "\n".join(lines))
    return Exit.OK if status.get("ready", True) else Exit.FAILED


def _alone(state: str) -> str:
    return "the embedded one, until the one on this box is loaded" if state == "loading" else "the embedded one alone"


def _away(local: dict[str, Any]) -> list[str]:
    """Return the line about a model on this box that does not answer now."""
    reason = f" ({local['reason']})" if local["reason"] else ""
    words = {
        "loading": f"{local['file']} is being loaded; who asks waits for it a moment",
        "ready": f"{local['file']} runs, but does not say how it is; it is started anew if it stays so",
        "restarting": f"{local['file']} ended{reason} and is started again",
        "failed": f"{local['file']} does not stay alive{reason}; it is tried again later: `homarus doctor`",
        "absent": f"no model can run here{reason}",
    }
    return [f"on this box: {words[local['state']]}"] if local["state"] in words else []


def _engine(engine: dict[str, Any]) -> list[str]:
    """Return the lines about the model on this box."""
    cache = engine["cache"]
    rates = [f"{verb} {rate:g}" for verb, rate in _rates(engine) if rate]
    speed = f", {' and '.join(rates)} tokens/s" if rates else ""
    found = f"{cache['hits']} of {cache['hits'] + cache['misses']} beginnings found"
    kept = f"{size(cache['ramBytes'])} in memory, {size(cache['diskBytes'])} on disk"
    return [
        f"on this box: {engine['model']}, window {engine['window']} tokens, memory {engine['memory']}{speed}",
        f"    {engine['tuning'] or 'not tuned to this box yet (`homarus models tune`)'}",
        f"    cache: {found}, {kept}" + (f", {cache['rejected']} rejected" if cache["rejected"] else ""),
    ]


def _rates(engine: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    return ("reads", engine["prefillRate"]), ("writes", engine["decodeRate"])


def _tier(row: dict[str, Any], now_ms: int) -> tuple[object, ...]:
    last = row.get("last") or {}
    ago = age(max(0, now_ms - row["ts"])) if row.get("ts") else ""
    return row["tier"], row["answers"], ago, last.get("model"), first_word(last), tokens(last), money(last)
