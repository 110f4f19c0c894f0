"""Every outgoing connection of the providers, behind one gate that sees the resolved address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import aiohttp.abc

from appliance.providers.cloud.address import forbidden, is_loopback

_REACH_S = 5.0
_MAX_ADDRESSES = 4


class RefusedAddressError(OSError):
    """The name led to an address that is never dialled."""


class OfflineError(OSError):
    """The configuration says `offline: true` and the address is not on this box."""


class Dialer:
    """Owns the one HTTP client session of all providers; it is made on first use.

    The gate sits where the socket is made, behind the resolver: a name that points to a metadata service, or
    that changes its mind between check and use (DNS rebinding), does not pass. No proxy of the environment is
    used, no cookie is kept.
    """

    def __init__(
        self,
        *,
        offline: Callable[[], bool] = lambda: False,
        resolver: aiohttp.abc.AbstractResolver | None = None,
    ) -> None:
        self._offline = offline
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session; needs a running loop."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(
                socket_factory=self._socket,
                resolver=self._resolver,
                limit=0,  # the lanes bound the calls; a second queue here would hide time
                keepalive_timeout=60,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=True,
                raise_for_status=False,
            )
        return self._session

    async def reaches(self, host: str, port: int) -> bool:
        """Tell whether a service takes a connection now; it is closed at once and nothing is sent over it."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_REACH_S):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError):
            return False
        for info in found[:_MAX_ADDRESSES]:
            if await self._connects(info):
                return True
        return False

    async def _connects(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> bool:
        try:
            with self._socket(info) as made:
                made.setblocking(False)
                async with asyncio.timeout(_REACH_S):
                    await asyncio.get_running_loop().sock_connect(made, info[4])
        except (OSError, TimeoutError):
            return False
        return True

    def _socket(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = info
        if (reason := forbidden(str(address[0]))) is not None:
            raise RefusedAddressError(f"the name leads to {reason}")
        if self._offline() and not is_loopback(str(address[0])):
            raise OfflineError("offline")
        return socket.socket(family, kind, protocol)

    async def aclose(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
