"""Model files, advice and probes as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from appliance.cli.render import size, table

_HASH_CHARS = 12


def listed(answer: dict[str, Any], local: dict[str, Any]) -> str:
    """Return the models that answer, then the files on this box."""
    rows = [
        (
            f"{one['provider']}/{one['id']}",
            one.get("contextWindow") or "",
            "yes" if one.get("available", True) else one.get("unavailableReason") or "no",
        )
        for one in answer["models"]
    ]
    parts = [table(("MODEL", "WINDOW", "USABLE"), rows)]
    if local["models"]:
        parts.append(installed(local["models"]))
    if local.get("configured"):
        parts.append(f"models.local.path names {local['configured']}: it answers, whatever is chosen here.")
    if local.get("catalogue"):
        parts.append(catalogue(local["catalogue"]))
    return "\n\n".join(parts)


def installed(rows: Iterable[dict[str, Any]]) -> str:
    """Return the files on this box; `*` marks the one that answers."""
    cells = [
        (
            "*" if one["active"] else "",
            one["name"],
            one["file"],
            size(one["sizeBytes"]),
            one["sha256"][:_HASH_CHARS] if one.get("sha256") else "",
            one.get("problem") or _short_probe(one.get("probe")),
        )
        for one in rows
    ]
    return table(("", "ON THIS BOX", "FILE", "SIZE", "SHA-256", "PROBES"), cells)


def catalogue(rows: Iterable[dict[str, Any]]) -> str:
    """Return what could be fetched by name."""
    cells = [
        (
            one["name"],
            f"{one['parameters'] / 1e9:.1f}B",
            f"about {size(one['approximateBytes'])}",
            _licence(one),
            languages(one["languages"]),
        )
        for one in rows
    ]
    return table(("CATALOGUE", "SIZE", "FILE", "LICENCE", "LANGUAGES"), cells)


def _licence(one: dict[str, Any]) -> str:
    return one["licence"] if one["licenceFree"] else f"{one['licence']} *"


def languages(codes: list[str]) -> str:
    """Return the first languages and how many more there are."""
    shown = " ".join(codes[:4])
    return shown if len(codes) <= 4 else f"{shown} +{len(codes) - 4}"


def offer(look: dict[str, Any]) -> str:
    """Return what will be fetched, before it is."""
    known = look.get("sizeBytes")
    lines = [
        f"{look['file']} from {look['source']}",
        f"  size     {size(known) if known else 'the server does not say'}; {size(look['diskFreeBytes'])} are free",
        f"  sha256   {look.get('sha256') or 'the server does not say'}",
    ]
    if entry := look.get("catalogue"):
        lines.append(f"  licence  {entry['licence']}{': ' + entry['licenceNote'] if entry.get('licenceNote') else ''}")
    return "\n".join(lines)


def probed(probe: dict[str, Any]) -> str:
    """Return what the probes found and what follows from it."""
    by_tools = ", ".join(
        f"{right} of {total} with {count} tools" for count, (right, total) in sorted(probe["byTools"].items())
    )
    threshold = probe["leastConfidence"]
    lines = [
        f"Tool calls  {probe['callsRight']} of {probe['calls']} right ({by_tools})",
        f"Answers     {probe['answersRight']} of {probe['answers']} right",
        f"It sees {probe['toolsPerTurn']} tools in a turn and "
        + (f"hands over below a confidence of {threshold:.2f}." if threshold else "never hands over by itself."),
    ]
    if probe["prefillRate"] and probe["decodeRate"]:
        lines.append(f"It reads {probe['prefillRate']:.0f} and writes {probe['decodeRate']:.1f} tokens a second here.")
    return "\n".join(lines)


def _short_probe(probe: dict[str, Any] | None) -> str:
    if probe is None:
        return ""
    return f"calls {probe['callsRight']}/{probe['calls']}, answers {probe['answersRight']}/{probe['answers']}"


def advice(answer: dict[str, Any]) -> str:
    """Return the models that suit this box, best first, then those that do not fit and why."""
    box = answer["box"]
    head = (
        f"{box['cores']} cores, {size(box['memoryAvailableBytes'])} of {size(box['memoryTotalBytes'])} memory and "
        f"{size(box['diskFreeBytes'])} of disk to use; measured in {box['seconds']:.1f} s."
    )
    fitting = [one for one in answer["models"] if one["fits"]]
    others = [one for one in answer["models"] if not one["fits"]]
    parts = [head]
    if fitting:
        parts.append(table(_ADVICE_HEAD, [_advice_row(one) for one in fitting]))
        parts.append(
            "FIRST: seconds to an answer of 80 tokens after a prompt of 600, NEXT: later in the conversation.\n"
            "Estimated from this box's speed; = measured with the model itself. * The licence forbids some uses.\n"
            f"`homarus models pull {fitting[0]['name']}` fetches the first."
        )
    if others:
        parts.append(table(("DOES NOT FIT", "WHY"), [(one["name"], one.get("reason", "")) for one in others]))
    if not answer["models"]:
        parts.append("No model of the catalogue speaks that language.")
    return "\n\n".join(parts)


_ADVICE_HEAD = ("MODEL", "FIRST", "NEXT", "MEMORY", "DISK", "LICENCE", "LANGUAGES", "")


def _advice_row(one: dict[str, Any]) -> tuple[str, ...]:
    mark = "=" if one["measured"] else ""
    return (
        one["name"] + (" (here)" if one["installed"] else ""),
        f"{mark}{one['firstAnswerSeconds']:.0f} s",
        f"{mark}{one['nextAnswerSeconds']:.0f} s",
        size(one["memoryBytes"]),
        size(one["sizeBytes"]),
        _licence(one),
        languages(one["languages"]),
        one.get("reason", ""),
    )
