"""The Wi-Fi of the box for the gateway: what is heard, joining, how that went; homarus-wifi.service does the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from appliance.firstboot.boot import world
from appliance.firstboot.wifi.desk import Desk, wish_of
from appliance.firstboot.wifi.point import NETWORK
from appliance.hostservice.systemctl import begin

UNIT: Final = "homarus-wifi.service"
Begin = Callable[..., None]


def state(params: Mapping[str, object], *, root: Path = Path("/")) -> Mapping[str, object]:
    """Return `phase`, `networks`, the `result` of the last attempt, and `setupNetwork` while the own one is open.

    The key of the own network stays with root: who asks from inside it has it already.
    """
    found = Desk(root).state()
    point = found.pop("accessPoint", None)
    if isinstance(point, dict):
        found["setupNetwork"] = NETWORK
        found["setupName"] = point.get("ssid")
    return found


def scan(params: Mapping[str, object], *, root: Path = Path("/"), start: Begin = begin) -> Mapping[str, object]:
    """Let the set-up look again, where it does not already; return what was heard last."""
    start("start", UNIT)
    return {"networks": Desk(root).state().get("networks", [])}


def join(params: Mapping[str, object], *, root: Path = Path("/"), start: Begin = begin) -> Mapping[str, object]:
    """Begin to join a network: `ssid` or `ssidHex`, `password`, `hidden`, `country`. Raises WishError."""
    Desk(root).ask(wish_of(params, world(root)))
    start("start", UNIT)
    return {}
