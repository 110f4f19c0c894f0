"""The web app: the files that web/ was built into, under a strict content security policy.

Only names of the build's own list are ever opened, so a path of a request never reaches the file system.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs, web

from appliance import __version__
from appliance.gateway.bearer import Bearer

_PAGE: Final = "index.html"
_LIST: Final = "build.json"
_HASHED: Final = "assets/"

# Below these a GET that no route answers is a wrong call, not a page of the app (protocol.md 1.1).
_NOT_PAGES: Final = ("/v1/", "/api/", "/tools/", "/hooks/", "/j/", "/__openclaw__/", "/assets/")

_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}
# Nothing from anywhere else, no inline script or style, no frame around us (clickjacking). 'self' covers the WebSocket.
# Trusted types: no text becomes markup; the one policy, `homarus`, names the service worker.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types homarus",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
}
# Browsers complain about it in the console where the page did not come over TLS.
_SECURE: Final = {"Cross-Origin-Opener-Policy": "same-origin"}
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK: Final = {"Cache-Control": "no-cache"}

_NOT_BUILT: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Homarus</title>
<h1>The gateway runs. Its web app was not built.</h1>
<p>Build it once, then load this page again:</p><pre>scripts/web</pre>
<p>Everything else works meanwhile: <code>homarus chat</code> in a terminal, and apps that are paired.</p></html>
"""


@dataclass(frozen=True, slots=True)
class _Build:
    """One state of the folder: when its list was written, and the names on it."""

    stamp: tuple[int, int] = (0, 0)
    files: frozenset[str] = frozenset()


class Files:
    """The built app in a folder; read when it is first asked for, and again after a new build."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._build = _Build()

    async def has(self, name: str) -> bool:
        """Whether the build has this file. Asked for the page, it looks whether there is a newer build."""
        if name == _PAGE or not self._build.files:
            self._build = await asyncio.to_thread(self._read)
        return name in self._build.files

    def path(self, name: str) -> Path:
        return self._folder / name

    def _read(self) -> _Build:
        try:
            about = self.path(_LIST).stat()
            stamp = (about.st_mtime_ns, about.st_ino)
            if stamp == self._build.stamp:
                return self._build
            return _Build(stamp, frozenset(json.loads(self.path(_LIST).read_bytes())["files"]))
        except (OSError, ValueError, KeyError):
            return _Build()  # Not built, or half of it: the page says what to do.


def routes(*, bearer: Bearer, folder: Path, about: Callable[[], Mapping[str, Any]]) -> list[web.RouteDef]:
    """Return the routes of the app. `about` gives what /control-ui-config.json says beside the fixed part.

    Register them last: what no other route answers is a page of the app.
    """
    files = Files(folder)

    async def config(request: web.Request) -> web.Response:
        refused = bearer.check(request)
        if isinstance(refused, web.Response):
            return refused
        return web.json_response({**_FIXED_CONFIG, **about()}, headers={"Cache-Control": "no-store"})

    async def anything(request: web.Request) -> web.StreamResponse:
        await _refuse_other_verbs(request)
        name = request.path.removeprefix("/")
        if name == _PAGE or not await files.has(name):
            if not _is_page(request):
                return web.Response(status=404, text="Not Found", headers=HEADERS)
            name = _PAGE
            if not await files.has(_PAGE):
                return web.Response(status=503, text=_NOT_BUILT, content_type="text/html", headers={**HEADERS, **_ASK})
        return _file(files, name, _SECURE if bearer.peer(request).secure else {})

    return [
        web.get("/control-ui-config.json", config),
        web.route("*", "/{path:.*}", anything),
    ]


_FIXED_CONFIG: Final = {
    "basePath": "",
    "assistantAvatar": "",
    "serverVersion": __version__,
    "embedSandbox": "strict",
    "allowExternalEmbedUrls": False,
    "automaticallyFetchFavicons": False,
    "terminalEnabled": False,
    "cliAgentsEnabled": False,
    "pluginAssetsRequireAuth": True,
    "pluginFrameGrants": [],
}


async def _refuse_other_verbs(request: web.Request) -> None:
    """Keep 405 for paths that another route knows with other verbs, and 404 for the rest (protocol.md 1.1)."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource.canonical != "/{path}":
            _, verbs = await resource.resolve(request)
            allowed |= verbs
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
        raise web.HTTPNotFound


def _is_page(request: web.Request) -> bool:
    """A path of the app, as the address bar of a browser has it: no file name, no interface of ours."""
    path = request.path
    if path == f"/{_PAGE}":
        return True
    return not path.startswith(_NOT_PAGES) and "." not in path.rsplit("/", 1)[-1]


def _file(files: Files, name: str, more: Mapping[str, str]) -> web.StreamResponse:
    """Answer with a file; aiohttp takes the compressed form beside it when the browser can read it."""
    headers = {**HEADERS, **more, **(_FOREVER if name.startswith(_HASHED) else _ASK)}
    kind = _TYPES.get(Path(name).suffix, "application/octet-stream")
    headers[hdrs.CONTENT_TYPE] = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    return web.FileResponse(files.path(name), headers=headers)
