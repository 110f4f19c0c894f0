"""The server under every fake model service: script, record, stream, break."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from aiohttp import web

from tests.fakes.cloud.script import Answer, Fault, FaultKind, HangUp, Raw, Step

KEY = "secret-key-that-must-not-leak-0123456789"


class Wire(Protocol):
    """One wire format, from the side of the service."""

    name: str
    base_path: str  # what a base URL adds to the host

    def authorised(self, headers: Mapping[str, str]) -> bool: ...
    def events(self, answer: Answer, model: str) -> list[bytes]: ...
    def whole(self, answer: Answer, model: str) -> Any: ...
    def fault(self, fault: Fault) -> tuple[int, Any]: ...
    def fault_event(self, fault: Fault) -> bytes: ...
    def vectors(self, texts: int) -> Any: ...
    def model_of(self, path: str, body: Any) -> str: ...
    def streams(self, path: str, body: Any) -> bool: ...
    def embeds(self, path: str) -> bool: ...
    def embedding_count(self, body: Any) -> int: ...


@dataclass
class Request:
    """What a client sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class FakeCloud:
    """A running service. Without a script it says hello."""

    wire: Wire
    url: str = ""
    host: str = ""
    requests: list[Request] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # a client left in the middle of an answer
    held: asyncio.Event = field(default_factory=asyncio.Event)  # an answer stopped at `hold_after`
    release: asyncio.Event = field(default_factory=asyncio.Event)  # lets what is held go on
    peers: set[object] = field(default_factory=set)  # one entry for each connection
    key: str = KEY
    choose: Callable[[Any], Step] = lambda _: Answer()  # what a request without a script gets, from its body
    _steps: deque[Step] = field(default_factory=deque)

    def script(self, *steps: Step) -> None:
        """Say what the next requests get, in order."""
        self._steps.extend(steps)

    @property
    def last(self) -> Request:
        return self.requests[-1]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.peers.add(request.transport and request.transport.get_extra_info("peername"))
        raw = await request.read()
        body = msgspec.json.decode(raw) if raw else None
        path = request.path.removeprefix(self.wire.base_path)
        self.requests.append(Request(request.method, path, request.query_string, request.headers.copy(), body))
        if not self.wire.authorised({k.lower(): v for k, v in request.headers.items()}):
            return self._refuse(Fault(FaultKind.AUTH, text=f"Incorrect API key provided: {self.key[:6]}***"))
        if self.wire.embeds(path):
            return _json(self.wire.vectors(self.wire.embedding_count(body)))
        step = self._steps.popleft() if self._steps else self.choose(body)
        if isinstance(step, HangUp):
            return self._hang_up(request)
        if isinstance(step, Raw):
            return web.Response(
                body=step.body, status=step.status, content_type=step.content_type, headers=step.headers
            )
        if isinstance(step, Fault) and not step.in_stream:
            return self._refuse(step)
        model = self.wire.model_of(path, body)
        if isinstance(step, Answer) and not self.wire.streams(path, body):
            return _json(self.wire.whole(step, model))
        return await self._stream(request, step, model)

    async def _stream(self, request: web.Request, step: Answer | Fault, model: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        answer = step if isinstance(step, Answer) else Answer()
        events = self.wire.events(answer, model)
        if isinstance(step, Fault):
            events = [*events[: len(events) // 2], self.wire.fault_event(step)]
        try:
            for index, event in enumerate(events):
                if index == answer.hold_after:
                    self.held.set()
                    await self.release.wait()
                if index == answer.break_after:
                    return self._hang_up(request, response)
                for part in _sliced(event, answer.slice_bytes):
                    await response.write(part)
        except (asyncio.CancelledError, ConnectionResetError):
            self.gone.set()
            raise
        await response.write_eof()
        return response

    def _refuse(self, fault: Fault) -> web.Response:
        status, body = self.wire.fault(fault)
        return _json(body, status, fault.headers)

    def _hang_up(self, request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        transport.close()
        return response or web.Response()


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers)


def _sliced(event: bytes, size: int | None) -> Sequence[bytes]:
    return [event] if size is None else [event[at : at + size] for at in range(0, len(event), size)]


def sse(data: Any, name: str = "") -> bytes:
    """One event as bytes; `data` is JSON, or text as it is."""
    text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


@asynccontextmanager
async def serve(wire: Wire, port: int = 0) -> AsyncIterator[FakeCloud]:
    """Run a fake service on a port of this machine, a free one unless told."""
    cloud = FakeCloud(wire)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", cloud.handle)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        port = runner.addresses[0][1]
        cloud.host = f"http://127.0.0.1:{port}"
        cloud.url = cloud.host + wire.base_path
        yield cloud
    finally:
        await runner.cleanup()
