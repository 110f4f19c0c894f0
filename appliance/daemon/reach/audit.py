"""`homarus security audit`: gathers what is exposed at this moment and asks the rules about it."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.access.shared import AuthMode, SharedAuth
from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.gateway import GatewaySection
from appliance.daemon.access_rules import shared_auth
from appliance.daemon.reach.exposure import Exposed, box_name, names_of
from appliance.daemon.reach.findings import findings
from appliance.daemon.reach.trust import TrustParts
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.gateway.method import Method
from appliance.gateway.methods import security
from appliance.gateway.reach import Exposure, Reachable
from appliance.host.interfaces import Address, addresses
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.security import AuditResult, DoorRow, FindingRow, RenewResult
from appliance.protocol.roles import ADMIN, OPERATOR

_SECRET = "the gateway token or password, or a paired device"
_NOTHING = "nothing: gateway.auth.mode is none"


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit of one gateway."""

    config: Callable[[], Config]
    environ: Mapping[str, str]
    paths: StatePaths
    exposed: Exposed
    reach: Reachable
    trust: TrustParts
    clock: Clock
    found: Callable[[], Iterable[Address]] = addresses

    def methods(self) -> tuple[Method, ...]:
        """Return the wire methods."""
        return security.methods(audit=self.run, renew=self.renew)

    async def run(self) -> AuditResult:
        """Look at everything now."""
        devices = await self.trust.devices.devices()
        owners = sum((token := one.token(OPERATOR)) is not None and ADMIN in token.scopes for one in devices)
        waiting = await self.trust.devices.requests(self.clock.now_ms())
        exposure, box = self.reach.exposure, self.exposed.box
        rows, notes = await asyncio.to_thread(self._look, exposure)
        return AuditResult(
            doors=self._doors(exposure),
            findings=rows,
            notes=notes,
            devices=len(devices),
            owners=owners,
            waiting=len(waiting),
            codes=self.trust.setup.spendable(self.clock.now_ms()),
            fingerprint=or_unset(exposure.pin),
            authority_fingerprint=hashlib.sha256(box.authority_der()).hexdigest() if box is not None else UNSET,
            certificate_until_ms=box.leaf.not_after_ms if box is not None else UNSET,
            trust_page=f"{self.reach().pages[0]}/trust" if box is not None else UNSET,
        )

    async def renew(self) -> RenewResult:
        """Make another certificate for the names and addresses of today; apps that knew the old one ask once."""
        gateway, box = self.config().gateway, self.exposed.box
        if box is None or isinstance(gateway, Refused):
            raise invalid_request("this gateway shows no certificate of its own")
        names = await asyncio.to_thread(lambda: names_of(box_name(), gateway, tuple(self.found())))
        await box.renew(names)
        return RenewResult(fingerprint=box.leaf.pin, until_ms=box.leaf.not_after_ms)

    def _look(self, exposure: Exposure) -> tuple[list[FindingRow], list[str]]:
        gateway = self.config().gateway
        if isinstance(gateway, Refused):
            return [], ["The section gateway of the configuration cannot be read: only the control socket answers."]
        here = tuple(self.found())
        return findings(gateway, self._auth(gateway), exposure, here, self._files()), self._notes(gateway, here)

    def _auth(self, gateway: GatewaySection) -> SharedAuth:
        return shared_auth(gateway, self.paths.token, self.environ)

    def _open(self) -> bool:
        """Tell whether nothing is asked of who comes (gateway.auth.mode: none)."""
        gateway = self.config().gateway
        return not isinstance(gateway, Refused) and self._auth(gateway).mode is AuthMode.NONE

    def _files(self) -> list[Path]:
        """Files that are the owner's alone. What else lies in the state is covered by its folder."""
        root = self.paths.root
        elsewhere = [] if self.paths.config.is_relative_to(root) else [self.paths.config]
        return [root, self.paths.token, root / "device.key", *elsewhere, *sorted(self.paths.tls.glob("*.pem"))]

    def _doors(self, exposure: Exposure) -> list[DoorRow]:
        doors = [
            DoorRow(
                address=str(self.paths.control_socket),
                who="root and the user of the gateway",
                needs="nothing: the kernel vouches",
                encrypted=True,
            )
        ]
        if (admin := self.exposed.settings.admin_socket) is not None and self.exposed.settings.admin_group:
            who = f"members of the group {self.exposed.settings.admin_group}, if it exists"
            doors.append(DoorRow(address=str(admin), who=who, needs="nothing: the kernel vouches", encrypted=True))
        for host in exposure.hosts:
            ip = ipaddress.ip_address(host)
            name = f"[{host}]" if ip.version == 6 else host
            address = f"{name}:{self.reach.port}"
            needs = _NOTHING if self._open() and ip.is_loopback else _SECRET
            doors.append(DoorRow(address=address, who=_who(ip), needs=needs, encrypted=exposure.pin is not None))
        for outside in (exposure.public_origin, f"https://{exposure.served}" if exposure.served else None):
            if outside:
                who = "your tailnet" if exposure.served in outside and exposure.served else "whoever your proxy lets in"
                doors.append(DoorRow(address=outside, who=who, needs=_SECRET, encrypted=outside.startswith("https:")))
        return doors

    def _notes(self, gateway: GatewaySection, here: tuple[Address, ...]) -> list[str]:
        box = self.exposed.box
        if box is None:
            return []
        names = names_of(box_name(), gateway, here)
        missing = box.unnamed((*names.hosts, *names.addresses))
        if not missing:
            return []
        return [
            f"The certificate does not name {', '.join(missing)}: apps do not mind, browsers warn there. "
            f"Open https://{box_name()}.local:{self.reach.port} instead, or make another with "
            "`homarus security renew-certificate`; apps then ask once."
        ]


def _who(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if ip.is_loopback:
        return "programs on this machine"
    return "every network this machine is in" if ip.is_unspecified else "the network of that address"
