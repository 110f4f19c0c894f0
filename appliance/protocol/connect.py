"""Parameters of `connect` (protocol.md 3.1): closed sets of client ids and modes, everything else free."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

ClientId = Literal[
    "webchat-ui",
    "openclaw-control-ui",
    "openclaw-browser-copilot",
    "openclaw-tui",
    "webchat",
    "cli",
    "gateway-client",
    "openclaw-macos",
    "openclaw-linux",
    "openclaw-ios",
    "openclaw-watchos",
    "openclaw-android",
    "node-host",
    "openclaw-worker",
    "test",
    "fingerprint",
    "openclaw-probe",
]
ClientMode = Literal["webchat", "cli", "ui", "backend", "node", "worker", "probe", "test"]
Text = Annotated[str, msgspec.Meta(max_length=512)]
Secret = Annotated[str, msgspec.Meta(max_length=4096)]


class ClientInfo(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What the client says about itself. Nothing here is proof of anything."""

    id: ClientId
    mode: ClientMode
    version: Text
    platform: Text
    display_name: Text | None = None
    build_id: Annotated[str, msgspec.Meta(max_length=96)] | None = None
    device_family: Text | None = None
    model_identifier: Text | None = None
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    instance_id: Text | None = None


class ConnectAuth(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The credentials of a connect. `token` may be the shared token or a device token."""

    token: Secret | None = None
    password: Secret | None = None
    bootstrap_token: Secret | None = None
    device_token: Secret | None = None
    approval_runtime_token: Secret | None = None
    agent_runtime_identity_token: Secret | None = None


class ConnectDevice(msgspec.Struct, frozen=True, rename="camel"):
    """The proof of a device key (protocol.md 3.2). `signed_at` is in milliseconds since the epoch."""

    id: Text
    public_key: Secret
    signature: Secret
    signed_at: int
    # Required by the schema, but the reference answers its absence with DEVICE_AUTH_NONCE_REQUIRED (4.4).
    nonce: Text = ""


class ConnectParams(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The first request of every connection."""

    min_protocol: Annotated[int, msgspec.Meta(ge=1)]
    max_protocol: Annotated[int, msgspec.Meta(ge=1)]
    client: ClientInfo
    role: Text | None = None
    scopes: Annotated[list[Text], msgspec.Meta(max_length=64)] | None = None
    caps: Annotated[list[Text], msgspec.Meta(max_length=256)] = []
    commands: Annotated[list[Text], msgspec.Meta(max_length=1024)] = []
    permissions: dict[str, bool] | None = None
    computer_use: Any = None
    worker_runs: Any = None
    path_env: str | None = None
    auth: ConnectAuth | None = None
    device: ConnectDevice | None = None
    locale: Text | None = None
    user_agent: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
