"""What a box does about a manifest: nothing, wait, or install."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from appliance.updates.channel.manifest import Manifest, Release
from appliance.updates.channel.rollout import turn_ms
from appliance.updates.channel.versions import Version
from appliance.updates.channel.window import Window


class Why(enum.StrEnum):
    """Why a box waits with a version that is there."""

    PAUSED = "paused"  # the makers stopped it
    TOO_OLD = "too_old"  # the version that runs cannot go there in one step
    FAILED_HERE = "failed_here"  # it was tried on this box and came back
    ROLLOUT = "rollout"  # other boxes first
    HELD = "held"  # the owner said not now
    OWNER = "owner"  # updates.auto is off
    TRIAL = "trial"  # the version that runs is not committed yet
    WINDOW = "window"  # not at this hour


@dataclass(frozen=True, slots=True)
class BoxFacts:
    """What counts of this box. `device` is an id that stays with it and is never sent anywhere.

    `failed` are versions that were returned from. `asked`: the owner wants it now, so that rollout share, window, hold
    and an earlier failure do not count; a pause by the makers does.
    """

    compatible: str
    version: Version
    device: str
    zone: ZoneInfo
    window: Window
    auto: bool = True
    canary: bool = False
    held_until_ms: int = 0
    failed: frozenset[str] = frozenset()
    trial: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """This box runs what the channel offers; `reason` says how, for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """There is a newer version, but not for this box now. `until_ms` None: nobody knows, or it is up to a person."""

    reason: Why
    until_ms: int | None
    release: Release

    @property
    def offered(self) -> bool:
        """Whether the owner could have it now by asking."""
        return self.reason not in (Why.PAUSED, Why.TOO_OLD, Why.TRIAL)

    @property
    def announced(self) -> bool:
        """Whether the owner is told of it without having asked: not before it is the turn of this box."""
        return self.reason in (Why.HELD, Why.OWNER, Why.WINDOW)


@dataclass(frozen=True, slots=True)
class Offer:
    """It may be installed now."""

    release: Release


Decision: TypeAlias = Nothing | Wait | Offer


def decide(manifest: Manifest, box: BoxFacts, now_ms: int) -> Decision:
    """Return what this box does about a manifest now. An older version is never offered."""
    release = manifest.releases.get(box.compatible)
    if release is None:
        return Nothing(f"Channel {manifest.channel} has nothing for {box.compatible}.")
    if release.version == box.version:
        return Nothing(f"{box.version.text} is the newest version of channel {manifest.channel}.")
    if release.version < box.version:
        return Nothing(
            f"{box.version.text} is newer than {release.version.text}, the newest of channel {manifest.channel}."
        )
    if release.rollout.paused:
        return Wait(Why.PAUSED, None, release)
    if release.min_version is not None and box.version < release.min_version:
        return Wait(Why.TOO_OLD, None, release)
    if box.trial:
        return Wait(Why.TRIAL, None, release)
    return Offer(release) if box.asked else _by_itself(release, box, now_ms)


def _by_itself(release: Release, box: BoxFacts, now_ms: int) -> Decision:
    """Decide for a box that nobody asked: its turn, then what its owner allows, then the hour."""
    if release.version.text in box.failed:
        return Wait(Why.FAILED_HERE, None, release)
    if not box.canary:
        turn = None
        if release.rollout.ring == "everyone":
            turn = turn_ms(release.rollout, box.device, release.version.text)
        if turn is None or turn > now_ms:
            return Wait(Why.ROLLOUT, turn, release)
    if box.held_until_ms > now_ms:
        return Wait(Why.HELD, box.held_until_ms, release)
    if not box.auto:
        return Wait(Why.OWNER, None, release)
    opens = box.window.opens_ms(now_ms, box.zone)
    return Offer(release) if opens <= now_ms else Wait(Why.WINDOW, opens, release)
