"""The tailnet as a door: Tailscale passes https://NAME.ts.net on to this gateway, and says who comes."""

from __future__ import annotations

import ipaddress
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from appliance.config.sections.gateway import GatewaySection
from appliance.daemon.reach.exposure import Exposed
from appliance.foundation.clock import Clock
from appliance.gateway.admission.credential import Visitor
from appliance.gateway.transport.peer import Peer
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.interfaces import is_tailnet, read_address
from appliance.host.sockets import owner_of
from appliance.host.tailscale import SOCKET, LocalApi, TailscaleError

_log = logging.getLogger(__name__)

UNSERVED: Final = "tailscale_unserved"
_LOOPBACK: Final = (ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("::1/128"))
_AGAIN_S: Final = 60.0
_LOGIN: Final = "tailscale-user-login"


def local_api(environ: Mapping[str, str]) -> LocalApi:
    """Return the daemon of this machine; TS_SOCKET names another place, as in Tailscale's own containers."""
    return LocalApi(Path(environ.get("TS_SOCKET") or SOCKET))


def join_tailnet(exposed: Exposed, section: GatewaySection, api: LocalApi) -> None:
    """Let the server trust what the owner wants it to trust of Tailscale: its proxy on this machine, its logins."""
    settings = exposed.settings
    if section.tailscale.mode == "serve":
        settings = replace(settings, trusted_proxies=(*settings.trusted_proxies, *_LOOPBACK))
    if section.auth.allow_tailscale:
        settings = replace(settings, identify=WhoInTailnet(api, section.auth.identity_scopes))
    exposed.settings = settings


class ServedByTailscale:
    """Keeps `gateway.tailscale.mode: serve` true: asks until the daemon serves us, takes it back at the end."""

    def __init__(
        self,
        api: LocalApi,
        exposed: Exposed,
        *,
        clock: Clock,
        tracker: HealthTracker,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._changed = changed
        self._api = api
        self._exposed = exposed
        self._port = 0
        self._clock = clock
        self._tracker = tracker

    async def run(self, port: int) -> None:
        """Be served from now on; look every minute, for a daemon that starts later or was logged in again."""
        while True:
            await self.look(port)
            await self._clock.sleep(_AGAIN_S)

    async def look(self, port: int) -> None:
        """Ask the daemon once to serve us on `port`."""
        self._port = port
        try:
            me = await self._api.status()
            if not me.certificates:
                raise TailscaleError("HTTPS certificates are off in this tailnet; turn them on in its DNS settings.")
            await self._api.serve(me.name, self._port)
        except TailscaleError as error:
            self._served("")
            fix = "Mend that; it is tried again every minute. Or: homarus config set gateway.tailscale.mode off"
            self._tracker.set(
                Condition(UNSERVED, "tailscale", Severity.DEGRADED, str(error), fix, {"reason": str(error)})
            )
            return
        self._tracker.clear(UNSERVED, "tailscale")
        if self._exposed.exposure.served != me.name:
            _log.info("served in the tailnet", extra={"address": f"https://{me.name}/"})
            self._served(me.name)

    def _served(self, name: str) -> None:
        if name != self._exposed.exposure.served:
            self._exposed.exposure = replace(self._exposed.exposure, served=name)
            self._changed()

    async def aclose(self) -> None:
        """Take back what was asked for."""
        if self._exposed.exposure.served:
            try:
                await self._api.unserve(self._exposed.exposure.served, self._port)
            except TailscaleError as error:
                _log.warning("Tailscale goes on serving an address that is gone: %s", error)


class WhoInTailnet:
    """Says which login of the tailnet is at the other end of a connection, as the daemon itself knows it.

    A name in a header counts only when three things agree: the connection comes from a process of root or of our own
    user on this machine (any other local program could write the header), the daemon knows the client address that
    the proxy names, and it gives the same login.
    """

    def __init__(
        self, api: LocalApi, scopes: Mapping[str, tuple[str, ...]] | None = None, *, proc: Path = Path("/proc")
    ) -> None:
        self._api = api
        self._scopes = {login.lower(): allowed for login, allowed in (scopes or {}).items()}
        self._proc = proc

    async def __call__(self, peer: Peer, headers: Mapping[str, str], peername: Any) -> Visitor | None:
        """Return who it is and what they may have at most; None for those for whom nobody vouches, or not the owner."""
        login = await self._login(peer, headers, peername)
        if login is None or (self._scopes and login.lower() not in self._scopes):
            return None
        return Visitor(login, self._scopes.get(login.lower()))

    async def _login(self, peer: Peer, headers: Mapping[str, str], peername: Any) -> str | None:
        if peer.control or not isinstance(peername, tuple):
            return None
        if not peer.forwarded:
            address = read_address(peername[0])
            if address is None or not is_tailnet(address):
                return None
            return await self._api.login(_named(peername[0], peername[1]))
        claimed = headers.get(_LOGIN, "").strip()
        address = read_address(peer.remote)
        if not claimed or not peer.trusted_proxy or address is None or not is_tailnet(address):
            return None
        if owner_of(peername[0], peername[1], self._proc) not in (0, os.getuid()):
            return None
        login = await self._api.login(peer.remote)
        return login if login is not None and login.lower() == claimed.lower() else None


def _named(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
