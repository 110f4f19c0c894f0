"""A node of this machine: where its files are, what it offers, and its life from pairing on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.client import membership as members
from appliance.client.lasting import Lasting, News, Seams, pair
from appliance.client.membership import Membership
from appliance.foundation.clock import Clock
from appliance.identity.box_key import BoxKey
from appliance.identity.setup.code import decode
from appliance.nodehost.allow import AllowList, private_folder
from appliance.nodehost.approvals import Approvals
from appliance.nodehost.commands import Machine, camera, canvas, device, notify, system
from appliance.nodehost.host import Host, introduction
from appliance.nodehost.model import Command

_LOOK_S = 3.0


@dataclass(frozen=True, slots=True)
class NodeHome:
    """The folder of one node: its key, its gateway, its list, what waits."""

    folder: Path
    environ: Mapping[str, str]
    clock: Clock

    @property
    def gateway_file(self) -> Path:
        return self.folder / "gateway.json"

    @property
    def allow(self) -> AllowList:
        return AllowList(self.folder / "allow.json")

    @property
    def approvals(self) -> Approvals:
        return Approvals(self.folder / "approvals", self.clock)

    def key(self) -> BoxKey:
        """Return the key of this node, made the first time. Raises BoxKeyError."""
        private_folder(self.folder)
        return BoxKey.open(self.folder / "device.key")

    def membership(self) -> Membership:
        """Return the gateway that this node belongs to. Raises MembershipError."""
        return members.read(self.gateway_file)

    def commands(self) -> tuple[Command, ...]:
        """Return what this machine offers."""
        machine = Machine(self.environ, self.allow, self.approvals, self.clock)
        kinds = (device, system, notify, camera, canvas)
        return tuple(command for kind in kinds for command in kind.commands(machine))

    async def pair(self, code: str, name: str | None, pin: str | None = None) -> Membership:
        """Join the gateway of a setup code; `pin` is its certificate where the code names none.

        Raises SetupCodeError or ClientError; what was there before stays then.
        """
        invited = decode(code).pinned(pin)
        who = introduction(self.commands(), name, self.environ.get("PATH"))
        joined = await pair(members.of_code(invited), invited.bootstrap_token, self.key(), who)
        members.save(self.gateway_file, joined)
        return joined

    async def serve(self, name: str | None, told: Callable[[News], None]) -> None:
        """Be a node of the gateway until cancelled. Raises ConnectRefused when it must be paired anew."""
        commands = self.commands()
        host = Host({command.name: command for command in commands}, self.clock)
        seams = Seams(
            remember=lambda membership: members.save(self.gateway_file, membership),
            told=told,
            clock=self.clock,
            look_around=look_around,
        )
        who = introduction(commands, name, self.environ.get("PATH"))
        await Lasting(self.membership(), self.key(), who, seams).keep(host.serve)


async def look_around(membership: Membership) -> tuple[str, ...]:
    """Return addresses at which a gateway says that it has our certificate. The pin decides whether it is true."""
    from appliance.discovery.browse import BrowseError, browse  # only where the gateway has moved

    try:
        found = await browse(_LOOK_S)
    except BrowseError:
        return ()
    return tuple(url for one in found if one.advert.fingerprint == membership.fingerprint for url in one.urls)
