"""One attempt to fetch the rest of a file over HTTP, and the part file that survives between attempts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from appliance.engine.models.errors import InterruptedPull, PullError
from appliance.foundation.atomicfile import write_atomic

if TYPE_CHECKING:
    import aiohttp

_CHUNK_BYTES = 1024 * 1024
_READ_TIMEOUT_S = 60.0
_CONNECT_TIMEOUT_S = 20.0
_MAX_REDIRECTS = 5
_MAX_BYTES = 1024**4
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class PullProgress:
    """`done` of `total` bytes are on the disk (None: the server did not say); `resumed` were there before."""

    done: int
    total: int | None
    resumed: int


@dataclass(frozen=True, slots=True)
class About:
    """Which file the bytes of a part file are of. `etag` is the server's own, `linked` what the hub named."""

    url: str
    etag: str = ""
    linked: str = ""


class PartFile:
    """`name.part` with the bytes so far and `name.part.json` with what they are of. One process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._about = path.with_name(path.name + ".part.json")
        self._file: IO[bytes] | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Open and lock the part file. Raises PullError when another process fetches it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._part.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                message = f"{self.path.name} is being fetched by another process; wait for it"
                raise PullError(message, reason="busy") from error
            self._file = file
            try:
                yield
            finally:
                self._file = None

    @property
    def _open(self) -> IO[bytes]:
        if self._file is None:
            raise PullError("the part file is not open", reason="busy")
        return self._file

    @property
    def size(self) -> int:
        return os.fstat(self._open.fileno()).st_size

    @property
    def about(self) -> About | None:
        """Return what the bytes are of, None when that is not known."""
        try:
            return About(**json.loads(self._about.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, about: About, *, keep: bool) -> None:
        """Note what comes; without `keep` throw away what is there."""
        if not keep:
            self._open.truncate(0)
        write_atomic(self._about, json.dumps(asdict(about)).encode())

    def append(self, data: bytes) -> None:
        """Add bytes. Raises PullError on a full disk, OSError."""
        try:
            self._open.write(data)
            self._open.flush()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise PullError(
                    "the disk is full; free some space and run the command again", reason="disk_full"
                ) from error
            raise

    def sha256(self) -> str:
        """Return the checksum of what is there."""
        digest = hashlib.sha256()
        with self._part.open("rb") as file:
            while block := file.read(_CHUNK_BYTES):
                digest.update(block)
        return digest.hexdigest()

    @property
    def part(self) -> Path:
        return self._part

    def publish(self) -> None:
        """Put the file under its name, whole or not at all."""
        os.fsync(self._open.fileno())
        os.replace(self._part, self.path)
        self._about.unlink(missing_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Throw the part file away."""
        self._part.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)


