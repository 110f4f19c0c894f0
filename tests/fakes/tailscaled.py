"""Tailscale's daemon as its local API shows it: status, whois and the serve configuration with its tag."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

NAME = "kitchen.tail1234.ts.net"
PHONE = "100.101.102.103"


@dataclass
class Tailscaled:
    """Change its fields to change what it answers. `asked` is every path that was asked for."""

    socket: Path
    state: str = "Running"
    certificates: bool = True
    logins: dict[str, str] = field(default_factory=lambda: {PHONE: "ada@example.org"})
    tagged: set[str] = field(default_factory=set)
    serve: dict[str, Any] = field(default_factory=dict)
    refuse: bool = False
    asked: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=lambda: {"tskey-auth-good"})
    preferences: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    approves: bool = False
    _key: str = ""

    @property
    def tag(self) -> str:
        return hashlib.sha256(json.dumps(self.serve, sort_keys=True).encode()).hexdigest()

    async def status(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "BackendState": self.state,
                "AuthURL": self.url,
                "Self": {"DNSName": f"{NAME}."},
                "TailscaleIPs": ["100.64.0.7"],
                "CertDomains": [NAME] if self.certificates else None,
            }
        )

    async def whois(self, request: web.Request) -> web.Response:
        address = request.query["addr"].rsplit(":", 1)[0] if "." in request.query["addr"] else request.query["addr"]
        if address not in self.logins:
            return web.Response(status=404, text="no match for IP:port")
        tags = ["tag:server"] if address in self.tagged else None
        return web.json_response({"Node": {"Tags": tags}, "UserProfile": {"LoginName": self.logins[address]}})

    async def read_serve(self, request: web.Request) -> web.Response:
        return web.json_response(self.serve or None, headers={"Etag": self.tag})

    async def write_serve(self, request: web.Request) -> web.Response:
        if self.refuse:
            return web.Response(status=403, text="access denied: serve config denied")
        if request.headers.get("If-Match") != self.tag:
            return web.Response(status=412, text="etag mismatch")
        self.serve = await request.json()
        return web.Response(status=200)

    async def change(self, request: web.Request) -> web.Response:
        told = await request.json()
        for name, value in told.items():
            if told.get(f"{name}Set") is True:
                self.preferences[name] = value
        return web.json_response(self.preferences)

    async def start(self, request: web.Request) -> web.Response:
        self._key = (await request.json()).get("AuthKey", "")
        return web.Response(status=204)

    async def login(self, request: web.Request) -> web.Response:
        if self._key in self.keys:
            self.state = "NeedsMachineAuth" if self.approves else "Running"
        elif not self._key:
            self.url = "https://login.tailscale.com/a/1234"
        return web.Response(status=204)

    async def logout(self, request: web.Request) -> web.Response:
        self.state, self.url = "NeedsLogin", ""
        return web.Response(status=204)

    @web.middleware
    async def note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        assert request.host == "local-tailscaled.sock"
        self.asked.append(request.path.rsplit("/", 1)[1])
        answer: web.StreamResponse = await handler(request)
        return answer


@contextlib.asynccontextmanager
async def tailscaled(folder: Path) -> AsyncIterator[Tailscaled]:
    """Run the daemon on a socket below `folder`."""
    fake = Tailscaled(folder / "ts.sock")
    application = web.Application(middlewares=[fake.note])
    base = "/localapi/v0"
    application.router.add_get(f"{base}/status", fake.status)
    application.router.add_get(f"{base}/whois", fake.whois)
    application.router.add_get(f"{base}/serve-config", fake.read_serve)
    application.router.add_post(f"{base}/serve-config", fake.write_serve)
    application.router.add_patch(f"{base}/prefs", fake.change)
    application.router.add_post(f"{base}/start", fake.start)
    application.router.add_post(f"{base}/login-interactive", fake.login)
    application.router.add_post(f"{base}/logout", fake.logout)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(fake.socket)).start()
    try:
        yield fake
    finally:
        await runner.cleanup()
