"""One request after the other: find the method, check the rights, decode, call, answer."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from appliance.access.scopes import expand
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import digest, new_id
from appliance.foundation.tasks import TaskSet
from appliance.gateway.method import Call, ConnectionView, Method, MethodTable, Subscriptions
from appliance.protocol.codec import ParamsDecoder, encode
from appliance.protocol.errors import (
    ErrorCode,
    WireError,
    missing_scope,
    rights_gone,
    to_wire,
    unauthorized_role,
    unavailable,
    unknown_method,
)
from appliance.protocol.frames import Request, Response
from appliance.protocol.roles import READ, WRITE
from appliance.sessions.idempotency import IdempotencyStore, InFlight, Replay

_log = logging.getLogger(__name__)

MAX_IN_FLIGHT: Final = 256
"""Requests of one connection that may wait at a time."""

MAX_IN_FLIGHT_TOTAL: Final = 4096
"""Requests of all connections that may wait at a time."""


class Caller(Protocol):
    """A connection as the dispatcher sees it."""

    in_flight: int

    @property
    def view(self) -> ConnectionView: ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    @property
    def actor(self) -> str: ...

    def respond(self, data: bytes) -> None: ...

    def violated_role(self) -> None:
        """Count a call of the wrong role; too many close the connection."""


@dataclass(frozen=True, slots=True)
class _Entry:
    method: Method
    decoder: ParamsDecoder
    waits: bool


class Rpc:
    """Answers requests from the method table. Plain handlers are answered at once, `async def` ones in a task.

    `stands` is asked before every request: rights that were taken away end between two requests, not at the close.
    """

    def __init__(
        self,
        table: MethodTable,
        clock: Clock,
        tasks: TaskSet,
        idempotency: IdempotencyStore | None = None,
        stands: Callable[[ConnectionView], bool] = lambda view: True,
    ) -> None:
        self._table = table
        self._clock = clock
        self._tasks = tasks
        self._idempotency = idempotency
        self._stands = stands
        self._entries: dict[str, _Entry] = {}
        self._scopes: dict[frozenset[str], frozenset[str]] = {}
        self._running: dict[tuple[str, str, str], asyncio.Future[Any]] = {}
        self._in_flight = 0

    def handle(self, caller: Caller, request: Request) -> None:
        """Answer `request`, now or later. Never raises what a client caused."""
        try:
            self._start(caller, request)
        except ApplianceError as error:
            caller.respond(_failure(request.id, to_wire(error)))
        except Exception as error:  # noqa: BLE001 - the last line before the client: a fault of ours must not travel
            caller.respond(_failure(request.id, _internal(request.method, error)))

    def _start(self, caller: Caller, request: Request) -> None:
        if not self._stands(caller.view):
            raise rights_gone()
        view = caller.view
        group = self._table.promised(request.method)
        if group is not None and view.role not in group.roles:  # before anything is loaded for it
            caller.violated_role()
            raise unauthorized_role(view.role)
        entry = self._entry(request.method)
        method = entry.method
        if method.role != view.role:
            caller.violated_role()
            raise unauthorized_role(view.role)
        if isinstance(method.scope, str):
            self._check_scope(view, method, method.scope)
        params = entry.decoder.decode(request.params)
        if callable(method.scope):
            self._check_scope(view, method, method.scope(params))
        call = Call(
            connection=view,
            actor=caller.actor,
            now_ms=self._clock.now_ms(),
            subscriptions=caller.subscriptions,
            request_id=request.id,
            early=lambda payload: caller.respond(encode(Response(request.id, True, payload))),
        )
        if not entry.waits and not method.idempotent:
            caller.respond(encode(Response(request.id, True, method.handler(call, params))))
            return
        if caller.in_flight >= MAX_IN_FLIGHT or self._in_flight >= MAX_IN_FLIGHT_TOTAL:
            raise unavailable("too many requests at once; wait for an answer first", retry_after_ms=250)
        caller.in_flight += 1
        self._in_flight += 1
        self._tasks.spawn(self._finish(caller, request, entry, call, params), name=method.name)

    async def _finish(self, caller: Caller, request: Request, entry: _Entry, call: Call, params: Any) -> None:
        try:
            if entry.method.idempotent and params.idempotency_key and self._idempotency is not None:
                result = await self._once(self._idempotency, request, entry, call, params)
            else:
                result = await _invoke(entry, call, params)
            data = encode(Response(request.id, True, result))
        except ApplianceError as error:
            data = _failure(request.id, to_wire(error))
        except Exception as error:  # noqa: BLE001 - as in `handle`
            data = _failure(request.id, _internal(request.method, error))
        finally:
            caller.in_flight -= 1
            self._in_flight -= 1
        caller.respond(data)

    async def _once(self, store: IdempotencyStore, request: Request, entry: _Entry, call: Call, params: Any) -> Any:
        """Do a side effect once per key: a replay gets the first result, a concurrent one waits for it."""
        method, key = entry.method.name, params.idempotency_key
        # The key order of a JSON object means nothing, so it must not make a replay look like another request.
        wanted = msgspec.json.decode(request.params) if len(request.params) else None
        fingerprint = digest(msgspec.json.encode(wanted, order="sorted"))
        name = (method, call.actor, key)
        while True:
            reservation = await store.reserve(method, call.actor, key, fingerprint, call.now_ms)
            if isinstance(reservation, Replay):
                return reservation.result
            if not isinstance(reservation, InFlight):
                break
            if (first := self._running.get(name)) is None:
                raise unavailable("the first request with this idempotencyKey is still running")
            await asyncio.wait([first])
        done = self._running[name] = asyncio.get_running_loop().create_future()
        try:
            return await self._keep_result(store, entry, call, params, key)
        finally:
            del self._running[name]
            done.set_result(None)

    async def _keep_result(self, store: IdempotencyStore, entry: _Entry, call: Call, params: Any, key: str) -> Any:
        try:
            result = msgspec.to_builtins(await _invoke(entry, call, params))
        except BaseException:
            await store.release(entry.method.name, call.actor, key)
            raise
        await store.complete(entry.method.name, call.actor, key, result)
        return result

    def _entry(self, name: str) -> _Entry:
        entry = self._entries.get(name)
        if entry is None:
            method = self._table.get(name)
            if method is None:
                raise unknown_method(name)
            waits = inspect.iscoroutinefunction(inspect.unwrap(method.handler))
            entry = _Entry(method, ParamsDecoder(name, method.params), waits)
            self._entries[name] = entry
        return entry

    def _check_scope(self, view: ConnectionView, method: Method, scope: str) -> None:
        if view.role != "operator":
            return
        allowed = self._scopes.get(view.scopes)
        if allowed is None:
            allowed = expand(view.scopes)
            if len(self._scopes) < 256:
                self._scopes[view.scopes] = allowed
        # The narrow scope stands in for ordinary reading and writing, never for what the parameters make admin.
        narrow = method.narrow if scope in (READ, WRITE) else None
        if scope not in allowed and (narrow is None or narrow not in allowed):
            raise missing_scope(scope)


async def _invoke(entry: _Entry, call: Call, params: Any) -> Any:
    result = entry.method.handler(call, params)
    return await result if inspect.isawaitable(result) else result


def _failure(request_id: str, error: WireError) -> bytes:
    return encode(Response(request_id, False, error=error.shape()))


def _internal(method: str, error: Exception) -> WireError:
    """A fault of ours: the log has the trace, the client a number to name it by."""
    number = new_id()[:8]
    _log.error("method %s failed (%s)", method, number, exc_info=error)
    return WireError(ErrorCode.UNAVAILABLE, f"internal error in {method} (see the log, {number})")
