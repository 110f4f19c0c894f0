"""Rules of pairing (protocol.md 5.2): when approval is needed, and what an approval changes. Pure."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from appliance.access.scopes import covers, narrowed, normalise
from appliance.identity.device_key import fold
from appliance.identity.model import Approval, Claim, Device, DeviceToken
from appliance.protocol.roles import OPERATOR

NATIVE_APPS: Final = frozenset(
    {"openclaw-macos", "openclaw-linux", "openclaw-ios", "openclaw-watchos", "openclaw-android"}
)


class Need(enum.StrEnum):
    """Why the owner is asked."""

    NOT_PAIRED = "not-paired"
    ROLE_UPGRADE = "role-upgrade"
    SCOPE_UPGRADE = "scope-upgrade"
    METADATA_UPGRADE = "metadata-upgrade"


def approval_needed(device: Device | None, claim: Claim) -> Need | None:
    """Return why `claim` goes beyond what was approved, or None when it does not."""
    if device is None or device.public_key != claim.public_key:
        return Need.NOT_PAIRED
    if claim.role not in device.roles:
        return Need.ROLE_UPGRADE
    if claim.role == OPERATOR and not covers(device.scopes, claim.scopes):
        return Need.SCOPE_UPGRADE
    native = claim.client_id in NATIVE_APPS
    if _platform(claim.platform, native) != _platform(device.platform, native):
        return Need.METADATA_UPGRADE
    if fold(claim.device_family) != fold(device.device_family):
        return Need.METADATA_UPGRADE
    return None


def _platform(text: str, native: bool) -> str:
    """The platform as it is compared: a new version of the system of a phone is no new device."""
    folded = fold(text)
    if not native:
        return folded
    name, _, version = folded.rpartition(" ")
    return name if name and version.replace(".", "").isdigit() else folded


def approved(device: Device | None, claim: Claim, via: Approval, now_ms: int) -> Device:
    """Return the device as it is after the approval of `claim`: what it had plus what it asked, nothing else.

    A device id whose key changed starts anew: rights belong to a key.
    """
    if device is None or device.public_key != claim.public_key:
        device = Device(claim.device_id, claim.public_key, (), (), {}, via, now_ms, now_ms)
    roles = (*device.roles, claim.role) if claim.role not in device.roles else device.roles
    scopes = device.scopes
    if claim.role == OPERATOR:
        scopes = normalise((*device.scopes, *claim.scopes))
    changed = msgspec.structs.replace(
        device,
        roles=roles,
        scopes=scopes,
        approved_via=via,
        approved_at_ms=now_ms,
        display_name=claim.display_name or device.display_name,
        platform=claim.platform,
        device_family=claim.device_family,
        client_id=claim.client_id,
        client_mode=claim.client_mode,
        browser_origin=claim.browser_origin,
        remote_ip=claim.remote_ip,
    )
    token = changed.token(claim.role)
    if token is None:
        return with_token(changed, claim.role, now_ms)
    # The token grows by what was approved now and by nothing else: a token that was narrowed stays narrow.
    asked = claim.scopes if claim.role == OPERATOR else ()
    grown = msgspec.structs.replace(token, scopes=normalise((*token.scopes, *asked)))
    return msgspec.structs.replace(changed, tokens={**changed.tokens, claim.role: grown})


def with_token(device: Device, role: str, now_ms: int) -> Device:
    """Return the device with a usable token for `role`: a new generation where there is none or it was revoked."""
    if device.token(role) is not None:
        return device
    before = device.tokens.get(role)
    token = DeviceToken(
        role,
        generation=before.generation + 1 if before is not None else 1,
        created_at_ms=now_ms,
        scopes=_token_scopes(device, role) if before is None else narrowed(device.scopes, before.scopes),
    )
    return msgspec.structs.replace(device, tokens={**device.tokens, role: token})


def rotated(token: DeviceToken, scopes: tuple[str, ...] | None, now_ms: int) -> DeviceToken:
    """Return the next generation of a token. Rotation never widens (GHSA-4jpw-hj22-2xmc): `scopes` can only narrow.

    While the newest token was never used, another rotation gives the same one: the device still holds the one before
    it, which must let it in.
    """
    kept = token.scopes if scopes is None else normalise(narrowed(token.scopes, scopes))
    return msgspec.structs.replace(
        token,
        generation=token.generation if token.previous_valid else token.generation + 1,
        scopes=narrowed(token.scopes, kept),
        previous_valid=True,
        rotated_at_ms=now_ms,
    )


def _token_scopes(device: Device, role: str) -> tuple[str, ...]:
    return device.scopes if role == OPERATOR else ()
