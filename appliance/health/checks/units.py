"""Services of the system that failed."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_MOST = 20


def check(look: Look) -> Iterator[Condition]:
    """Say which units failed since the start. Only on a box of ours: elsewhere they are the owner's own business."""
    for unit in failed(look):
        if not unit.startswith("homarus") and not look.there("usr/lib/homarus/box.json"):
            continue
        summary = f"The service {unit} failed."
        fix = f"`journalctl -u {unit} -b` says why; `systemctl restart {unit}` tries again."
        yield Condition("unit_failed", unit, Severity.DEGRADED, summary, fix, {"unit": unit})


def failed(look: Look) -> list[str]:
    """Return the names of failed units; empty where no systemd runs."""
    told = look.run(["systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager"]) or ""
    return [words[0] for line in told.splitlines() if (words := line.split())][:_MOST]
