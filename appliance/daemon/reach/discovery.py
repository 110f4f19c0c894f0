"""Tells the network where this gateway is, as often as that changes."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping

from appliance.config.schema import DiscoverySection
from appliance.daemon.live_config import LiveConfig
from appliance.discovery.beacon import Beacon, Facts, beacon
from appliance.discovery.service import Advertising
from appliance.events import Bus, ConfigChanged, Event, ReachChanged
from appliance.foundation.clock import Clock
from appliance.foundation.tasks import TaskSet
from appliance.gateway.reach import Reachable
from appliance.health import HealthTracker


def announce(
    config: LiveConfig,
    reach: Reachable,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    bus: Bus,
    tracker: HealthTracker,
    tasks: TaskSet,
) -> Advertising:
    """Announce this gateway from now on, where its bind lets others come. The caller closes what is returned."""
    advertising = Advertising(environ=environ, clock=clock, tracker=tracker)

    def follow(_: Event | None = None) -> None:
        wanted = wanted_beacon(config.section(config.config.discovery, DiscoverySection()), reach, environ)
        tasks.spawn(advertising.announce(wanted), name="announce")

    bus.listen(ConfigChanged, follow)
    bus.listen(ReachChanged, follow)
    follow()
    return advertising


def wanted_beacon(section: DiscoverySection, reach: Reachable, environ: Mapping[str, str]) -> Beacon | None:
    """Return what to announce; None where nobody on the network could come in, or where the owner wants silence.

    A public address or Tailscale in front of a port on loopback leads others here, but not those who hear mDNS.
    """
    mode, exposure = section.mdns.mode, reach.exposure
    if mode == "off" or not exposure.beyond or environ.get("OPENCLAW_DISABLE_BONJOUR") == "1":
        return None
    host = environ.get("OPENCLAW_MDNS_HOSTNAME") or socket.gethostname()
    facts = Facts(
        host=host.split(".", 1)[0],
        port=reach.port,
        fingerprint=exposure.pin,
        tls=exposure.pin is not None,
        tailnet_name=exposure.served,
        cli_path=shutil.which("homarus", path=environ.get("PATH", os.defpath)) or "",
    )
    return beacon(facts, mode)
