"""Looks at the channel: fetch, believe or refuse, decide, and write down what came of it."""

from __future__ import annotations

from typing import Final

import msgspec

from appliance.updates.channel.decide import Decision, Nothing, Wait, decide
from appliance.updates.channel.manifest import MAX_BYTES, Manifest, read
from appliance.updates.channel.signature import MAX_SIGNATURE_BYTES
from appliance.updates.errors import ManifestRefused, UpdateError
from appliance.updates.install.fetch import Get
from appliance.updates.install.machine import Machine
from appliance.updates.install.settings import Settings
from appliance.updates.records.model import ChannelState, Fault, Offered

EVERY_MS: Final = 6 * 3_600_000
AGAIN_MS: Final = 3_600_000  # after a failure
_TRIES: Final = 2  # the manifest may be replaced between it and its signature


def check(machine: Machine, get: Get, now_ms: int, *, asked: bool) -> Decision:
    """Return what this box does now. The records say it too, and why it failed. Raises UpdateError, OSError."""
    before = machine.records.channel()
    try:
        settings = machine.settings()
        box = machine.facts(settings, asked=asked)
        manifest = _manifest(machine, settings, get, before, now_ms)
    except UpdateError as error:
        fault = Fault(error.code, str(error), error.fix)
        machine.records.write_channel(msgspec.structs.replace(before, checked_ms=now_ms, fault=fault))
        raise
    decision = decide(manifest, box, now_ms)
    # What is shown is what the box does by itself, also when somebody asked.
    shown = decide(manifest, machine.facts(settings, asked=False), now_ms) if asked else decision
    machine.records.write_channel(_state(before, manifest, shown, now_ms))
    return decision


def due(state: ChannelState, now_ms: int, *, window_open: bool) -> bool:
    """Tell whether it is time to look without being asked: every few hours, and when what was waited for has come."""
    since = now_ms - state.checked_ms
    if since < 0 or since >= (AGAIN_MS if state.fault else EVERY_MS):
        return True
    offered = state.offered
    if offered is None or state.fault is not None:
        return False
    return window_open and (not offered.why or (offered.until_ms is not None and offered.until_ms <= now_ms))


def _manifest(machine: Machine, settings: Settings, get: Get, before: ChannelState, now_ms: int) -> Manifest:
    url = settings.manifest_url(plain=machine.box().keys == "development")
    keys = machine.keys()
    for left in reversed(range(_TRIES)):
        content, signature = get(url, MAX_BYTES), get(f"{url}.sig", MAX_SIGNATURE_BYTES)
        seen = before.sequences.get(settings.channel, 0)
        try:
            return read(content, signature, keys, url=url, channel=settings.channel, seen=seen, now_ms=now_ms)
        except ManifestRefused as error:
            if not left or error.code != "manifest_signature":
                raise
    raise AssertionError("unreachable")


def _state(before: ChannelState, manifest: Manifest, decision: Decision, now_ms: int) -> ChannelState:
    return ChannelState(
        channel=manifest.channel,
        sequences={**before.sequences, manifest.channel: manifest.sequence},
        checked_ms=now_ms,
        good_ms=now_ms,
        expires_ms=manifest.expires_ms,
        offered=_offered(decision),
        said=decision.reason if isinstance(decision, Nothing) else "",
    )


def _offered(decision: Decision) -> Offered | None:
    if isinstance(decision, Nothing):
        return None
    release, waits = decision.release, decision if isinstance(decision, Wait) else None
    return Offered(
        version=release.version.text,
        notes=release.notes,
        size=release.size,
        why=waits.reason if waits else "",
        until_ms=waits.until_ms if waits else None,
        announced=waits.announced if waits else True,
        on_request=waits.offered if waits else True,
        reason=release.rollout.reason,
    )
