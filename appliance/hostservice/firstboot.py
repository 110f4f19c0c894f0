"""The report of the first start: its owner has read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from appliance.firstboot import report as reports
from appliance.firstboot.applying.files import Put, do


def seen(params: Mapping[str, object], *, root: Path = Path("/")) -> Mapping[str, object]:
    """Forget the mistakes of settings that were taken; those of a file that lies on the card stay as long as it."""
    report = reports.load(root)
    if report.mistakes or report.notes:
        do(root, Put(reports.FILE, report.dismissed().encode()))
    return {}
