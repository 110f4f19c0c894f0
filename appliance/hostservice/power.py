"""Restarting the box and switching it off. Who may ask for it was decided by the gateway."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.hostservice.systemctl import begin


def reboot(params: Mapping[str, object]) -> Mapping[str, object]:
    """Shut everything down and start again."""
    begin("reboot")
    return {}


def off(params: Mapping[str, object]) -> Mapping[str, object]:
    """Shut everything down and stay off."""
    begin("poweroff")
    return {}