class Fetch:
    """Fetches into a held part file; each `attempt` goes on where the last one stopped."""

    def __init__(
        self,
        url: str,
        target: PartFile,
        session: aiohttp.ClientSession,
        *,
        token: str | None,
        checked: bool,
        size: int | None = None,
        on_progress: Callable[[PullProgress], None],
        reserve_bytes: int,
    ) -> None:
        """`size` is what was announced for the file: an answer with another one is refused before its first byte."""
        self._url = url
        self._target = target
        self._session = session
        self._token = token
        self._checked = checked  # a checksum will be compared: a wrong guess about the part file is found out
        self._on_progress = on_progress
        self._reserve_bytes = reserve_bytes
        self._wanted_size = size
        self._size = size
        self.linked_sha256: str | None = None

    @property
    def size(self) -> int:
        return self._target.size

    async def attempt(self) -> None:
        """Fetch until the file is whole. Raises InterruptedPull, PullError, OSError."""
        import aiohttp  # only a box that fetches a model needs it here

        try:
            async with contextlib.AsyncExitStack() as stack:
                answer, linked = await self._ask(stack)
                await self._receive(answer, linked)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
            raise InterruptedPull(str(error) or type(error).__name__) from error
        except aiohttp.ClientError as error:
            raise PullError(f"the server's answer is broken: {error}", reason="bad_answer") from error

    async def _ask(self, stack: contextlib.AsyncExitStack) -> tuple[aiohttp.ClientResponse, str]:
        """Follow redirects by hand: the hub names the file before it redirects, and the token is only for it."""
        url, linked, self._size = self._url, "", self._wanted_size
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await stack.enter_async_context(self._get(url))
            linked = linked or answer.headers.get("X-Linked-ETag", "").strip('"')
            if (size := answer.headers.get("X-Linked-Size", "")).isdecimal():
                self._announced(int(size))
            if answer.status not in (301, 302, 303, 307, 308):
                self.linked_sha256 = linked if _SHA256.fullmatch(linked) else None
                return answer, linked
            url = urljoin(url, answer.headers.get("Location", ""))
            if urlsplit(url).scheme not in ("http", "https"):
                raise PullError("the server redirects to something that is no web address", reason="bad_answer")
        raise PullError(f"the server redirects more than {_MAX_REDIRECTS} times", reason="bad_answer")

    def _announced(self, size: int) -> None:
        """Take a size that the server names; two that differ mean that one of them is of another file."""
        if self._size is not None and size != self._size:
            message = f"the server announced {self._size} bytes and would send {size}: nothing was fetched"
            raise PullError(message, reason="bad_answer")
        self._size = size

    def _get(self, url: str) -> aiohttp.client._RequestContextManager:
        import aiohttp

        headers = {"Accept-Encoding": "identity"}
        about, size = self._target.about, self._target.size
        if size and about is not None and about.url == self._url:
            if about.etag and not about.etag.startswith("W/"):
                headers |= {"Range": f"bytes={size}-", "If-Range": about.etag}
            elif self._checked:  # no strong name for the file: the checksum will tell
                headers["Range"] = f"bytes={size}-"
        if self._token and urlsplit(url)[:2] == urlsplit(self._url)[:2]:  # scheme too: never in plain text
            headers["Authorization"] = f"Bearer {self._token}"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_READ_TIMEOUT_S)
        return self._session.get(url, headers=headers, allow_redirects=False, timeout=timeout)

    async def _receive(self, answer: aiohttp.ClientResponse, linked: str) -> None:
        have = self._target.size
        if answer.status == 416 and have:
            await self._beyond_the_end(answer, have)
            return
        _check_status(answer)
        start, total = _extent(answer)
        if total is None:
            total = self._size
        else:
            self._announced(total)
        if linked and (about := self._target.about) is not None and about.linked not in ("", linked):
            start = -1  # the hub has another file under this name by now
        keep = answer.status == 206 and start == have
        if answer.status == 206 and not keep:
            await asyncio.to_thread(self._target.begin, About(self._url), keep=False)
            raise InterruptedPull("the server sent another part than the one asked for")
        resumed = have if keep else 0
        self._check_room(total, resumed)
        about = About(self._url, answer.headers.get("ETag", ""), linked)
        await asyncio.to_thread(self._target.begin, about, keep=keep)
        self._on_progress(PullProgress(resumed, total, resumed))
        async for block in answer.content.iter_chunked(_CHUNK_BYTES):
            await asyncio.to_thread(self._target.append, block)
            self._on_progress(PullProgress(self._target.size, total, resumed))
            if self._target.size > (total or _MAX_BYTES):
                raise PullError("the server sent more than it announced", reason="bad_answer")
        if total is not None and self._target.size < total:
            raise InterruptedPull(f"{self._target.size} of {total} bytes came")

    async def _beyond_the_end(self, answer: aiohttp.ClientResponse, have: int) -> None:
        """Handle `416`: the part file is the whole file already, or it is of another one."""
        if answer.headers.get("Content-Range") != f"bytes */{have}":
            await asyncio.to_thread(self._target.begin, About(self._url), keep=False)
            raise InterruptedPull("the part file was longer than the file")

    def _check_room(self, total: int | None, have: int) -> None:
        free = shutil.disk_usage(self._target.path.parent).free
        need = (total or 0) - have + self._reserve_bytes
        if need > free:
            message = f"the model needs {need - free} bytes more than the disk has free; make room first"
            raise PullError(message, reason="disk_full")


def _check_status(answer: aiohttp.ClientResponse) -> None:
    status = answer.status
    if status in (200, 206):
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise PullError("the server compresses the file, which cannot be resumed", reason="bad_answer")
        return
    if status in (401, 403):
        raise PullError("the server wants a token, or this one may not read the model", reason="forbidden")
    if status in (404, 410):
        raise PullError("there is no such model file at this address", reason="not_found")
    if status in (408, 425, 429) or status >= 500:
        raise InterruptedPull(f"the server answered {status}")
    raise PullError(f"the server answered {status}", reason="bad_answer")


def _extent(answer: aiohttp.ClientResponse) -> tuple[int, int | None]:
    """Return the offset of the first byte and the size of the whole file."""
    if answer.status == 206:
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if match is None:
            return -1, None
        return int(match[1]), None if match[2] == "*" else int(match[2])
    return 0, answer.content_length
