"""channels.pairing.list, approve and dismiss: the owner lets people in who wrote through a channel."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence
from typing import Literal, Protocol

from appliance.channels.knocking import LIFE_MS, MAX_WAITING, SenderRequest
from appliance.channels.senders import Senders
from appliance.foundation.errors import ApplianceError
from appliance.gateway.method import Call, Method
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.channel_pairing import (
    ApproveParams,
    ApproveResult,
    ChannelAccount,
    DismissParams,
    DismissResult,
    Limits,
    ListParams,
    ListResult,
    SenderRow,
)
from appliance.protocol.roles import ADMIN, PAIRING

_log = logging.getLogger(__name__)


class ChannelDesk(Protocol):
    """The channels that run."""

    def accounts(self) -> Sequence[ChannelAccount]: ...

    def released(self, request: SenderRequest) -> None:
        """Process the messages that were held for a sender who is let in now."""

    async def tell(self, request: SenderRequest) -> bool:
        """Tell the sender; False where the channel cannot. Raises ApplianceError."""


class ChannelPairing:
    """The answers about senders. `desk` knows the channels that run; without one nobody can be told anything."""

    def __init__(self, senders: Senders, desk: ChannelDesk | None = None) -> None:
        self._senders = senders
        self._desk = desk

    def methods(self) -> tuple[Method, ...]:
        """Return the methods about senders."""
        return (
            Method("channels.pairing.list", PAIRING, ListParams, self.list, result=ListResult),
            Method("channels.pairing.approve", _approve_scope, ApproveParams, self.approve, result=ApproveResult),
            Method("channels.pairing.dismiss", PAIRING, DismissParams, self.dismiss, result=DismissResult),
        )

    async def list(self, call: Call, params: ListParams) -> ListResult:
        accounts = [
            one
            for one in (self._desk.accounts() if self._desk is not None else ())
            if params.channel in (None, one.channel) and params.account_id in (None, one.account_id)
        ]
        waiting = await self._senders.waiting(call.now_ms, params.channel, params.account_id)
        return ListResult(
            accounts=accounts,
            requests=[_row(one, accounts) for one in waiting],
            command_owner_configured=False,
            limits=Limits(pending_per_account=MAX_WAITING, ttl_ms=LIFE_MS),
        )

    async def approve(self, call: Call, params: ApproveParams) -> ApproveResult:
        request = await self._senders.approve(
            params.channel, params.account_id, params.request_id, call.now_ms, by=call.actor
        )
        if self._desk is not None:
            self._desk.released(request)
        return ApproveResult(
            request_id=request.request_id,
            sender_id=request.sender_id,
            notification=await self._notify(request) if params.notify else "not-requested",
            # There are no commands here that only one sender may give, so there is nothing to make an owner of.
            command_owner_bootstrap="unavailable" if params.bootstrap_command_owner else "not-requested",
        )

    async def dismiss(self, call: Call, params: DismissParams) -> DismissResult:
        request = await self._senders.dismiss(params.channel, params.account_id, params.request_id, call.now_ms)
        return DismissResult(request_id=request.request_id, sender_id=request.sender_id)

    async def _notify(self, request: SenderRequest) -> Literal["sent", "unsupported", "failed"]:
        if self._desk is None:
            return "unsupported"
        try:
            return "sent" if await self._desk.tell(request) else "unsupported"
        except ApplianceError as error:
            _log.warning("the sender of request %s was not told: %s", request.request_id, error)
            return "failed"


def _approve_scope(params: ApproveParams) -> str:
    return ADMIN if params.bootstrap_command_owner else PAIRING


def _row(request: SenderRequest, accounts: Sequence[ChannelAccount]) -> SenderRow:
    place = (request.channel, request.account_id)
    account = next((one for one in accounts if (one.channel, one.account_id) == place), None)
    return SenderRow(
        request_id=request.request_id,
        channel=request.channel,
        channel_label=account.channel_label if account is not None else request.channel,
        account_id=request.account_id,
        account_label=account.account_label if account is not None else UNSET,
        sender_id=request.sender_id,
        sender_label=request.sender_label or request.sender_id,
        metadata=request.metadata or UNSET,
        created_at=_iso(request.created_ms),
        last_seen_at=_iso(request.seen_ms),
        expires_at=_iso(request.expires_ms),
        notify_supported=account.notify_supported if account is not None else False,
    )


def _iso(ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
