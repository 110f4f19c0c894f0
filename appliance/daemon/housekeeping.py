"""What a box does for itself day by day, and what it says after it had to mend its database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.health import Condition, Severity
from appliance.sessions.attachments import named_in
from appliance.sessions.store import SessionStore
from appliance.storage.blobs import Blobs
from appliance.storage.rebuild import RebuildReport

_log = logging.getLogger(__name__)
_DAY_S = 86_400.0
# A blob that nothing names may belong to a message that is just being accepted.
_YOUNG_MS = 86_400_000


async def tidy(store: SessionStore, blobs: Blobs, clock: Clock, copies: Callable[[], Sequence[Path]]) -> None:
    """Forget once a day what nobody can ask for any more: old ended runs, entries before a reset, unused blobs.

    A nightly copy has no attachments of its own (a second time on the same disk they would protect from nothing); what
    one of `copies` names stays until that copy goes.
    """
    while True:
        await clock.sleep(_DAY_S)
        try:
            rows = await store.prune(clock.now_ms())
            copied = await asyncio.to_thread(lambda: named_in(copies()))
            files = await blobs.sweep(copied | await store.blobs_in_use(), clock.now_ms() - _YOUNG_MS)
            _log.info("tidied", extra={"rows": rows, "blobs": files})
        except ApplianceError as error:
            _log.error("could not tidy: %s", error)


def rebuilt_condition(report: RebuildReport) -> Condition:
    """Return what the owner must know after the database was rebuilt."""
    base = f"from the backup {report.base} and " if report.base else "from "
    lost = report.damaged or report.skipped or report.gap
    whole = "Some rows may be missing." if lost else "Nothing acknowledged is missing."
    summary = f"The database could not be used ({report.reason}) and was rebuilt {base}the journal. {whole}"
    fix = f"The damaged file is kept as {report.aside}. Look at the disk: `homarus logs`." if report.aside else ""
    severity = Severity.DEGRADED if lost else Severity.NOTICE
    details: dict[str, str | int] = {
        "form": "lost" if lost else "whole",
        "reason": report.reason,
        "base": str(report.base or ""),
        "aside": str(report.aside or ""),
    }
    return Condition("database_rebuilt", "storage", severity, summary, fix, details)
