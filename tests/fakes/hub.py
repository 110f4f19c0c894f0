"""A hub of model files and the storage that it redirects to, with the headers and manners of the real one.

HEAD and GET of `/OWNER/NAME/resolve/REVISION/FILE` answer 302 to another host, and name commit, hash and size on the
redirect. The storage knows ranges, cuts connections and sends what it is told to.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

COMMIT = "c0ffee" + "0" * 34


@dataclass
class FakeHub:
    """One `repository`. `sizes` and `hashes` lie about files; `cuts` break a body after `cut_after`."""

    files: dict[str, bytes]
    commit: str = COMMIT
    repository: str = "maker/model"
    hashes: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    gated: bool = False
    moved_from: str = ""
    """Another name of the repository, which redirects to this one on the same host."""
    cuts: int = 0
    cut_after: int = 0

    url: str = ""
    store_url: str = ""
    hub_tokens: list[str | None] = field(default_factory=list)
    store_tokens: list[str | None] = field(default_factory=list)
    revisions: list[str] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    arrived: int = 0

    def sha256(self, name: str) -> str:
        return hashlib.sha256(self.files[name]).hexdigest()

    def hear(self, progress: object) -> None:
        """Take the progress of the client: a cut comes only after what was sent has arrived."""
        self.arrived = int(getattr(progress, "done"))  # noqa: B009 - any progress value will do

    async def resolve(self, request: web.Request) -> web.Response:
        self.hub_tokens.append(request.headers.get("Authorization"))
        name = request.match_info["name"]
        repository = f"{request.match_info['owner']}/{request.match_info['repository']}"
        if self.gated and not request.headers.get("Authorization"):
            return web.Response(status=401, headers={"X-Error-Code": "GatedRepo"})
        if repository == self.moved_from:
            onward = request.rel_url.path.replace(repository, self.repository, 1)
            return web.Response(status=307, headers={"Location": onward})
        if repository != self.repository or name not in self.files:
            return web.Response(status=404, headers={"X-Error-Code": "EntryNotFound"})
        self.revisions.append(request.match_info["revision"])
        headers = {
            "Location": f"{self.store_url}/blobs/{name}?signature=x",
            "X-Repo-Commit": self.commit,
            "X-Linked-Size": str(self.sizes.get(name, len(self.files[name]))),
            "X-Linked-ETag": f'"{self.hashes.get(name) or self.sha256(name)}"',
        }
        return web.Response(status=302, headers=headers)

    async def blob(self, request: web.Request) -> web.StreamResponse:
        self.store_tokens.append(request.headers.get("Authorization"))
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        content = self.files[request.match_info["name"]]
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        body = content[start:]
        headers = {"Content-Length": str(len(body)), "ETag": f'"{hashlib.md5(content).hexdigest()}"'}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        if not self.cuts:
            await response.write(body)
            return response
        self.cuts -= 1
        await response.write(body[: self.cut_after])
        async with asyncio.timeout(20):
            while self.arrived < start + self.cut_after:
                await asyncio.sleep(0.01)
        assert request.transport is not None
        request.transport.abort()
        return response


@asynccontextmanager
async def serve_hub(hub: FakeHub) -> AsyncIterator[FakeHub]:
    """Run the hub and its storage on two ports of loopback, which are two hosts to a client."""
    front, store = web.Application(), web.Application()
    front.router.add_route("*", "/{owner}/{repository}/resolve/{revision}/{name}", hub.resolve)
    store.router.add_get("/blobs/{name}", hub.blob)
    runners = [web.AppRunner(one, shutdown_timeout=0.1) for one in (front, store)]
    try:
        for runner in runners:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        hub.url, hub.store_url = (f"http://127.0.0.1:{runner.addresses[0][1]}" for runner in runners)
        yield hub
    finally:
        for runner in runners:
            await runner.cleanup()
