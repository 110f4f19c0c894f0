"""Fetches a model file: progress, resume after a cut, checksum, disk check, and nothing half-done under its name.

`hf:owner/name/file.gguf` is a file of a Hugging Face repository (`@revision` behind the file is optional). The hub
answers with a redirect that names the file's SHA-256 in X-Linked-ETag; it is compared even when none was given.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from appliance.engine.models.errors import InterruptedPull, PullError
from appliance.engine.models.fetch import Fetch, PartFile, PullProgress
from appliance.engine.models.gguf import GgufError, GgufHeader, read_header
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock

if TYPE_CHECKING:
    import aiohttp

__all__ = ["HUB", "RESERVE_BYTES", "PullError", "PullProgress", "Pulled", "pull", "resolve"]

HUB = "https://huggingface.co"
_MAX_ATTEMPTS = 8  # in a row without one new byte
RESERVE_BYTES = 512 * 1024 * 1024  # left free on the disk for the box itself
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HUB_FILE = re.compile(r"hf:([\w.-]+/[\w.-]+)/([^@\s]+\.gguf)(?:@([\w./-]+))?", re.IGNORECASE)
_SAFE_NAME = re.compile(r"\w[\w.+-]{0,200}\.gguf", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pulled:
    """The finished file."""

    path: Path
    sha256: str
    size_bytes: int
    header: GgufHeader


def resolve(source: str, *, hub: str = HUB) -> tuple[str, str]:
    """Return the URL and the file name of an `http(s)://…` or `hf:…` source. Raises PullError."""
    if match := _HUB_FILE.fullmatch(source):
        repository, file, revision = match.groups()
        url = f"{hub.rstrip('/')}/{repository}/resolve/{quote(revision or 'main', safe='')}/{quote(file)}"
        name = file.rsplit("/", 1)[-1]
    else:
        url, name = source, unquote(urlsplit(source).path.rsplit("/", 1)[-1])
        if urlsplit(source).scheme not in ("http", "https"):
            message = f"{source!r} is neither a web address nor hf:owner/name/file.gguf"
            raise PullError(message, reason="invalid_source")
    if not _SAFE_NAME.fullmatch(name):
        raise PullError(f"{name!r} is not the name of a .gguf file", reason="invalid_source")
    return url, name


async def pull(
    source: str,
    folder: Path,
    *,
    session: aiohttp.ClientSession,
    clock: Clock,
    sha256: str | None = None,
    size: int | None = None,
    hub: str = HUB,
    token: str | None = None,
    on_progress: Callable[[PullProgress], None] = lambda progress: None,
    backoff: Backoff | None = None,
    reserve_bytes: int = RESERVE_BYTES,
) -> Pulled:
    """Fetch `source` into `folder`; the file appears under its name only when it is whole and checked.

    A `.part` file beside it is continued when the server still has the same file: by its ETag, or on trust when
    `sha256` will tell. `size` is what was announced for it.
    `token` goes to the first host only, never to where it redirects. Raises PullError, OSError.
    """
    expected = None if sha256 is None else sha256.lower()
    if expected is not None and not _SHA256.fullmatch(expected):
        raise PullError("a SHA-256 has 64 hexadecimal digits", reason="invalid_checksum")
    url, name = resolve(source, hub=hub)
    target = PartFile(folder / name)
    with target.held():
        fetch = Fetch(
            url,
            target,
            session,
            token=token,
            checked=expected is not None,
            size=size,
            on_progress=on_progress,
            reserve_bytes=reserve_bytes,
        )
        await _until_whole(fetch, clock, backoff or Backoff(first_s=1.0, limit_s=30.0))
        return await asyncio.to_thread(_finish, target, expected or fetch.linked_sha256)


async def _until_whole(fetch: Fetch, clock: Clock, backoff: Backoff) -> None:
    failures = 0
    while True:
        before = fetch.size
        try:
            await fetch.attempt()
        except InterruptedPull as error:
            failures = 1 if fetch.size > before else failures + 1
            if failures >= _MAX_ATTEMPTS:
                message = f"the download broke off {failures} times in a row ({error});"
                raise PullError(f"{message} the same command goes on from there", reason="network") from error
            await clock.sleep(backoff.delay_s(failures - 1))
        else:
            return


def _finish(target: PartFile, expected: str | None) -> Pulled:
    """Check what was fetched and publish it; what is wrong is thrown away. Raises PullError."""
    checksum = target.sha256()
    if expected is not None and checksum != expected:
        target.discard()
        message = f"the file has SHA-256 {checksum}, not {expected}: it was thrown away"
        raise PullError(message, reason="checksum")
    try:
        header = read_header(target.part)
    except GgufError as error:
        target.discard()
        raise PullError(f"what came is no model file: {error}", reason="invalid_file") from error
    target.publish()
    return Pulled(target.path, checksum, header.size_bytes, header)
