"""Who is there: every gateway that announces itself on the local network. Only in the command line's process."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from dataclasses import dataclass
from typing import Final

from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from appliance.discovery.beacon import SERVICE_TYPE, Advert, advert
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet

_TYPE: Final = f"{SERVICE_TYPE}.local."
_RESOLVE_MS: Final = 2000
logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # an interface that speaks no multicast is no news

_MAX_FOUND: Final = 64
"""A flood of names on the network fills neither the memory nor the screen."""


class BrowseError(ApplianceError):
    """The network cannot be searched."""

    code = "discovery"


@dataclass(frozen=True, slots=True)
class Found:
    """One gateway. `addresses` and `port` were resolved: connect to these. `advert` is what it says of itself."""

    instance: str
    host: str
    port: int
    addresses: tuple[str, ...]
    advert: Advert

    @property
    def urls(self) -> tuple[str, ...]:
        """Return where to connect: IPv4 first, IPv6 of the link with its interface last (`[fe80::1%eth0]`)."""
        scheme = "wss" if self.advert.tls else "ws"
        ordered = sorted(self.addresses, key=_order)
        return tuple(f"{scheme}://{f'[{one}]' if ':' in one else one}:{self.port}" for one in ordered)


def _order(address: str) -> tuple[int, bool, int, str]:
    ip = ipaddress.ip_address(address)
    return ip.version, ip.is_link_local, int(ip), address


async def browse(seconds: float) -> list[Found]:
    """Listen for `seconds` and return who answered, sorted by name. Raises BrowseError without a network."""
    found: dict[str, Found] = {}
    names: set[str] = set()
    tasks = TaskSet("browse")
    try:
        zeroconf = AsyncZeroconf(ip_version=IPVersion.All)
    except OSError as error:
        raise BrowseError(f"No network to search: {error.strerror or error}.") from error

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Removed:
            found.pop(name, None)
        elif name in names or len(names) < _MAX_FOUND:
            names.add(name)
            tasks.spawn(_resolve(zeroconf, name, found), name="resolve")

    browser = AsyncServiceBrowser(zeroconf.zeroconf, _TYPE, handlers=[changed])
    try:
        await asyncio.sleep(seconds)
    finally:
        await browser.async_cancel()
        await tasks.aclose()
        await zeroconf.async_close()
    return sorted(found.values(), key=lambda one: one.instance.casefold())


async def _resolve(zeroconf: Zeroconf, name: str, found: dict[str, Found]) -> None:
    info = AsyncServiceInfo(_TYPE, name)
    if not await info.async_request(zeroconf, _RESOLVE_MS) or not info.port:
        return
    found[name] = Found(
        instance="".join(char for char in name.removesuffix(f".{_TYPE}") if char.isprintable()),
        host=(info.server or "").rstrip("."),
        port=info.port,
        addresses=tuple(dict.fromkeys(_usable(one) for one in info.parsed_scoped_addresses())),
        advert=advert(info.properties),
    )


def _usable(address: str) -> str:
    """Return an address with the name of its interface: a number means another one on the next start."""
    bare, mark, scope = address.partition("%")
    if not mark or not scope.isdigit():
        return address
    try:
        return f"{bare}%{socket.if_indextoname(int(scope))}"
    except OSError:
        return address
