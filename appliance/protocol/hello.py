"""The challenge, and the answer to an accepted connect (protocol.md 3, 3.3)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from appliance.protocol.frames import StateVersion
from appliance.protocol.version import (
    CAPABILITIES,
    CHALLENGE_CAPABILITIES,
    MAX_BUFFERED_BYTES,
    MAX_PAYLOAD_BYTES,
    TICK_INTERVAL_MS,
)


class Challenge(msgspec.Struct, frozen=True):
    """Payload of connect.challenge. `ts` is milliseconds since the epoch; the device signs nonce and ts."""

    nonce: str
    ts: int
    capabilities: tuple[str, ...] = CHALLENGE_CAPABILITIES


class ServerInfo(msgspec.Struct, frozen=True, rename="camel"):
    version: str
    boot_id: str
    conn_id: str


class Features(msgspec.Struct, frozen=True):
    """What works here. Clients hide what is missing."""

    methods: list[str]
    events: tuple[str, ...]
    capabilities: tuple[str, ...] = CAPABILITIES


class PresenceEntry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One connected client, or the gateway itself."""

    ts: int
    text: str | None = None
    host: str | None = None
    client_id: str | None = None
    ip: str | None = None
    version: str | None = None
    platform: str | None = None
    device_family: str | None = None
    model_identifier: str | None = None
    time_zone: str | None = None
    mode: str | None = None
    reason: str | None = None
    online_since: int | None = None
    device_id: str | None = None
    roles: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    instance_id: str | None = None


class Snapshot(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The state of the gateway at hello. The last three only for operator.admin: they name paths."""

    presence: Any
    health: Any
    state_version: StateVersion
    uptime_ms: int
    suspension: Any = msgspec.UNSET
    session_defaults: Any = msgspec.UNSET
    update_schedule: Any = msgspec.UNSET
    update_available: Any = msgspec.UNSET
    applied_config_hash: str | None = None
    config_path: str | None = None
    state_dir: str | None = None
    auth_mode: str | None = None


class HandedToken(msgspec.Struct, frozen=True, rename="camel"):
    """A token for another role of the same device, handed over with a setup code (protocol.md 5.4)."""

    device_token: str
    role: str
    scopes: tuple[str, ...]
    issued_at_ms: int


class HelloAuth(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What the connection may do, and the token that proves this device next time."""

    role: str
    scopes: tuple[str, ...]
    method: str | msgspec.UnsetType = msgspec.UNSET
    device_token: str | None = None
    issued_at_ms: int | None = None
    device_tokens: tuple[HandedToken, ...] = ()


class AttachmentPolicy(msgspec.Struct, frozen=True, rename="camel"):
    max_bytes: int = 20 * 1024 * 1024
    max_image_bytes: int = 6 * 1024 * 1024


class Policy(msgspec.Struct, frozen=True, rename="camel"):
    """Limits that a client should respect."""

    max_payload: int = MAX_PAYLOAD_BYTES
    max_buffered_bytes: int = MAX_BUFFERED_BYTES
    tick_interval_ms: int = TICK_INTERVAL_MS
    attachments: AttachmentPolicy = AttachmentPolicy()
    allowed_session_visibilities: tuple[str, ...] = ("shared",)
    has_multiple_session_sharing_identities: bool = False


class HelloOk(msgspec.Struct, frozen=True):
    """Payload of the response to connect."""

    protocol: int
    server: ServerInfo
    features: Any
    snapshot: Snapshot
    auth: HelloAuth
    policy: Policy = Policy()
    type: Literal["hello-ok"] = "hello-ok"
