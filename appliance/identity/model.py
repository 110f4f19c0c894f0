"""Values of pairing: what a device claims, what the owner approved, what it was given."""

from __future__ import annotations

import enum

import msgspec


class Approval(enum.StrEnum):
    """How a device came to be trusted (protocol.md 5.1, approvedVia)."""

    OWNER = "owner"
    SILENT = "silent"
    BOOTSTRAP = "bootstrap"
    TRUSTED_CIDR = "trusted-cidr"
    OTHER = "other"
    """A word of a later version, read after going back to this one."""

    @classmethod
    def _missing_(cls, value: object) -> Approval:
        return cls.OTHER


class Claim(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a device with a proven key asks to be. Only `device_id` and `public_key` are proven."""

    device_id: str
    public_key: str
    role: str
    scopes: tuple[str, ...] = ()
    display_name: str | None = None
    platform: str = ""
    device_family: str = ""
    client_id: str | None = None
    client_mode: str | None = None
    browser_origin: str | None = None
    remote_ip: str | None = None


class DeviceToken(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The rights of one role of a device. The token itself is not kept: it is derived from the generation.

    `previous_valid`: after a rotation the token of the generation before works until the new one is used, so that a
    client that never received the new one is not locked out.
    """

    role: str
    generation: int
    created_at_ms: int
    scopes: tuple[str, ...] = ()
    previous_valid: bool = False
    rotated_at_ms: int | None = None
    revoked_at_ms: int | None = None


class Device(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A paired device. `scopes` is what was approved; no token of it ever has more."""

    device_id: str
    public_key: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    tokens: dict[str, DeviceToken]
    approved_via: Approval
    created_at_ms: int
    approved_at_ms: int
    display_name: str | None = None
    operator_label: str | None = None
    platform: str = ""
    device_family: str = ""
    client_id: str | None = None
    client_mode: str | None = None
    browser_origin: str | None = None
    remote_ip: str | None = None

    def token(self, role: str) -> DeviceToken | None:
        """Return the token record of `role` while it may be used."""
        token = self.tokens.get(role)
        return token if token is not None and token.revoked_at_ms is None and role in self.roles else None


class PairingRequest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A device that waits for the owner. `ts` is when it last asked."""

    request_id: str
    claim: Claim
    ts: int
    reason: str
    is_repair: bool = False
