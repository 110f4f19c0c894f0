"""How old the newest nightly copy is, and whether anything of this box exists elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look, begin_of, json_object

EXPORTED: Final = "backups/exported.json"
"""Below the state directory: `{"atMs"}` of the last encrypted backup that was written."""

_DAY_MS: Final = 86_400_000
_NIGHTS_MS: Final = 3 * _DAY_MS
_ELSEWHERE_MS: Final = 30 * _DAY_MS


def check(look: Look) -> Iterator[Condition]:
    """Say when the nightly copies stopped, and when no backup was taken away from the box for a month."""
    if look.state is None or (began_ms := _changed_ms(look.state / "device.key")) is None:
        return
    copies = sorted(look.state.glob("backups/homarus-*.sqlite"), reverse=True)
    newest_ms = _changed_ms(copies[0]) if copies else None
    since_ms = look.now_ms - (began_ms if newest_ms is None else newest_ms)
    if since_ms > _NIGHTS_MS:
        days = since_ms // _DAY_MS
        summary = f"No copy of the database was made for {days} days."
        fix = "Leave the box on over night, free some space, and look at `homarus logs`."
        details: dict[str, str | int] = {"form": "nightly", "days": days}
        yield Condition("backup_old", "nightly", Severity.DEGRADED, summary, fix, details)
    exported_ms = _exported_ms(look.state)
    if look.now_ms - (exported_ms or began_ms) > _ELSEWHERE_MS:
        days = (look.now_ms - (exported_ms or began_ms)) // _DAY_MS
        summary = f"No backup was taken away from this box for {days} days: what is on its disk exists nowhere else."
        fix = "`homarus backup create FILE --passphrase` writes one that only you can open; keep it on another machine."
        details = {"form": "elsewhere", "days": days}
        yield Condition("backup_old", "elsewhere", Severity.NOTICE, summary, fix, details)


def _changed_ms(path: Path) -> int | None:
    try:
        return int(path.stat().st_mtime * 1000)
    except OSError:
        return None


def _exported_ms(state: Path) -> int | None:
    try:
        at = json_object(begin_of(state / EXPORTED).decode("utf-8", "replace")).get("atMs")
    except OSError:
        return None
    return at if isinstance(at, int) else None
