"""device.*: paired devices, those that wait, their tokens, setup codes; and homarus.reach (protocol.md 5.3, 5.4)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, NonEmpty, Params, Result, Unset

Label64 = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
SetupId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Access = Literal["full", "limited", "node"]


class PairListParams(Params, frozen=True):
    """None."""


class PairRequestParams(Params, frozen=True):
    """Of device.pair.approve and device.pair.reject."""

    request_id: NonEmpty


class PairRemoveParams(Params, frozen=True):
    device_id: NonEmpty


class PairRenameParams(Params, frozen=True):
    device_id: NonEmpty
    label: Label64


class TokenRotateParams(Params, frozen=True):
    device_id: NonEmpty
    role: NonEmpty
    scopes: tuple[NonEmpty, ...] | None = None


class TokenRevokeParams(Params, frozen=True):
    device_id: NonEmpty
    role: NonEmpty


class PendingRow(Result, frozen=True):
    """A device that waits for the owner; also the payload of the event device.pair.requested."""

    request_id: str
    device_id: str
    public_key: str
    role: str
    roles: list[str]
    scopes: list[str]
    ts: int
    display_name: str | Unset = UNSET
    platform: str | Unset = UNSET
    device_family: str | Unset = UNSET
    client_id: str | Unset = UNSET
    client_mode: str | Unset = UNSET
    browser_origin: str | Unset = UNSET
    remote_ip: str | Unset = UNSET
    silent: bool = False
    is_repair: bool = False


class TokenRow(Result, frozen=True):
    """What may be told of a token: everything but the token."""

    role: str
    scopes: list[str]
    created_at_ms: int
    rotated_at_ms: int | Unset = UNSET
    revoked_at_ms: int | Unset = UNSET


class PairedRow(Result, frozen=True):
    """A paired device. `role` is the one that was approved last."""

    device_id: str
    public_key: str
    platform: str
    role: str
    roles: list[str]
    scopes: list[str]
    approved_via: str
    created_at_ms: int
    approved_at_ms: int
    tokens: list[TokenRow]
    display_name: str | Unset = UNSET
    operator_label: str | Unset = UNSET
    device_family: str | Unset = UNSET
    client_id: str | Unset = UNSET
    client_mode: str | Unset = UNSET
    browser_origin: str | Unset = UNSET
    remote_ip: str | Unset = UNSET
    last_seen_at_ms: int | Unset = UNSET
    last_seen_reason: str | Unset = UNSET
    connected: bool | Unset = UNSET


class PairListResult(Result, frozen=True):
    pending: list[PendingRow]
    paired: list[PairedRow]


class PairApproveResult(Result, frozen=True):
    request_id: str
    device: PairedRow


class PairRejectResult(Result, frozen=True):
    request_id: str
    device_id: str


class PairRemoveResult(Result, frozen=True):
    device_id: str


class PairRenameResult(Result, frozen=True):
    device_id: str
    label: str


class TokenRotateResult(Result, frozen=True):
    """`token` only for the device that rotates its own; any other gets it at its next connect."""

    device_id: str
    role: str
    scopes: list[str]
    rotated_at_ms: int
    token_delivery: Literal["in-band", "withheld-cross-device"]
    token: str | Unset = UNSET


class TokenRevokeResult(Result, frozen=True):
    device_id: str
    role: str
    revoked_at_ms: int


class PairResolved(Result, frozen=True):
    """Payload of the event device.pair.resolved."""

    request_id: str
    device_id: str
    decision: Literal["approved", "rejected"]
    ts: int


class UpgradeRequestParams(Params, frozen=True):
    scopes: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=1, max_length=8)]


class UpgradeRequestResult(Result, frozen=True):
    request_id: str


class UpgradeWaitParams(Params, frozen=True):
    request_id: NonEmpty


class UpgradeWaitResult(Result, frozen=True):
    """How the owner decided. With `approved` the token and its scopes; the device reconnects with them."""

    request_id: str
    status: Literal["approved", "rejected", "expired"]
    device_token: str | Unset = UNSET
    scopes: list[str] | Unset = UNSET


class SetupCodeParams(Params, frozen=True):
    """`bootstrap_profile` absent is full. `full` and `control-ui` are ours: no published client sends them."""

    public_url: NonEmpty | None = None
    prefer_remote_url: bool | None = None
    include_qr: bool | None = None
    bootstrap_profile: Literal["full", "limited", "node", "voice-node", "control-ui"] | None = None
    join_url: bool | None = None


class SetupCodeResult(Result, frozen=True):
    setup_id: SetupId
    setup_code: str
    gateway_url: str
    auth: Literal["token", "password"]
    url_source: str
    access: Access
    expires_at_ms: int
    gateway_urls: list[str] | Unset = UNSET
    qr_data_url: str | Unset = UNSET
    join_url: str | Unset = UNSET
    access_downgraded: bool | Unset = UNSET


class SetupStatusParams(Params, frozen=True):
    setup_id: SetupId


class SetupCompletion(Result, frozen=True):
    """Payload of device.pair.setup.completed and .deliveryUncertain, and member of setupStatus."""

    setup_id: SetupId
    device_id: str
    access: Access
    ts: int
    device_name: str | Unset = UNSET


class SetupStatusResult(Result, frozen=True):
    completion: SetupCompletion | Unset = UNSET
    delivery_uncertain: SetupCompletion | Unset = UNSET


class SetupCancelParams(Params, frozen=True):
    setup_id: SetupId


class SetupCancelResult(Result, frozen=True):
    setup_id: SetupId
    cancelled: bool


class ReachParams(Params, frozen=True):
    """None."""


class ReachResult(Result, frozen=True):
    """Where this gateway listens, to whom, and what proves that it is this box.

    `pages` are the addresses of the web app. `open_lan` is the command that lets other devices in after the next start
    of the gateway; absent when they may come.
    """

    urls: list[str]
    pages: list[str]
    source: str
    loopback_only: bool
    tls_fingerprint: str | Unset = UNSET
    trust_page: str | Unset = UNSET
    open_lan: str | Unset = UNSET


class RecoveryNewParams(Params, frozen=True):
    """None."""


class RecoveryNewResult(Result, frozen=True):
    """The one time that the code is seen; the one before stopped working."""

    recovery_code: str
