"""How a connect is refused: an error, then a close with the message as reason (protocol.md 4.4). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from appliance.gateway.transport.websocket import CloseCode
from appliance.identity.model import Device, PairingRequest
from appliance.identity.pairing import Need
from appliance.protocol.errors import ErrorCode, WireError

RETRY_WITH_DEVICE_TOKEN: Final = "retry_with_device_token"
UPDATE_CREDENTIALS: Final = "update_auth_credentials"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a connect that is turned away, and how the socket is closed after it."""

    error: WireError
    close_code: CloseCode = CloseCode.POLICY
    short: str | None = None

    @property
    def reason(self) -> str:
        """The text of the close frame, which cuts it to 123 bytes."""
        return self.short if self.short is not None else str(self.error)


def refuse(
    code: ErrorCode,
    message: str,
    details: Mapping[str, Any] | None = None,
    close_code: CloseCode = CloseCode.POLICY,
) -> Refusal:
    return Refusal(WireError(code, message, details=details), close_code)


def auth_refusal(
    code: str,
    message: str,
    reason: str,
    step: str,
    *,
    can_retry_with_device_token: bool = False,
    retry_after_ms: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Refusal:
    """Refuse a credential; `step` tells the client what its user should do next, `facts` are our own."""
    details: dict[str, Any] = {
        "code": code,
        "authReason": reason,
        "canRetryWithDeviceToken": can_retry_with_device_token,
        "recommendedNextStep": step,
    }
    if facts is not None:
        details["homarus"] = facts
    retryable = True if retry_after_ms is not None else None
    return Refusal(
        WireError(
            ErrorCode.INVALID_REQUEST,
            message,
            details=details,
            retryable=retryable,
            retry_after_ms=retry_after_ms,
        )
    )


_SPENT: Final = "scan a fresh setup code: make one with `homarus pair`"


def invalid_code(why: str = f"bootstrap token invalid or expired ({_SPENT})") -> Refusal:
    """Refuse a code. What is unknown, spent, expired and somebody else's looks the same from outside."""
    return auth_refusal(
        "AUTH_BOOTSTRAP_TOKEN_INVALID", f"unauthorized: {why}", "bootstrap_token_invalid", UPDATE_CREDENTIALS
    )


def not_ready(message: str, reason: str) -> Refusal:
    """Refuse while the gateway starts or drains; the client comes back by itself."""
    error = WireError(ErrorCode.UNAVAILABLE, message, details={"reason": reason}, retryable=True, retry_after_ms=500)
    return Refusal(error, CloseCode.TRY_LATER)


_NEEDS: Final = {
    Need.NOT_PAIRED: "device is not approved yet",
    Need.ROLE_UPGRADE: "device is asking for a higher role than currently approved",
    Need.SCOPE_UPGRADE: "device is asking for more scopes than currently approved",
    Need.METADATA_UPGRADE: "device identity changed and must be re-approved",
}


def pairing_required(request: PairingRequest, need: Need, device: Device | None, *, retryable: bool) -> Refusal:
    """Tell a device that the owner must approve it, and how (protocol.md 5.2)."""
    claim = request.claim
    short = request.request_id.split("-", 1)[0]
    details: dict[str, Any] = {
        "code": "PAIRING_REQUIRED",
        "reason": need.value,
        "requestId": request.request_id,
        "remediationHint": f"Request {short} waits: approve it with `homarus devices approve {short}` on the box, "
        "or in the web app of a paired device.",
        "deviceId": claim.device_id,
        "requestedRole": claim.role,
        "requestedScopes": list(claim.scopes),
    }
    if device is not None:
        details["approvedRoles"] = list(device.roles)
        details["approvedScopes"] = list(device.scopes)
    if retryable:
        # Without these three a node host or a terminal client pauses until it is restarted (protocol.md 5.2).
        details |= {"recommendedNextStep": "wait_then_retry", "retryable": True, "pauseReconnect": False}
    # Clients look for the first part in the message and in the reason of the close.
    reason = f"pairing required: {_NEEDS[need]} (requestId: {request.request_id})"
    message = f"{reason}; request {short} waits: approve it with `homarus devices approve {short}`"
    return Refusal(WireError(ErrorCode.NOT_PAIRED, message, details=details), short=reason)
