"""The manifest of a channel: one signed JSON file that says which version is current for which kind of box.

Read only after its signature was found good (`read`). Older ones, expired ones and those of another channel are
refused: whoever controls the way to the server may at most keep a box from hearing of updates, and not for longer than
`expires` without the box noticing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from urllib.parse import urljoin, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.updates.channel.rollout import Rollout
from appliance.updates.channel.signature import verify
from appliance.updates.channel.versions import Version
from appliance.updates.channel.words import Text, Words, visible
from appliance.updates.errors import ManifestRefused

FORMAT: Final = 1
MAX_BYTES: Final = 256 * 1024
MAX_RELEASES: Final = 64
CLOCK_SLACK_MS: Final = 24 * 3_600_000
"""How far the clock of a box may stand behind the moment of signing before it is taken for one that was never set."""

_DAY_MS: Final = 24 * 3_600_000
_MAX_LIFE_MS: Final = 400 * _DAY_MS  # a manifest that holds for ever would undo `expires`

ChannelName = Literal["stable", "beta", "dev"]
Sequence63 = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class _Bundle(msgspec.Struct, frozen=True):
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=1024, pattern=r"^[!-~]+$")]
    size: Annotated[int, msgspec.Meta(ge=1, le=2**40)]
    sha256: Sha256
    manifest_hash: Sha256 | None = None


class _Rollout(msgspec.Struct, frozen=True):
    ring: Literal["canary", "everyone"] = "everyone"
    percent: Annotated[float, msgspec.Meta(ge=0, le=100)] = 100
    hours: Annotated[int, msgspec.Meta(ge=0, le=2400)] = 0
    started: str | None = None
    paused: bool = False
    reason: Text = ""


class _Release(msgspec.Struct, frozen=True):
    version: str
    bundle: _Bundle
    notes: Words
    min_version: str | None = None
    rollout: _Rollout = _Rollout()


class _Form(msgspec.Struct, frozen=True):
    format: int
    channel: ChannelName
    sequence: Sequence63
    issued: str
    expires: str
    releases: Annotated[dict[str, _Release], msgspec.Meta(max_length=MAX_RELEASES)]


@dataclass(frozen=True, slots=True)
class Release:
    """One version for one kind of box.

    `sha256` is of the whole bundle file, `manifest_hash` of the manifest that RAUC finds signed inside it.
    """

    version: Version
    url: str
    size: int
    sha256: str
    manifest_hash: str | None
    notes: Words
    min_version: Version | None
    rollout: Rollout


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a channel says now. Moments are milliseconds since the epoch."""

    channel: ChannelName
    sequence: int
    issued_ms: int
    expires_ms: int
    releases: dict[str, Release]


def read(
    content: bytes,
    signature: bytes,
    keys: Sequence[Ed25519PublicKey],
    *,
    url: str,
    channel: str,
    seen: int,
    now_ms: int,
) -> Manifest:
    """Return a manifest that may be believed.

    `url` is where it came from: addresses of bundles may be relative to it. `seen` is the highest sequence number that
    this box has accepted for this channel, 0 for none. Raises ManifestRefused with the reason as its code.
    """
    if len(content) > MAX_BYTES:
        raise ManifestRefused(f"The manifest has more than {MAX_BYTES} bytes.", code="manifest_format")
    verify(content, signature, keys)
    manifest = _parse(content, url)
    if manifest.channel != channel:
        message = f"The manifest is that of channel {manifest.channel}, not of {channel}."
        raise ManifestRefused(message, code="manifest_channel")
    if manifest.sequence < seen:
        message = f"The manifest is number {manifest.sequence}; this box has already seen number {seen}."
        raise ManifestRefused(message, code="manifest_replayed")
    if now_ms < manifest.issued_ms - CLOCK_SLACK_MS:
        raise ManifestRefused("The clock of this box is behind the moment of signing.", code="clock_wrong")
    if now_ms >= manifest.expires_ms:
        raise ManifestRefused(f"The manifest expired on {day(manifest.expires_ms)}.", code="manifest_expired")
    return manifest


def _parse(content: bytes, url: str) -> Manifest:
    try:
        head = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        if (version := msgspec.json.decode(head.get("format", msgspec.Raw(b"0")))) != FORMAT:
            raise ValueError(f"this box reads format {FORMAT}, not {version!r}")
        form = msgspec.json.decode(content, type=_Form)
        issued, expires = _moment(form.issued), _moment(form.expires)
        if not issued < expires <= issued + _MAX_LIFE_MS:
            raise ValueError(f"it must expire within {_MAX_LIFE_MS // _DAY_MS} days of being issued")
        releases = {name: _release(one, url) for name, one in form.releases.items()}
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise ManifestRefused(f"The manifest cannot be read: {error}.", code="manifest_format") from error
    return Manifest(form.channel, form.sequence, issued, expires, releases)


def _release(form: _Release, url: str) -> Release:
    rollout = form.rollout
    if rollout.hours and rollout.started is None:
        raise ValueError("a rollout over hours needs the moment when it started")
    return Release(
        version=Version(form.version),
        url=_address(url, form.bundle.url),
        size=form.bundle.size,
        sha256=form.bundle.sha256,
        manifest_hash=form.bundle.manifest_hash,
        notes=form.notes,
        min_version=Version(form.min_version) if form.min_version else None,
        rollout=Rollout(
            ring=rollout.ring,
            percent=rollout.percent,
            hours=rollout.hours,
            started_ms=_moment(rollout.started) if rollout.started else 0,
            paused=rollout.paused,
            reason=visible(rollout.reason),
        ),
    )


def _address(base: str, url: str) -> str:
    """Return an absolute address; a manifest that came over https names nothing that is fetched without it."""
    full = urljoin(base, url)
    parts = urlsplit(full)
    if parts.scheme not in ("https", urlsplit(base).scheme) or parts.scheme not in ("http", "https"):
        raise ValueError(f"a bundle must be at an https address, not {parts.scheme}:")
    if not parts.hostname or parts.username is not None:
        raise ValueError("the address of a bundle names no host, or a user")
    return full


def _moment(text: str) -> int:
    """Read a moment of RFC 3339 in UTC. Raises ValueError."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII):
        raise ValueError(f"{text[:40]!r} is no moment; write for example 2026-01-31T12:00:00Z")
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() * 1000)


def day(moment_ms: int) -> str:
    """Return a moment as a day, in UTC."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%d")
