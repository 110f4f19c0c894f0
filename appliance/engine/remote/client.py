"""The client of the engine of another box: the same frames over TLS, to whoever holds the pinned certificate only."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.engine import api
from appliance.engine.client import EngineClient, Words
from appliance.engine.remote.credentials import CredentialsError, Identity, client_context, peer_pin
from appliance.engine.remote.keepalive import keep_alive
from appliance.generation import FailureKind, ModelError

_CONNECT_TIMEOUT_S = 5.0
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_MAX_ADDRESSES = 4


@dataclass(frozen=True, slots=True)
class Address:
    """A host (name or address) and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read HOST:PORT, an IPv6 address in brackets. Raises CredentialsError."""
        host, _, port = text.rpartition(":")
        host = host.strip("[]")
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise CredentialsError(f"{text[:200]!r} is no address; HOST:PORT is wanted.")
        return cls(host, int(port))


class PeerClient(EngineClient):
    """Talk to the engine of the paired box `name`, as long as its certificate has the pin.

    `offline` keeps this box out of the internet, not out of its own network: then only addresses that no router of
    the internet carries (private, link-local, loopback) are dialled, and names only where they can mean nothing else.
    """

    max_frame_bytes = _MAX_ANSWER_BYTES

    def __init__(
        self, name: str, address: Address, identity: Identity, pin: str, *, offline: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__(Path())
        self.name = name
        self.words = Words(
            name=f"The box {name}",
            gone=f"The box {name} ended the connection: it stopped, or it is not paired with this one any more.",
            stuck=f"The box {name} does not answer. Look at it, or at the network.",
            away=f"The box {name} cannot be reached. Look whether it is on, and at models.remotes.{name}.",
        )
        self._address = address
        self._identity = identity
        self._pin = pin
        self._offline = offline

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection to who holds the certificate. Raises ModelError."""
        try:
            # made anew each time: a renewed certificate counts at once
            context = client_context(self._identity)
        except CredentialsError as error:
            raise ModelError(FailureKind.AUTH, str(error)) from error
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                reader, writer = await self._open(context)
        except (OSError, TimeoutError) as error:
            raise ModelError(FailureKind.UNAVAILABLE, self.words.away, details={"reason": str(error)}) from error
        if peer_pin(writer.get_extra_info("ssl_object")) != self._pin:
            writer.transport.abort()
            message = (
                f"At {self._address.host} is not the box {self.name}: its certificate is another one than "
                f"models.remotes.{self.name}.peer names. Nothing was sent."
            )
            raise ModelError(FailureKind.AUTH, message)
        return reader, writer

    async def _open(self, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first address that answers. Raises OSError, ModelError (OFFLINE)."""
        failure: OSError = OSError("the name has no address")
        for host in await self._addresses():
            try:
                reader, writer = await asyncio.open_connection(
                    host, self._address.port, ssl=context, ssl_handshake_timeout=_CONNECT_TIMEOUT_S
                )
            except OSError as error:
                failure = error
                continue
            raw = writer.get_extra_info("socket")
            if raw is not None:
                with contextlib.suppress(OSError):
                    keep_alive(raw)
            return reader, writer
        raise failure

    async def _addresses(self) -> list[str]:
        host = self._address.host
        offline = self._offline()
        if offline and not _stays_here(host):
            raise self._outside()
        infos = await asyncio.get_running_loop().getaddrinfo(host, self._address.port, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys(str(info[4][0]) for info in infos))[:_MAX_ADDRESSES]
        if offline:
            found = [one for one in found if _private(one)]
            if not found:
                raise self._outside()
        return found

    def _outside(self) -> ModelError:
        message = f"`offline` is true, and {self._address.host} is not an address of this network; nothing was dialled."
        return ModelError(FailureKind.OFFLINE, message)

    async def read(self, reader: asyncio.StreamReader) -> api.Answer:
        """Return the next answer. Raises ModelError."""
        try:
            return await super().read(reader)
        except ModelError as error:
            # with TLS 1.3 a caller hears that it was turned away only when it reads
            if isinstance(error.__cause__, ssl.SSLError):
                message = f"The box {self.name} does not know this one: pair them again."
                raise ModelError(FailureKind.AUTH, message) from error
            raise
        except ValueError as error:  # a stream that is no TLS any more
            raise ModelError(FailureKind.UNAVAILABLE, self.words.gone) from error


class Exchange:
    """One connection on which several frames go to and fro, for states; made by `exchange`."""

    def __init__(self, client: EngineClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._client = client
        self._reader = reader
        self._writer = writer

    async def send(self, request: api.Request) -> None:
        """Write a frame, and wait while the other side does not keep up. Raises ModelError."""
        self._writer.write(api.encode(request))
        try:
            await self._writer.drain()
        except OSError as error:
            raise ModelError(FailureKind.UNAVAILABLE, self._client.words.gone) from error

    async def receive(self) -> api.Answer:
        """Return the next answer. Raises ModelError."""
        answer = await self._client.read(self._reader)
        if isinstance(answer, api.Failed):
            raise ModelError(FailureKind.BAD_RESPONSE, answer.message)
        return answer

    async def ask(self, request: api.Request) -> api.Answer:
        """Send one frame and return its answer. Raises ModelError."""
        await self.send(request)
        return await self.receive()


@contextlib.asynccontextmanager
async def exchange(client: EngineClient) -> AsyncGenerator[Exchange]:
    """Open a connection for a hand-over. Raises ModelError."""
    reader, writer = await client.connect()
    try:
        yield Exchange(client, reader, writer)
    finally:
        writer.transport.abort()


def _stays_here(host: str) -> bool:
    """Tell whether asking for this name or address cannot leave the network."""
    try:
        return _private(str(ipaddress.ip_address(host.partition("%")[0])))
    except ValueError:
        return "." not in host.rstrip(".") or host.rstrip(".").lower().endswith((".local", ".home.arpa"))


def _private(address: str) -> bool:
    return not ipaddress.ip_address(address.partition("%")[0]).is_global
