"""From a name to a file that is pinned: what the hub offers is shown first, and only exactly that is fetched.

The revision that was looked at is the one that is fetched, by its commit: what a repository gets in between is another
file. A name that was fetched before is replaced by another content only when the owner says so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.catalogue.shelf import find, of_file
from appliance.engine.models.errors import PullError
from appliance.engine.models.gguf import read_header
from appliance.engine.models.hub import look
from appliance.engine.models.lock import ModelLock, Pin
from appliance.engine.models.pull import HUB, RESERVE_BYTES, Pulled, PullProgress, pull, resolve
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock

if TYPE_CHECKING:
    import aiohttp

_CATALOGUE_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_MISMATCH = "the SHA-256 that was given is not the one that the server names for this file"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server has under a source. `sha256` and `revision` are "", `size` None where it does not say.

    `source` names the revision that was looked at; `entry` is what the catalogue knows of the file.
    """

    source: str
    name: str
    sha256: str
    size: int | None
    revision: str
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where files go and how they are asked for. `hub` and the waits are other ones in tests."""

    folder: Path
    lock: ModelLock
    session: aiohttp.ClientSession
    clock: Clock
    hub: str = HUB
    token: str | None = None
    backoff: Backoff | None = None
    reserve_bytes: int = RESERVE_BYTES


def source_of(wanted: str) -> str:
    """Return the source of a catalogue name, or `wanted` itself when it is one. Raises PullError."""
    if _CATALOGUE_NAME.fullmatch(wanted) and not wanted.lower().endswith(".gguf"):
        return find(wanted).source
    resolve(wanted)
    return wanted


async def offered(wanted: str, around: Surroundings) -> Offer:
    """Ask what there is under a catalogue name or a source. Raises PullError."""
    source = source_of(wanted)
    url, name = resolve(source, hub=around.hub)
    remote = await look(url, around.session, token=around.token)
    if remote.revision and source.startswith("hf:"):
        source = f"{source.split('@')[0]}@{remote.revision}"
    return Offer(source, name, remote.sha256, remote.size, remote.revision, of_file(name))


async def install(
    offer: Offer,
    around: Surroundings,
    *,
    sha256: str | None = None,
    update: bool = False,
    on_progress: Callable[[PullProgress], None] = lambda progress: None,
) -> Pulled:
    """Fetch what was offered and pin it; a file that is there already is only checked.

    `sha256` is what the owner expects. Raises PullError: another content than the one that is pinned under the name
    is refused without `update`.
    """
    expected = (sha256 or "").lower() or offer.sha256
    if offer.sha256 and expected != offer.sha256:
        raise PullError(f"{_MISMATCH}: {offer.sha256}", reason="checksum")
    path = around.folder / offer.name
    known = await asyncio.to_thread(_known, path, around.lock)
    if known and not update:
        expected = expected or known
        if expected != known:
            message = f"{offer.name} is on this box with SHA-256 {known}, the server has {expected}."
            raise PullError(f"{message} `homarus models pull --update` replaces it", reason="changed")
    if path.exists() and expected and expected == known:
        pulled = await asyncio.to_thread(_there, path, expected, around.lock)
    else:
        pulled = await pull(
            offer.source,
            around.folder,
            session=around.session,
            clock=around.clock,
            sha256=expected or None,
            size=offer.size,
            hub=around.hub,
            token=around.token,
            on_progress=on_progress,
            backoff=around.backoff,
            reserve_bytes=around.reserve_bytes,
        )
    pin = Pin(offer.source, pulled.sha256, pulled.size_bytes, offer.revision, around.clock.now_ms())
    await asyncio.to_thread(around.lock.pin, offer.name, pin)
    return pulled


def _known(path: Path, lock: ModelLock) -> str:
    """Return the hash of what this name stands for here: the pin, or the file that somebody put there."""
    if pin := lock.pins().get(path.name):
        return pin.sha256
    return lock.sha256(path) if path.exists() else ""


def _there(path: Path, sha256: str, lock: ModelLock) -> Pulled:
    """Check a file instead of fetching it again. Raises PullError, GgufError."""
    lock.proved(path)
    header = read_header(path)
    return Pulled(path, sha256, header.size_bytes, header)
