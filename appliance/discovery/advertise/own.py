"""Publishing with python-zeroconf, for machines without avahi: names are asked for first, interfaces are followed."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from typing import Final

import ifaddr
from zeroconf import (  # type: ignore[attr-defined]  # AddressResolver is public, but not in its __all__
    AddressResolver,
    IPVersion,
    NonUniqueNameException,
    ServiceInfo,
)
from zeroconf import Error as ZeroconfError
from zeroconf.asyncio import AsyncZeroconf

from appliance.discovery.advertise.avahi import PublishError
from appliance.discovery.beacon import SERVICE_TYPE, Beacon, cut, renamed

_TYPE: Final = f"{SERVICE_TYPE}.local."
_MAX_NAMES: Final = 20
"""Names that are tried: a network on which all are taken is broken, and trying on would only shout (seen elsewhere)."""

_INTERFACES_S: Final = 5.0
_LOOK_TURNS: Final = 64
"""The host name is asked for again at least this often, in turns of `_INTERFACES_S`."""

_HOST_ANSWER_MS: Final = 700
_HOST_BYTES: Final = 60


def addresses() -> tuple[str, ...]:
    """Return the addresses of this machine that others on the network can reach, sorted; loopback is none."""
    found: set[str] = set()
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            address = ipaddress.ip_address(text)
            if not (address.is_loopback or address.is_unspecified or address.is_multicast or _scoped(address)):
                found.add(text)
    return tuple(sorted(found))


def _scoped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """IPv6 link-local means nothing without its interface, which a DNS record cannot carry."""
    return address.version == 6 and address.is_link_local


async def publish(beacon: Beacon, told: Callable[[str], None], every_s: float = _INTERFACES_S) -> None:
    """Publish until cancelled; `told` hears the instance name, or "" while there is no network. Raises PublishError."""
    while True:
        here = addresses()
        if not here:
            told("")
        else:
            await _on(here, beacon, told, every_s)
        await asyncio.sleep(every_s)


async def _on(here: Sequence[str], beacon: Beacon, told: Callable[[str], None], every_s: float) -> None:
    """Publish on these addresses until they change."""
    zeroconf = AsyncZeroconf(ip_version=IPVersion.All)
    try:
        info = await _claim(zeroconf, here, beacon)
        told(info.name.removesuffix(f".{_TYPE}"))
        turns = 0
        while addresses() == tuple(here):
            await asyncio.sleep(every_s)  # only netlink would tell, which nothing here speaks
            turns += 1
            # Two that start in the same second may take the same host name; one of them has to see it and move on.
            if _looks(turns) and await _strangers(zeroconf, str(info.server), here):
                return
    except (OSError, ZeroconfError) as error:
        raise PublishError(f"the announcement failed: {error}") from error
    finally:
        await zeroconf.async_close()  # says goodbye


def _looks(turn: int) -> bool:
    """Return whether the host name is asked for again: soon after it was taken, then ever more rarely."""
    return turn & (turn - 1) == 0 or turn % _LOOK_TURNS == 0


async def _claim(zeroconf: AsyncZeroconf, here: Sequence[str], beacon: Beacon) -> ServiceInfo:
    host = await _free_host(zeroconf, here, beacon.host)
    for attempt in range(1, _MAX_NAMES + 1):
        info = ServiceInfo(
            _TYPE,
            f"{renamed(beacon.instance, attempt)}.{_TYPE}",
            port=beacon.port,
            properties={**beacon.txt, "lanHost": f"{host}.local"},
            server=f"{host}.local.",
            addresses=[_packed(one) for one in here],
        )
        try:
            await (await zeroconf.async_register_service(info))
        except NonUniqueNameException:
            continue
        return info
    raise PublishError(f"{_MAX_NAMES} names are taken on this network already, the last was {info.name}")


async def _free_host(zeroconf: AsyncZeroconf, here: Sequence[str], wanted: str) -> str:
    """Return a host name that nobody else answers for: clients go to the addresses of the name, which must be ours."""
    name = cut(wanted, _HOST_BYTES)
    for attempt in range(1, _MAX_NAMES + 1):
        host = name if attempt == 1 else f"{name}-{attempt}"
        if not await _strangers(zeroconf, f"{host}.local.", here):
            return host
    raise PublishError(f"the host name {wanted}.local and its variants are taken on this network; rename this box")


async def _strangers(zeroconf: AsyncZeroconf, host: str, here: Sequence[str]) -> set[str]:
    """Return addresses under which somebody else answers for `host`."""
    asked = AddressResolver(host)
    await asked.async_request(zeroconf.zeroconf, _HOST_ANSWER_MS)
    told = {ipaddress.ip_address(one) for one in asked.parsed_addresses()}
    return {str(one) for one in told if str(one) not in here and not _scoped(one)}


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed
