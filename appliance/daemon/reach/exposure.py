"""Where this gateway listens, with which certificate and under which names: the configuration made real."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from appliance.access.origin import own_hosts
from appliance.access.shared import SharedAuth
from appliance.config.sections.gateway import GatewaySection
from appliance.daemon.access_rules import ExposureError, server_settings
from appliance.daemon.reach.tls import BoxTls, PortTls
from appliance.foundation.clock import Clock
from appliance.gateway.reach import Exposure, Reachable
from appliance.gateway.server import ServerSettings
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.interfaces import Address, addresses
from appliance.identity.certificates.box import PRIVATE_NETWORKS, CertificateError, Names

NO_CERTIFICATE: Final = "certificate_unusable"
NO_TAILNET: Final = "tailnet_missing"
_LOCAL_DOMAINS: Final = ("local", "lan", "home.arpa", "internal")
_PRIVATE: Final = tuple(ipaddress.ip_network(one) for one in PRIVATE_NETWORKS)


@dataclass(slots=True)
class Exposed:
    """What the server needs, and what others ask about it. `tls` and `box` are None where plaintext is spoken."""

    settings: ServerSettings
    exposure: Exposure
    tls: PortTls | None = None
    box: BoxTls | None = None

    def reachable(self, port: Callable[[], int]) -> Reachable:
        """Return who answers where this gateway is."""

        def now() -> Exposure:
            return replace(self.exposure, pin=self.tls.pin if self.tls is not None else None)

        return Reachable(port, now)


def expose(
    section: GatewaySection,
    auth: SharedAuth,
    *,
    port: int | None,
    control_socket: Path,
    admin_socket: Path | None = None,
    tls_folder: Path,
    clock: Clock,
    tracker: HealthTracker,
    found: Callable[[], Iterable[Address]] = addresses,
) -> Exposed:
    """Decide where to listen. A certificate that cannot be used keeps the gateway on this machine, with a condition.

    Raises ExposureError for what would not be safe.
    """
    settings = server_settings(section, auth, port=port, socket=control_socket, found=found)
    name = box_name()
    exposure = Exposure(section.bind, settings.hosts, box=name, public_origin=section.public_origin)
    exposed = Exposed(replace(settings, admin_socket=admin_socket), exposure)
    if section.bind == "tailnet" and not exposure.beyond:
        tracker.set(_alone())
    if _wants_tls(section, exposure):
        try:
            _with_tls(exposed, section, names_of(name, section, found()), tls_folder, clock, tracker)
        except CertificateError as error:
            tracker.set(_unusable(error))
            exposed.settings = replace(exposed.settings, hosts=("127.0.0.1",))
            exposed.exposure = replace(exposure, bind="loopback", hosts=("127.0.0.1",))
    origins = replace(exposed.settings.rules.origins, own_hosts=own_hosts(_own_names(name, section)))
    exposed.settings = replace(exposed.settings, rules=replace(exposed.settings.rules, origins=origins))
    return exposed


def box_name() -> str:
    """Return the host name of this machine without a domain, as others write it."""
    label = socket.gethostname().split(".", 1)[0].lower()
    return re.sub(r"[^a-z0-9-]", "-", label).strip("-")[:63] or "homarus"


def names_of(box: str, section: GatewaySection, found: Iterable[Address]) -> Names:
    """Return what belongs into the certificate: names of home networks, this machine, private addresses of today."""
    hosts = ["localhost", box, *(f"{box}.{domain}" for domain in _LOCAL_DOMAINS if box != "localhost")]
    if section.public_origin and (host := urlsplit(section.public_origin).hostname) and not _is_address(host):
        hosts.append(host)
    here = [str(one.ip) for one in found if not one.inner and not one.ip.is_link_local and is_private(one.ip)]
    return Names(box, tuple(dict.fromkeys(hosts)), tuple(dict.fromkeys(["127.0.0.1", "::1", *here])))


def is_private(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether the authority of the box may vouch for an address."""
    return any(ip.version == network.version and ip in network for network in _PRIVATE)


def _own_names(box: str, section: GatewaySection) -> list[str]:
    public = urlsplit(section.public_origin).hostname if section.public_origin else None
    return [box, *(f"{box}.{domain}" for domain in _LOCAL_DOMAINS), *([public] if public else [])]


def _wants_tls(section: GatewaySection, exposure: Exposure) -> bool:
    tls = section.tls
    if tls.enabled is not None:
        return tls.enabled
    return exposure.beyond and (tls.auto_generate or bool(tls.cert_path))


def _with_tls(
    exposed: Exposed, section: GatewaySection, names: Names, folder: Path, clock: Clock, tracker: HealthTracker
) -> None:
    tls = section.tls
    if tls.cert_path and tls.key_path:
        try:
            exposed.tls = PortTls(Path(tls.cert_path), Path(tls.key_path))
        except (OSError, ValueError) as error:
            raise ExposureError(f"gateway.tls: the certificate cannot be loaded ({error}).") from error
    elif tls.auto_generate:
        exposed.box = BoxTls(folder, names, clock=clock, tracker=tracker)
        exposed.tls = exposed.box.port
    else:
        raise ExposureError("gateway.tls needs gateway.tls.certPath and gateway.tls.keyPath.")
    exposed.settings = replace(exposed.settings, tls=exposed.tls)


def _unusable(error: CertificateError) -> Condition:
    summary = f"{error} Until then this gateway listens on this machine only."
    fix = "Mend it, then `homarus gateway restart`."
    return Condition(NO_CERTIFICATE, "tls", Severity.DEGRADED, summary, fix, {"reason": str(error)})


def _alone() -> Condition:
    """Nobody would see it otherwise: at the start of a box Tailscale may come after us."""
    summary = "This machine has no address in a tailnet, so this gateway listens on this machine only."
    fix = "`tailscale up`, then `homarus gateway restart`."
    return Condition(NO_TAILNET, "tailnet", Severity.DEGRADED, summary, fix)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
