"""channels.pairing.*: people who wrote through a channel and wait until the owner lets them in."""

from __future__ import annotations

from typing import Literal

from appliance.protocol.methods.base import UNSET, NonEmpty, Params, Result, Unset


class ListParams(Params, frozen=True):
    channel: NonEmpty | None = None
    account_id: NonEmpty | None = None


class ApproveParams(Params, frozen=True):
    """`request_id` may also be the code that the sender was told; then the account may be left out."""

    channel: NonEmpty
    request_id: NonEmpty
    account_id: NonEmpty | None = None
    notify: bool = False
    bootstrap_command_owner: bool = False


class DismissParams(Params, frozen=True):
    channel: NonEmpty
    request_id: NonEmpty
    account_id: NonEmpty | None = None


class ChannelAccount(Result, frozen=True):
    """An account of a channel that this box serves."""

    channel: str
    channel_label: str
    account_id: str
    notify_supported: bool = False
    account_label: str | Unset = UNSET


class SenderRow(Result, frozen=True):
    """Somebody who waits. Times are ISO 8601 in UTC. The code is not here: who approves by it heard it from them."""

    request_id: str
    channel: str
    channel_label: str
    account_id: str
    sender_id: str
    sender_label: str
    created_at: str
    last_seen_at: str
    expires_at: str
    notify_supported: bool
    account_label: str | Unset = UNSET
    metadata: dict[str, str] | Unset = UNSET


class Limits(Result, frozen=True):
    pending_per_account: int
    ttl_ms: int


class ListResult(Result, frozen=True):
    accounts: list[ChannelAccount]
    requests: list[SenderRow]
    command_owner_configured: bool
    limits: Limits


class ApproveResult(Result, frozen=True):
    request_id: str
    sender_id: str
    notification: Literal["not-requested", "sent", "unsupported", "failed"]
    command_owner_bootstrap: Literal["not-requested", "configured", "already-configured", "unavailable"]


class DismissResult(Result, frozen=True):
    request_id: str
    sender_id: str
