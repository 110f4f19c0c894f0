"""Routes whose handlers are made at the first request (gateway.method.MethodGroup, for HTTP)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def on_demand(
    method: str,
    path: str,
    make: Callable[[], Iterable[web.RouteDef]],
    check: Callable[[web.BaseRequest], object],
) -> web.RouteDef:
    """Return a route for the one that `make` returns; `make` is called once, at the first request that may pass.

    `check` returns the response that refuses, or anything else (`Bearer.check`): who may not ask makes nothing load.
    """
    made: list[_Handler] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        if not made:
            if isinstance(refused := check(request), web.StreamResponse):
                return refused
            made.append(_only(method, path, make()))
        return await made[0](request)

    return web.route(method, path, handle)


def _only(method: str, path: str, routes: Iterable[web.RouteDef]) -> _Handler:
    """Return the handler of the one route; raise ValueError if it is another than was promised."""
    (route,) = routes
    if (route.method, route.path) != (method, path) or isinstance(route.handler, type):
        raise ValueError(f"{method} {path} was promised and {route.method} {route.path} made")
    return route.handler
