"""The manifest of a channel: made, changed and signed. `appliance/updates/channel/manifest.py` reads it on a box."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from image.errors import ImageError
from image.release.bundle import Bundle
from image.release.files import sign

CHANNELS = ("stable", "beta", "dev")
LIFE_DAYS = 60
"""How long boxes believe a manifest. It is signed anew well before, also when nothing changed (`release refresh`)."""
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def load(path: Path, channel: str) -> dict[str, Any]:
    """Return the manifest at `path`, or an empty one of `channel`."""
    if channel not in CHANNELS:
        raise ImageError(f"there is no channel {channel}; there are {', '.join(CHANNELS)}")
    if not path.exists():
        return {"format": 1, "channel": channel, "sequence": 0, "releases": {}}
    found: dict[str, Any] = json.loads(path.read_text())
    if found.get("format") != 1 or found.get("channel") != channel:
        raise ImageError(f"{path} is no manifest of channel {channel}")
    return found


def with_release(
    manifest: Mapping[str, Any],
    bundle: Bundle,
    *,
    notes: Mapping[str, str],
    url: str,
    min_version: str | None,
    rollout: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the manifest with the bundle as what its kind of box is to run."""
    if not notes.get("en"):
        raise ImageError("notes need an English text: --notes NAMES a JSON file with en, de and fr")
    entry = {
        "version": bundle.version,
        "bundle": {
            "url": url,
            "size": bundle.size,
            "sha256": bundle.sha256,
            "manifest_hash": bundle.manifest_hash,
        },
        "notes": {key: notes[key] for key in ("en", "de", "fr") if notes.get(key)},
        "rollout": dict(rollout),
    }
    if min_version:
        entry["min_version"] = min_version
    return {**manifest, "releases": {**manifest["releases"], bundle.compatible: entry}}


def rollout(
    now: datetime, *, ring: str = "everyone", percent: float = 100, hours: int = 0, paused: str | None = None
) -> dict[str, Any]:
    """Return how far a release goes: `paused` is the reason to stop it, None to let it go on."""
    if ring not in ("canary", "everyone") or not 0 <= percent <= 100 or math.isnan(percent) or hours < 0:
        raise ImageError("a rollout has the ring canary or everyone, 0 to 100 percent, and hours from 0")
    facts: dict[str, Any] = {"ring": ring, "percent": percent, "hours": hours, "started": now.strftime(_FORM)}
    return {**facts, "paused": True, "reason": paused} if paused else facts


def with_rollout(manifest: Mapping[str, Any], compatible: str | None, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with another rollout for one kind of box, or for all."""
    changed = {name: {**one, "rollout": dict(change)} for name, one in releases(manifest, compatible).items()}
    return {**manifest, "releases": {**manifest["releases"], **changed}}


def with_pause(manifest: Mapping[str, Any], compatible: str | None, reason: str) -> dict[str, Any]:
    """Return the manifest with its rollouts stopped where they are. One that was stopped before keeps its reason."""
    stop = {"paused": True, "reason": reason}
    changed = {
        name: {**one, "rollout": {**one["rollout"], **({} if one["rollout"].get("paused") else stop)}}
        for name, one in releases(manifest, compatible).items()
    }
    return {**manifest, "releases": {**manifest["releases"], **changed}}


def releases(manifest: Mapping[str, Any], compatible: str | None) -> dict[str, Any]:
    """Return what the channel has for one kind of box, or for all. Raises ImageError where it has nothing."""
    found: dict[str, Any] = manifest["releases"]
    if compatible is None:
        return found
    if compatible not in found:
        raise ImageError(f"channel {manifest['channel']} has nothing for {compatible}")
    return {compatible: found[compatible]}


def publish(path: Path, manifest: Mapping[str, Any], keys: list[Path], now: datetime, *, days: int = LIFE_DAYS) -> None:
    """Number, date, write and sign a manifest. The signature appears last: a box asks again when they do not fit."""
    dated = {
        **manifest,
        "sequence": int(manifest["sequence"]) + 1,
        "issued": now.strftime(_FORM),
        "expires": (now + timedelta(days=days)).strftime(_FORM),
    }
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(dated, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    signature = sign(draft, keys)
    draft.rename(path)
    signature.rename(path.with_name(path.name + ".sig"))


def failures(folder: Path, version: str) -> list[str]:
    """Return why boxes came back from a version, from files that their owners sent (`homarus update status --json`)."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            reports = json.loads(path.read_text()).get("reports", [])
        except (ValueError, AttributeError, UnicodeDecodeError) as error:
            raise ImageError(f"{path} is no answer of `homarus update status --json`") from error
        found += [
            f"{path.name}: {one.get('reason', '')}"
            for one in reports
            if one.get("version") == version and one.get("kind") != "rolled_back"
        ]
    return found


def moment(text: str | None) -> datetime:
    """Return the time to work with: `text` in RFC 3339, else now, in whole seconds."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
