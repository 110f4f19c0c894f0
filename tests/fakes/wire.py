"""A real gateway on a free port with a small method table, and a bare client that shows every frame."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import struct
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.access.origin import OriginPolicy
from appliance.access.shared import AuthMode, SharedAuth
from appliance.daemon.reach.trust import TrustParts, open_trust
from appliance.foundation.clock import Clock, SystemClock
from appliance.gateway.admission.credential import Rules
from appliance.gateway.bearer import Bearer
from appliance.gateway.hello import SnapshotSources
from appliance.gateway.method import Call, Method, MethodTable, NoParams
from appliance.gateway.server import Server, ServerSettings
from appliance.identity import MIGRATIONS, DeviceStore
from appliance.protocol.errors import unavailable
from appliance.protocol.roles import READ, WRITE
from appliance.sessions.idempotency import IdempotencyStore
from appliance.storage import Database, Migration

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TOKEN = "the-token-of-the-test"
RULES = Rules(SharedAuth(AuthMode.TOKEN, token=TOKEN), OriginPolicy(("https://ui.example",)))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class DeviceKey:
    """An Ed25519 device as a client has it (protocol.md 3.2)."""

    def __init__(self, seed: bytes | None = None) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        self.raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(self.raw).hexdigest()
        self.public_key = _b64(self.raw)

    def prove(self, params: dict[str, Any], nonce: str, signed_at: int, *, version: int = 3) -> dict[str, Any]:
        """Return the `device` member that signs these connect params."""
        client, auth = params["client"], params.get("auth") or {}
        fields = [
            f"v{version}",
            self.id,
            client["id"],
            client["mode"],
            params.get("role", "operator"),
            ",".join(params.get("scopes") or []),
            str(signed_at),
            auth.get("token") or auth.get("deviceToken") or auth.get("bootstrapToken") or "",
            nonce,
        ]
        if version == 3:
            fields += [client["platform"].strip().lower(), (client.get("deviceFamily") or "").strip().lower()]
        signature = _b64(self.private.sign("|".join(fields).encode()))
        return {
            "id": self.id,
            "publicKey": self.public_key,
            "signature": signature,
            "signedAt": signed_at,
            "nonce": nonce,
        }


def connect_params(
    client_id: str = "cli",
    mode: str = "cli",
    *,
    scopes: list[str] | None = None,
    token: str | None = TOKEN,
    **more: Any,
) -> dict[str, Any]:
    """Return the params of a usual connect; `more` replaces or adds members."""
    params: dict[str, Any] = {
        "minProtocol": 4,
        "maxProtocol": 4,
        "client": {"id": client_id, "mode": mode, "version": "1.0.0", "platform": "linux"},
    }
    if scopes is not None:
        params["scopes"] = scopes
    if token is not None:
        params["auth"] = {"token": token}
    return {**params, **more}


@dataclass
class Client:
    """One WebSocket with its challenge read. `events` keeps what came while waiting for an answer."""

    socket: aiohttp.ClientWebSocketResponse
    challenge: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def nonce(self) -> str:
        return str(self.challenge["nonce"])

    async def receive(self) -> dict[str, Any]:
        """Return the next frame; AssertionError when the socket closes instead."""
        message = await self.socket.receive(timeout=10)
        assert message.type is aiohttp.WSMsgType.TEXT, (message.type, message.data, message.extra)
        frame: dict[str, Any] = json.loads(message.data)
        return frame

    async def closed(self) -> tuple[int, str]:
        """Read until the close frame and return its code and reason."""
        while True:
            message = await self.socket.receive(timeout=15)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return int(message.data), message.extra or ""
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR):
                return self.socket.close_code or 1006, ""

    async def request(self, method: str, params: Any = None, *, request_id: str | None = None) -> dict[str, Any]:
        """Send a request and return its response, putting events aside."""
        request_id = request_id or str(uuid.uuid4())
        frame = {"type": "req", "id": request_id, "method": method}
        if params is not None:
            frame["params"] = params
        await self.socket.send_str(json.dumps(frame))
        return await self.response(request_id)

    async def response(self, request_id: str) -> dict[str, Any]:
        while True:
            frame = await self.receive()
            if frame["type"] == "res" and frame["id"] == request_id:
                return frame
            self.events.append(frame)

    async def event(self, name: str) -> dict[str, Any]:
        """Return the next event of this name."""
        while True:
            for index, frame in enumerate(self.events):
                if frame.get("event") == name:
                    return self.events.pop(index)
            self.events.append(await self.receive())

    async def connect(self, params: dict[str, Any], device: DeviceKey | None = None) -> dict[str, Any]:
        """Send connect, signed by `device`, and return the response."""
        if device is not None:
            params = {**params, "device": device.prove(params, self.nonce, self.challenge["ts"])}
        return await self.request("connect", params)


class AddParams(msgspec.Struct):
    a: int
    b: int = 0


class OnceParams(msgspec.Struct, rename="camel"):
    idempotency_key: str | None = None


class SubscribeParams(msgspec.Struct):
    key: str


def small_table() -> MethodTable:
    """Methods that tests need: reading, writing, waiting, failing, subscribing."""

    async def add(call: Call, params: AddParams) -> dict[str, int]:
        return {"sum": params.a + params.b}

    def now(call: Call, params: NoParams) -> dict[str, Any]:
        return {"actor": call.actor, "scopes": sorted(call.connection.scopes)}

    async def twice(call: Call, params: NoParams) -> dict[str, str]:
        call.early({"status": "accepted"})
        return {"status": "ok"}

    async def broken(call: Call, params: NoParams) -> None:
        raise RuntimeError("secret details of a fault")

    async def busy(call: Call, params: NoParams) -> None:
        raise unavailable("later", retry_after_ms=7)

    def subscribe(call: Call, params: SubscribeParams) -> dict[str, bool]:
        call.subscriptions.sessions = True
        call.subscriptions.messages.add(params.key)
        return {"subscribed": True}

    return MethodTable(
        [
            Method("test.add", READ, AddParams, add),
            Method("test.now", None, NoParams, now),
            Method("test.write", WRITE, NoParams, now),
            Method("test.twice", READ, NoParams, twice),
            Method("test.broken", READ, NoParams, broken),
            Method("test.busy", READ, NoParams, busy),
            Method("test.subscribe", READ, SubscribeParams, subscribe),
            Method("test.node", None, NoParams, now, role="node"),
        ]
    )


@dataclass
class Gateway:
    """A running server and the address to reach it."""

    server: Server
    devices: DeviceStore
    http: aiohttp.ClientSession
    control_socket: Path
    server_table: MethodTable
    sources: SnapshotSources
    trust: TrustParts

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @contextlib.asynccontextmanager
    async def open(self, **headers: str) -> AsyncIterator[Client]:
        """Open a socket and read the challenge."""
        async with self.http.ws_connect(self.url, headers=headers, max_msg_size=0, autoping=True) as socket:
            client = Client(socket, {})
            client.challenge = (await client.receive())["payload"]
            yield client

    @contextlib.asynccontextmanager
    async def connected(self, *scopes: str, device: DeviceKey | None = None, **more: Any) -> AsyncIterator[Client]:
        """Open a socket that has said hello, by default as the command line with all the named scopes."""
        async with self.open() as client:
            answer = await client.connect(connect_params(scopes=list(scopes), **more), device)
            assert answer["ok"], answer
            yield client


@contextlib.asynccontextmanager
async def gateway(
    root: Path,
    *,
    rules: Rules = RULES,
    clock: Clock | None = None,
    table: MethodTable | None = None,
    serving: bool = True,
    idempotency: Callable[[Database], IdempotencyStore] | None = None,
    migrations: Sequence[Migration] = (),
    routes: Callable[[Bearer], list[web.RouteDef]] = lambda bearer: [],
    **settings: Any,
) -> AsyncIterator[Gateway]:
    """Run a gateway on a free port with real storage under `root`."""
    clock = clock or SystemClock()
    database = await Database.open(root / "test.sqlite", (*MIGRATIONS, *migrations), clock=clock)
    trust = await open_trust(database, clock)
    control = root / "g.sock"
    sources = SnapshotSources(
        health=lambda reads: {"ok": True, **({"sessions": {"path": "x", "count": 0, "recent": []}} if reads else {})},
        session_defaults=lambda: {"mainKey": "main"},
        config_path="/etc/box.json5",
        state_dir="/var/lib/box",
    )
    table = table if table is not None else small_table()
    server = Server(
        ServerSettings(rules=rules, port=0, control_socket=control, **settings),
        table=table,
        devices=trust.devices,
        sources=sources,
        clock=clock,
        idempotency=idempotency(database) if idempotency is not None else None,
        codes=trust.setup,
    )
    server.add_routes(routes(server.bearer))
    await server.start()
    if serving:
        server.serve()
    try:
        async with aiohttp.ClientSession() as http:
            yield Gateway(server, trust.devices, http, control, table, sources, trust)
    finally:
        await server.aclose()
        await database.aclose()


class RawClient:
    """A client that reads only when told to: what it does not read stays with the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.conn_id = ""
        self.close: tuple[int, str] | None = None

    async def connect(self, params: dict[str, Any]) -> None:
        """Upgrade, send connect and read to the end of hello."""
        self._writer.write(UPGRADE)
        await self._reader.readuntil(b"\r\n\r\n")
        await self._frame()
        self.send({"type": "req", "id": "1", "method": "connect", "params": params})
        answer = json.loads((await self._frame())[1])
        self.conn_id = answer["payload"]["server"]["connId"]

    def send(self, frame: dict[str, Any]) -> None:
        payload = json.dumps(frame).encode()
        mask, size = bytes(4), len(payload)
        head = bytes((0x81, 0x80 | size)) if size < 126 else struct.pack(">BBH", 0x81, 0xFE, size)
        self._writer.write(head + mask + payload)

    async def write(self, data: bytes) -> None:
        """Send bytes as they are, at the pace at which they are taken."""
        self._writer.write(data)
        await self._writer.drain()

    async def frames(self) -> AsyncIterator[dict[str, Any]]:
        """Yield every frame until the close frame, which is kept in `close`."""
        while True:
            opcode, payload = await self._frame()
            if opcode == 8:
                self.close = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
                return
            yield json.loads(payload)

    async def _frame(self) -> tuple[int, bytes]:
        first, second = await self._read(2)
        size = second
        if second == 126:
            size = int.from_bytes(await self._read(2), "big")
        elif second == 127:
            size = int.from_bytes(await self._read(8), "big")
        return first & 0x0F, await self._read(size)

    async def _read(self, size: int) -> bytes:
        return await asyncio.wait_for(self._reader.readexactly(size), 10)


@contextlib.asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[RawClient]:
    """Open a TCP connection whose reading stops when nobody asks for more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 12)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
