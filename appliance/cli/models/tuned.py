"""What a tuning looks like on a terminal."""

from __future__ import annotations

import datetime
from typing import Any

from appliance.cli.render import table


def tuned(answer: dict[str, Any]) -> str:
    """Return the table of what was measured, the choice and the gain."""
    tuning = answer.get("tuning")
    if tuning is None:
        file = answer.get("file")
        if file is None:
            return "No larger model runs on this box; fetch one with `homarus models pull NAME`."
        return f"{file} is not tuned to this box yet. `homarus models tune` does it now, else a quiet minute is used."
    rows = [_row(one) for one in tuning["measured"]]
    day = datetime.datetime.fromtimestamp(tuning["atMs"] / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
    lines = [
        table(("WHAT", "OPTION", "", "READS/S", "WRITES/S", "STEP MS", "TIME", "PAIRS", "NOTE"), rows),
        "",
        f"{answer.get('file', '')}, measured {day} in {tuning['seconds']:.0f} s",
        f"Box     {tuning['cores']} cores, {tuning['memoryMb'] / 1000:.1f} GB, {tuning['cpu']}",
        f"Choice  {_choice(tuning['profile'])}",
        f"Gain    {_gain(tuning)}",
    ]
    if tuning["busy"]:
        lines.append("The box was too busy to judge: the defaults stay. It is tried again in some hours.")
    elif tuning["unsure"]:
        lines.append(f"Others used the box, so the default stays for: {', '.join(tuning['unsure'])}.")
    if tuning.get("advice"):
        lines.append(tuning["advice"])
    if not answer.get("statesKept", True):
        lines.append("Attention or cache type changed: what was kept of conversations is read once anew.")
    return "\n".join(lines)


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    ratio = f"x {one['ratio']:.2f}" if "ratio" in one else None
    rates = (one.get("readRate"), one.get("writeRate"), one.get("stepMs"))
    return one["axis"], one["option"], "*" if one["chosen"] else "", *rates, ratio, one.get("pairs"), one.get("note")


def _choice(profile: dict[str, Any]) -> str:
    threads = f"{profile['threads']} threads" if profile["threads"] else "a thread on every core but one"
    reading = f", {profile['threadsBatch']} for reading" if profile["threadsBatch"] else ""
    attention = "flash attention" if profile["flashAttention"] else "plain attention"
    chunks = f"chunks of {profile['chunkShared']} beside answers and {profile['chunkAlone']} alone"
    return f"{threads}{reading}; {attention}, cache {profile['typeK']}; {chunks}"


def _gain(tuning: dict[str, Any]) -> str:
    if "gainRead" not in tuning and "gainWrite" not in tuning:
        return "not known"
    parts = [(verb, tuning.get(key)) for verb, key in (("reads", "gainRead"), ("writes", "gainWrite"))]
    return " and ".join(f"{verb} {gain:.2f} times" for verb, gain in parts if gain) + " as fast as with the defaults"
