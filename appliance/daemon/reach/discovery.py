"""Tells the network where this gateway is, as often as that changes."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Mapping

from appliance.config.schema import DiscoverySection
from appliance.daemon.live_config import LiveConfig
from appliance.discovery.beacon import Beacon, Facts, beacon
from appliance.discovery.service import Advertising
from appliance.events import Bus, ConfigChanged
from appliance.foundation.clock import Clock
from appliance.foundation.tasks import TaskSet
from appliance.gateway.reach import Reach
from appliance.health import HealthTracker


def announce(
    config: LiveConfig,
    reach: Callable[[], Reach],
    port: int,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    bus: Bus,
    tracker: HealthTracker,
    tasks: TaskSet,
) -> Advertising:
    """Announce this gateway from now on, where its bind lets others come. The caller closes what is returned."""
    advertising = Advertising(environ=environ, clock=clock, tracker=tracker)

    def follow(_: ConfigChanged | None = None) -> None:
        wanted = wanted_beacon(config.section(config.config.discovery, DiscoverySection()), reach(), port, environ)
        tasks.spawn(advertising.announce(wanted), name="announce")

    bus.listen(ConfigChanged, follow)
    follow()
    return advertising


def wanted_beacon(section: DiscoverySection, reach: Reach, port: int, environ: Mapping[str, str]) -> Beacon | None:
    """Return what to announce; None where nobody else could come in, or where the owner wants silence."""
    mode = section.mdns.mode
    if mode == "off" or reach.loopback_only or environ.get("OPENCLAW_DISABLE_BONJOUR") == "1":
        return None
    host = environ.get("OPENCLAW_MDNS_HOSTNAME") or socket.gethostname()
    facts = Facts(
        host=host.split(".", 1)[0],
        port=port,
        fingerprint=reach.fingerprint,
        tls=any(url.startswith("wss:") for url in reach.urls),
        tailnet_name=_tailnet_name(reach),
        cli_path=shutil.which("homarus", path=environ.get("PATH", os.defpath)) or "",
    )
    return beacon(facts, mode)


def _tailnet_name(reach: Reach) -> str:
    """The name in the tailnet, where one of the addresses is one."""
    names = [url.split("://", 1)[1].rsplit(":", 1)[0] for url in reach.urls]
    return next((name for name in names if name.endswith(".ts.net")), "")
