"""Fetching models from a real HTTP server that cuts, lies and redirects."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from appliance.engine.models.fetch import Fetch, PartFile
from appliance.engine.models.pull import Pulled, PullError, PullProgress, pull, resolve
from tests.unit.engine.gguf_files import gguf

CONTENT = gguf(data=bytes(range(256)) * 2000)
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


class NoWait:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now_ms(self) -> int:
        return 0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@dataclass
class Shop:
    """A server of one file; `cut_after` bytes of body each answer breaks off, as long as `cuts` lasts."""

    content: bytes = CONTENT
    etag: str | None = '"v1"'
    cut_after: int = 0
    cuts: int = 0
    statuses: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    arrived: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, progress: PullProgress) -> None:
        self.arrived = progress.done
        self.news.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.ranges.append(request.headers.get("Range"))
        self.tokens.append(request.headers.get("Authorization"))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        start = 0
        wanted = request.headers.get("Range")
        if wanted and request.headers.get("If-Range", self.etag) == self.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.content):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(self.content)}"})
        return await self._send(request, start)

    async def _send(self, request: web.Request, start: int) -> web.StreamResponse:
        body = self.content[start:]
        headers = {"Content-Length": str(len(body)), **({"ETag": self.etag} if self.etag else {}), **self.headers}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        if self.cuts:
            self.cuts -= 1
            await response.write(body[: self.cut_after])
            async with asyncio.timeout(20):  # cut only what has arrived: a lost buffer would be no resume
                while self.arrived < start + self.cut_after:
                    self.news.clear()
                    await self.news.wait()
            assert request.transport is not None
            request.transport.abort()
        else:
            await response.write(body)
        return response


Get = Callable[..., Awaitable[Pulled]]


@asynccontextmanager
async def serving(shop: Shop, path: str = "/m.gguf") -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get(path, shop.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def fetched(source: str, folder: Path, **options: object) -> Pulled:
    async with aiohttp.ClientSession() as session:
        return await pull(source, folder, session=session, **{"clock": NoWait(), "reserve_bytes": 0, **options})  # type: ignore[arg-type]  # options of one test each


async def test_a_model_arrives_whole_with_progress_and_header(tmp_path: Path) -> None:
    seen: list[PullProgress] = []
    async with serving(Shop()) as base:
        done = await fetched(f"{base}/m.gguf", tmp_path / "models", sha256=CHECKSUM, on_progress=seen.append)
    assert done.path.read_bytes() == CONTENT
    assert (done.sha256, done.header.name) == (CHECKSUM, "Little")
    assert seen[0].done == 0
    assert seen[-1] == PullProgress(len(CONTENT), len(CONTENT), 0)
    assert [path.name for path in done.path.parent.iterdir()] == ["m.gguf"], "nothing half-done is left"


async def test_a_cut_connection_is_continued_where_it_stopped(tmp_path: Path) -> None:
    shop = Shop(cut_after=100_000, cuts=3)
    async with serving(shop) as base:
        done = await fetched(f"{base}/m.gguf", tmp_path, sha256=CHECKSUM, on_progress=shop.hear)
    assert done.sha256 == CHECKSUM
    assert len(shop.ranges) == 4
    assert shop.ranges[0] is None
    assert all(wanted is not None for wanted in shop.ranges[1:])


async def test_a_later_command_continues_what_an_earlier_one_left(tmp_path: Path) -> None:
    shop = Shop(cut_after=100_000, cuts=1, statuses=[])

    class Offline(NoWait):
        async def sleep(self, seconds: float) -> None:
            shop.statuses = [503]

    async with serving(shop) as base:
        with pytest.raises(PullError, match="goes on from there") as failure:
            await fetched(f"{base}/m.gguf", tmp_path, clock=Offline(), on_progress=shop.hear)
        assert failure.value.reason == "network"
        shop.statuses = []
        seen: list[PullProgress] = []
        done = await fetched(f"{base}/m.gguf", tmp_path, on_progress=seen.append)
    assert done.sha256 == CHECKSUM
    assert seen[0].resumed > 0


async def test_two_commands_do_not_fetch_the_same_file_at_once(tmp_path: Path) -> None:
    class Meanwhile(NoWait):
        async def sleep(self, seconds: float) -> None:
            with pytest.raises(PullError, match="another process"):
                await fetched(f"{base}/m.gguf", tmp_path)

    async with serving(Shop(statuses=[503])) as base:
        await fetched(f"{base}/m.gguf", tmp_path, clock=Meanwhile())


async def test_a_file_that_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    shop = Shop(content=gguf(data=b"old" * 50_000), cut_after=90_000, cuts=1)

    class Changing(NoWait):
        async def sleep(self, seconds: float) -> None:
            shop.content, shop.etag = CONTENT, '"v2"'

    async with serving(shop) as base:
        done = await fetched(f"{base}/m.gguf", tmp_path, clock=Changing(), on_progress=shop.hear)
    assert done.sha256 == CHECKSUM


async def test_a_wrong_checksum_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(Shop()) as base:
        with pytest.raises(PullError, match="thrown away") as failure:
            await fetched(f"{base}/m.gguf", tmp_path, sha256="0" * 64)
    assert failure.value.reason == "checksum"
    assert list(tmp_path.iterdir()) == []


async def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    async with serving(Shop(content=b"<html>please log in</html>" * 10)) as base:
        with pytest.raises(PullError, match="first four bytes") as failure:
            await fetched(f"{base}/m.gguf", tmp_path)
    assert failure.value.reason == "invalid_file"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "forbidden"), (403, "forbidden"), (404, "not_found"), (400, "bad_answer")]
)
async def test_an_answer_that_no_retry_can_cure_ends_it(tmp_path: Path, status: int, reason: str) -> None:
    shop = Shop(statuses=[status])
    async with serving(shop) as base:
        with pytest.raises(PullError) as failure:
            await fetched(f"{base}/m.gguf", tmp_path)
    assert failure.value.reason == reason
    assert len(shop.ranges) == 1


async def test_a_busy_server_is_asked_again_up_to_the_limit(tmp_path: Path) -> None:
    shop, clock = Shop(statuses=[503] * 7), NoWait()
    async with serving(shop) as base:
        assert (await fetched(f"{base}/m.gguf", tmp_path, clock=clock)).sha256 == CHECKSUM
        shop.statuses = [503] * 8
        with pytest.raises(PullError, match="8 times in a row"):
            await fetched(f"{base}/m.gguf", tmp_path)
    assert len(clock.waits) == 7


async def test_a_disk_without_room_is_said_before_the_first_byte(tmp_path: Path) -> None:
    async with serving(Shop()) as base:
        with pytest.raises(PullError, match="make room") as failure:
            await fetched(f"{base}/m.gguf", tmp_path, reserve_bytes=2**60)
    assert failure.value.reason == "disk_full"


async def test_a_part_file_that_is_already_whole_is_published(tmp_path: Path) -> None:
    shop = Shop(cut_after=len(CONTENT), cuts=0)
    async with serving(shop) as base:
        (tmp_path / "m.gguf.part").write_bytes(CONTENT)
        done = await fetched(f"{base}/m.gguf", tmp_path)
        assert done.sha256 == CHECKSUM
        about = f'{{"url": "{base}/m.gguf", "etag": "\\"v1\\"", "linked": ""}}'
        (tmp_path / "m.gguf.part").write_bytes(CONTENT)
        (tmp_path / "m.gguf.part.json").write_text(about)
        assert (await fetched(f"{base}/m.gguf", tmp_path)).sha256 == CHECKSUM
    assert shop.ranges[-1] == f"bytes={len(CONTENT)}-"


async def test_the_hub_is_followed_and_its_own_checksum_is_compared_and_keeps_the_token(tmp_path: Path) -> None:
    store = Shop(etag='"cdn"')
    async with serving(store, "/blob/1") as elsewhere:
        hub = Shop(statuses=[])

        async def redirect(request: web.Request) -> web.Response:
            hub.tokens.append(request.headers.get("Authorization"))
            named = {"X-Linked-ETag": f'"{hub.headers["sum"]}"', "X-Linked-Size": str(len(CONTENT))}
            return web.Response(status=302, headers={"Location": f"{elsewhere}/blob/1", **named})

        hub.serve = redirect  # type: ignore[method-assign, assignment]  # this server only redirects
        async with serving(hub, "/o/n/resolve/main/q/m.gguf") as base:
            hub.headers["sum"] = CHECKSUM
            done = await fetched("hf:o/n/q/m.gguf", tmp_path, hub=base, token="hf_secret")
            assert done.path.name == "m.gguf"
            hub.headers["sum"] = "1" * 64
            with pytest.raises(PullError, match="SHA-256"):
                await fetched("hf:o/n/q/m.gguf", tmp_path, hub=base, token="hf_secret")
    assert hub.tokens == ["Bearer hf_secret"] * 2
    assert store.tokens == [None, None], "a token never follows a redirect to another host"


async def test_endless_redirects_end(tmp_path: Path) -> None:
    shop = Shop()

    async def around(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/m.gguf"})

    shop.serve = around  # type: ignore[method-assign, assignment]  # this server only redirects
    async with serving(shop) as base:
        with pytest.raises(PullError, match="redirects more than"):
            await fetched(f"{base}/m.gguf", tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "ftp://h/m.gguf",
        "/etc/passwd",
        "hf:only-owner",
        "http://h/",
        "http://h/..gguf",
        "http://h/%2e%2e%2fm.gguf",
        "http://h/model.bin",
    ],
)
def test_a_source_that_is_none_is_refused(source: str) -> None:
    with pytest.raises(PullError) as failure:
        resolve(source)
    assert failure.value.reason == "invalid_source"


def test_a_hub_source_becomes_its_address() -> None:
    assert resolve("hf:o/n/a b.gguf".replace(" ", "-"))[0] == "https://huggingface.co/o/n/resolve/main/a-b.gguf"
    url, name = resolve("hf:o/n/q4/m.gguf@v1/x", hub="http://h")
    assert (url, name) == ("http://h/o/n/resolve/v1%2Fx/q4/m.gguf", "m.gguf")


class _Headers:
    """A session that remembers what it would have sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def get(self, _url: str, *, headers: dict[str, str], **_options: object) -> None:
        self.sent.append(headers)


def test_a_token_does_not_follow_its_host_to_plain_text(tmp_path: Path) -> None:
    session, target = _Headers(), PartFile(tmp_path / "m.gguf")
    with target.held():
        fetch = Fetch(
            "https://hub/m.gguf", target, session, token="hf_secret", checked=True,  # type: ignore[arg-type]  # a double
            on_progress=lambda _progress: None, reserve_bytes=0,
        )  # fmt: skip
        for url in ("https://hub/other", "http://hub/m.gguf", "https://hub:444/m.gguf"):
            fetch._get(url)
    assert ["Authorization" in headers for headers in session.sent] == [True, False, False]
