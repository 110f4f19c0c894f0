"""Where clients find this gateway: the addresses that go into a setup code, best first, and the pin of its TLS."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from appliance.host.interfaces import Address, addresses
from appliance.host.network import RouteReader

MAX_URLS: Final = 8
"""What a setup code holds (protocol.md 5.4)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An answer to "where are you": ws and wss addresses without a trailing slash, the best first.

    `fingerprint`: SHA-256 of the TLS certificate in lower-case hex, to be pinned; None without TLS or where a public
    authority vouches for it. `source`: the option that decided. `loopback_only`: nobody else can come.
    """

    urls: tuple[str, ...]
    fingerprint: str | None = None
    source: str = "gateway.bind=loopback"
    loopback_only: bool = True

    @property
    def pages(self) -> tuple[str, ...]:
        """The same addresses for a browser: http and https."""
        return tuple(f"http{url.removeprefix('ws')}" for url in self.urls)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What was configured, and what came of it. `hosts`: where the gateway listens (a wildcard is every address).

    `pin`: fingerprint of the certificate that is shown, None without TLS. `box`: the host name without a domain.
    `served`: the name under which Tailscale passes connections on to this gateway, "" when it does not.
    """

    bind: str = "loopback"
    hosts: tuple[str, ...] = ("127.0.0.1",)
    pin: str | None = None
    box: str = "localhost"
    public_origin: str | None = None
    served: str = ""

    @property
    def beyond(self) -> bool:
        """True when another machine can connect to the port itself."""
        return any(not ipaddress.ip_address(host).is_loopback for host in self.hosts)


class Reachable:
    """Answers with the addresses of this moment: interfaces come and go."""

    def __init__(
        self,
        port: Callable[[], int],
        exposure: Callable[[], Exposure] = lambda: Exposure(),
        *,
        found: Callable[[], Iterable[Address]] = addresses,
        first: Callable[[], str | None] = RouteReader().default_interface,
    ) -> None:
        self._port = port
        self._exposure = exposure
        self._found = found
        self._first = first

    @property
    def port(self) -> int:
        return self._port()

    @property
    def exposure(self) -> Exposure:
        return self._exposure()

    def __call__(self) -> Reach:
        exposure = self._exposure()
        if exposure.public_origin:
            public = urlsplit(exposure.public_origin)
            scheme = "wss" if public.scheme in ("https", "wss") else "ws"
            return Reach((f"{scheme}://{public.netloc}",), None, "gateway.publicOrigin", loopback_only=False)
        if exposure.beyond:
            urls = tuple(dict.fromkeys(self._urls(exposure)))[:MAX_URLS]
            return Reach(urls, exposure.pin, f"gateway.bind={exposure.bind}", loopback_only=False)
        if exposure.served:
            return Reach((f"wss://{exposure.served}",), None, "gateway.tailscale.mode=serve", loopback_only=False)
        host = next(iter(exposure.hosts), "127.0.0.1")
        return Reach((f"ws://{_bracketed(host)}:{self._port()}",), exposure.pin)

    def _urls(self, exposure: Exposure) -> Iterable[str]:
        scheme, port = "wss" if exposure.pin else "ws", self._port()
        return (f"{scheme}://{_bracketed(host)}:{port}" for host in self._hosts(exposure))

    def _hosts(self, exposure: Exposure) -> Iterable[str]:
        """Hosts in the order in which a phone at home should try them."""
        bound = [ipaddress.ip_address(host) for host in exposure.hosts]
        families = {ip.version for ip in bound if ip.is_unspecified}
        named = [ip for ip in bound if not ip.is_unspecified and not ip.is_loopback]
        first = self._first()
        usable = [
            one
            for one in self._found()
            if one.ip.version in families and not one.inner and not one.ip.is_link_local and not one.ip.is_multicast
        ]
        usable.sort(key=lambda one: (one.tailnet, one.ip.version, one.interface != first))
        near = [str(one.ip) for one in usable if one.ip.version == 4 and not one.tailnet]
        far = [str(one.ip) for one in usable if str(one.ip) not in near]
        return (*(str(ip) for ip in named), *near, *((f"{exposure.box}.local",) if families else ()), *far)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
