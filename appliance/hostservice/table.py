"""Everything that root does for the gateway. A verb that is not here cannot be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from appliance.hostservice import firstboot, network, power, reset, tailnet, updates
from appliance.hostservice.frame import Verb
from appliance.hostservice.panel import light

VERBS: Final[Mapping[str, Verb]] = {
    "led.set": light.set_state,
    "firstboot.seen": firstboot.seen,
    "power.off": power.off,
    "power.reboot": power.reboot,
    "reset.start": reset.start,
    **tailnet.verbs(),
    "update.hold": updates.hold,
    "update.start": updates.start,
    "wifi.join": network.join,
    "wifi.scan": network.scan,
    "wifi.state": network.state,
}
