"""Restarting the box and switching it off. Who may ask for it was decided by the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.hostservice.systemctl import begin
from appliance.hostservice.updates import expect_none_written
from appliance.updates.records.files import Records


def reboot(
    params: Mapping[str, object], *, root: Path = Path("/"), begin: Callable[..., None] = begin
) -> Mapping[str, object]:
    """Shut everything down and start again. Raises RequestError."""
    expect_none_written(Records.on(root))
    begin("reboot")
    return {}


def off(
    params: Mapping[str, object], *, root: Path = Path("/"), begin: Callable[..., None] = begin
) -> Mapping[str, object]:
    """Shut everything down and stay off. Raises RequestError."""
    expect_none_written(Records.on(root))
    begin("poweroff")
    return {}
