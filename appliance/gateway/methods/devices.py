"""device.pair.* and device.token.*: who is trusted, who waits, and the end of trust (protocol.md 5.3).

A device without operator.admin sees and manages only itself. Whoever approves gives at most what he has. When a right
ends, the server closes the sockets that stood on it in the same step (identity.shrinking), after the answer to this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from appliance.access.scopes import covers, expand
from appliance.gateway.broadcast import Broadcaster
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.device_rows import paired_row, pending_row
from appliance.identity.errors import DeviceMissingError, RequestMissingError
from appliance.identity.model import Claim, PairingRequest
from appliance.identity.store import DeviceStore
from appliance.protocol.errors import ErrorCode, WireError, invalid_request
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.devices import (
    PairApproveResult,
    PairListParams,
    PairListResult,
    PairRejectResult,
    PairRemoveParams,
    PairRemoveResult,
    PairRenameParams,
    PairRenameResult,
    PairRequestParams,
    PairResolved,
    TokenRevokeParams,
    TokenRevokeResult,
    TokenRotateParams,
    TokenRotateResult,
)
from appliance.protocol.roles import ADMIN, NODE, OPERATOR, PAIRING

Decision = Literal["approved", "rejected"]

_SHORT: Final = 8
"""Characters of an id that a person types; the commands take any beginning that is unique."""


class Devices:
    """The answers to device.pair.* and device.token.*.

    `resolved` hears of each decision in the step in which it is made; it must not wait.
    """

    def __init__(
        self,
        devices: DeviceStore,
        broadcaster: Broadcaster,
        resolved: Callable[[PairingRequest, Decision], None] = lambda request, decision: None,
    ) -> None:
        self._devices = devices
        self._broadcaster = broadcaster
        self._resolved = resolved

    def methods(self) -> tuple[Method, ...]:
        """Return the methods."""
        return (
            Method("device.pair.list", PAIRING, PairListParams, self.list, result=PairListResult),
            Method("device.pair.approve", PAIRING, PairRequestParams, self.approve, result=PairApproveResult),
            Method("device.pair.reject", PAIRING, PairRequestParams, self.reject, result=PairRejectResult),
            Method("device.pair.remove", PAIRING, PairRemoveParams, self.remove, result=PairRemoveResult),
            Method("device.pair.rename", PAIRING, PairRenameParams, self.rename, result=PairRenameResult),
            Method("device.token.rotate", PAIRING, TokenRotateParams, self.rotate, result=TokenRotateResult),
            Method("device.token.revoke", PAIRING, TokenRevokeParams, self.revoke, result=TokenRevokeResult),
        )

    async def list(self, call: Call, params: PairListParams) -> PairListResult:
        connected = {listener.view.device_id for listener in self._broadcaster}
        seen = await self._devices.sightings()
        waiting = [
            one for one in await self._devices.requests(call.now_ms) if call.connection.manages(one.claim.device_id)
        ]
        paired = [one for one in await self._devices.devices() if call.connection.manages(one.device_id)]
        return PairListResult(
            pending=[pending_row(one) for one in waiting],
            paired=[
                paired_row(one, connected=one.device_id in connected, seen=seen.get(one.device_id)) for one in paired
            ],
        )

    async def approve(self, call: Call, params: PairRequestParams) -> PairApproveResult:
        def may(claim: Claim) -> None:
            _check_approval(call, params.request_id, claim)

        try:
            request, device = await self._devices.approve_request(params.request_id, call.now_ms, may)
        except RequestMissingError as error:
            raise _unknown_request() from error
        self._tell(call, request, "approved")
        return PairApproveResult(request_id=request.request_id, device=paired_row(device))

    async def reject(self, call: Call, params: PairRequestParams) -> PairRejectResult:
        def may(claim: Claim) -> None:
            if not call.connection.manages(claim.device_id):
                raise _denied("pairing rejection", f"homarus devices reject {params.request_id[:_SHORT]}")

        try:
            request = await self._devices.reject_request(params.request_id, call.now_ms, may)
        except RequestMissingError as error:
            raise _unknown_request() from error
        self._tell(call, request, "rejected")
        return PairRejectResult(request_id=request.request_id, device_id=request.claim.device_id)

    async def remove(self, call: Call, params: PairRemoveParams) -> PairRemoveResult:
        if not call.connection.manages(params.device_id):
            raise _denied("removal", f"homarus devices remove {params.device_id[:_SHORT]}")
        if not await self._devices.remove(params.device_id):
            raise _unknown_device(DeviceMissingError(f"no paired device has the id {params.device_id}"))
        self._changed()
        return PairRemoveResult(device_id=params.device_id)

    async def rename(self, call: Call, params: PairRenameParams) -> PairRenameResult:
        label = params.label.strip()
        if not label or not label.isprintable():
            raise invalid_request("the name of a device is 1 to 64 visible characters")
        if not call.connection.manages(params.device_id):
            raise _denied("renaming", f"homarus devices rename {params.device_id[:_SHORT]} {label!r}")
        try:
            await self._devices.rename(params.device_id, label)
        except DeviceMissingError as error:
            raise _unknown_device(error) from error
        self._changed()
        return PairRenameResult(device_id=params.device_id, label=label)

    async def rotate(self, call: Call, params: TokenRotateParams) -> TokenRotateResult:
        own = call.connection.device_id == params.device_id
        self._check_token(call, params.device_id, params.role, "rotate")
        before = await self._devices.get(params.device_id)
        held = before.token(params.role) if before is not None else None
        scopes = params.scopes if params.scopes is not None or held is None else held.scopes
        if held is not None and scopes is not None:
            _check_rotation(call, params, held.scopes, scopes)
        try:
            device, token = await self._devices.rotate(params.device_id, params.role, scopes, call.now_ms)
        except DeviceMissingError as error:
            raise _unknown_device(error) from error
        self._changed()
        rotated = device.tokens[params.role]
        return TokenRotateResult(
            device_id=params.device_id,
            role=params.role,
            scopes=list(rotated.scopes),
            rotated_at_ms=call.now_ms if rotated.rotated_at_ms is None else rotated.rotated_at_ms,
            token_delivery="in-band" if own else "withheld-cross-device",
            token=token if own else UNSET,
        )

    async def revoke(self, call: Call, params: TokenRevokeParams) -> TokenRevokeResult:
        self._check_token(call, params.device_id, params.role, "revoke")
        try:
            await self._devices.revoke(params.device_id, params.role, call.now_ms)
        except DeviceMissingError as error:
            raise _unknown_device(error) from error
        self._changed()
        return TokenRevokeResult(device_id=params.device_id, role=params.role, revoked_at_ms=call.now_ms)

    def _check_token(self, call: Call, device_id: str, role: str, act: Literal["rotate", "revoke"]) -> None:
        """Its own operator token may be handled by every device; node tokens and those of others only by an admin."""
        if _is_admin(call) or (role == OPERATOR and call.connection.manages(device_id)):
            return
        word = "token rotation" if act == "rotate" else "token revocation"
        raise _denied(word, f"homarus devices {act} {device_id[:_SHORT]} --role {role}")

    def _tell(self, call: Call, request: PairingRequest, decision: Decision) -> None:
        device_id = request.claim.device_id
        event = PairResolved(request_id=request.request_id, device_id=device_id, decision=decision, ts=call.now_ms)
        self._broadcaster.send("device.pair.resolved", event, about=device_id)
        self._resolved(request, decision)

    def _changed(self) -> None:
        self._broadcaster.send("device.pair.changed", {})


def _is_admin(call: Call) -> bool:
    return ADMIN in call.connection.scopes


def _check_approval(call: Call, request_id: str, claim: Claim) -> None:
    """Refuse an approval that would give more than the caller has, or to another device than its own."""
    fix = f"homarus devices approve {request_id[:_SHORT]}"
    if not call.connection.manages(claim.device_id) or (claim.role == NODE and not _is_admin(call)):
        raise _denied("pairing approval", fix)
    have = expand(call.connection.scopes)
    if claim.role == OPERATOR and not covers(have, claim.scopes):
        beyond = sorted(set(claim.scopes) - have)
        details = {
            "code": "MISSING_SCOPE",
            "missingScope": beyond[0],
            "requiredScopes": sorted({PAIRING, *claim.scopes}),
        }
        raise _denied("pairing approval", fix, f"it would give {', '.join(beyond)}, which you do not have", details)


def _check_rotation(call: Call, params: TokenRotateParams, held: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    """Refuse a new token that would have more than the old one, or than the caller (GHSA-4jpw-hj22-2xmc)."""
    for limit, owner in ((held, "the token does not have"), (call.connection.scopes, "you do not have")):
        if not covers(limit, wanted):
            beyond = sorted(set(wanted) - expand(limit))
            fix = f"homarus devices rotate {params.device_id[:_SHORT]}"
            raise _denied("token rotation", fix, f"it would give {', '.join(beyond)}, which {owner}")


def _denied(
    what: str, fix: str, why: str = "it concerns another device, which needs operator.admin", details: object = None
) -> WireError:
    """Refuse in words that published clients look for (`device … denied`), with the command that the owner runs."""
    known = details if isinstance(details, dict) else {"code": "MISSING_SCOPE", "missingScope": ADMIN}
    return WireError(ErrorCode.INVALID_REQUEST, f"device {what} denied: {why}. On the box: `{fix}`.", details=known)


def _unknown_request() -> WireError:
    """The message is what published clients match on; the rest is for people."""
    return invalid_request(
        "unknown requestId: decided already, or older than five minutes; `homarus devices` lists those that wait",
        details={"code": "UNKNOWN_REQUEST"},
    )


def _unknown_device(error: DeviceMissingError) -> WireError:
    return invalid_request(f"{error}; `homarus devices` lists them", details={"code": "DEVICE_MISSING"})
