"""POST /rpc on the control socket: one wire method as one HTTP request, for a command line that must start fast."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from appliance.gateway.bearer import Bearer, HttpCaller
from appliance.gateway.http.openai_frame import HttpError, guarded, read_body
from appliance.gateway.method import ConnectionView, Subscriptions
from appliance.gateway.rpc import Rpc
from appliance.protocol.connect import ClientInfo
from appliance.protocol.frames import Request
from appliance.protocol.roles import SCOPES
from appliance.protocol.version import MAX_PAYLOAD_BYTES

_CLIENT = ClientInfo(id="cli", mode="cli", version="1", platform="linux")
_ACTOR = "cli/cli"


class RpcBody(msgspec.Struct, frozen=True):
    """A request frame without type and id."""

    method: str
    params: msgspec.Raw = msgspec.Raw()


class _Answer(msgspec.Struct, frozen=True):
    """As much of a response as tells the first of two answers from the last."""

    ok: bool
    payload: msgspec.Raw = msgspec.Raw()


class _Accepted(msgspec.Struct, frozen=True):
    status: Any = None


class OneShot:
    """A caller that waits for the last answer to one request (gateway.rpc.Caller)."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._subscriptions = Subscriptions()
        self._view = ConnectionView(
            conn_id="rpc", role="operator", scopes=SCOPES, caps=frozenset(), client=_CLIENT, direct_local=True
        )

    @property
    def view(self) -> ConnectionView:
        return self._view

    @property
    def subscriptions(self) -> Subscriptions:
        return self._subscriptions

    @property
    def actor(self) -> str:
        return _ACTOR

    def violated_role(self) -> None:
        """One request cannot violate anything repeatedly."""

    def respond(self, data: bytes) -> None:
        if not self.answer.done() and not _is_first_of_two(data):
            self.answer.set_result(data)


def _is_first_of_two(data: bytes) -> bool:
    answer = msgspec.json.decode(data, type=_Answer)
    if not answer.ok or not bytes(answer.payload).startswith(b"{"):
        return False
    return bool(msgspec.json.decode(answer.payload, type=_Accepted).status == "accepted")


def routes(*, bearer: Bearer, rpc: Rpc) -> list[web.RouteDef]:
    """Return the route. On the TCP port it does not exist: there the WebSocket is the door for methods."""

    async def call(request: web.Request, _: HttpCaller) -> web.Response:
        if not bearer.peer(request).control:
            raise HttpError(404, "Not found.")
        body = await read_body(request, RpcBody, max_bytes=MAX_PAYLOAD_BYTES)
        caller = OneShot()
        rpc.handle(caller, Request(type="req", id="rpc", method=body.method, params=body.params))
        return web.Response(body=await caller.answer, content_type="application/json")

    return [web.post("/rpc", guarded(bearer, call))]
