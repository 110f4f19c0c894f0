"""Devices as clients see them: rows without secrets (protocol.md 5.3). What is unknown or empty is absent."""

from __future__ import annotations

from appliance.identity.model import Claim, Device, DeviceToken, PairingRequest
from appliance.identity.setup.store import Completion
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.devices import PairedRow, PendingRow, SetupCompletion, TokenRow


def pending_row(request: PairingRequest) -> PendingRow:
    """Return the row of a device that waits."""
    claim: Claim = request.claim
    return PendingRow(
        request_id=request.request_id,
        device_id=claim.device_id,
        public_key=claim.public_key,
        role=claim.role,
        roles=[claim.role],
        scopes=list(claim.scopes),
        ts=request.ts,
        display_name=claim.display_name or UNSET,
        platform=claim.platform or UNSET,
        device_family=claim.device_family or UNSET,
        client_id=claim.client_id or UNSET,
        client_mode=claim.client_mode or UNSET,
        browser_origin=claim.browser_origin or UNSET,
        remote_ip=claim.remote_ip or UNSET,
        is_repair=request.is_repair,
    )


def paired_row(device: Device, *, connected: bool | None = None, seen: tuple[int, str] | None = None) -> PairedRow:
    """Return the row of a paired device; `seen` is its last sign of life (ms since the epoch) and what it was."""
    seen_ms, reason = seen if seen is not None else (UNSET, UNSET)
    return PairedRow(
        device_id=device.device_id,
        public_key=device.public_key,
        platform=device.platform,
        role=device.roles[-1] if device.roles else "",
        roles=list(device.roles),
        scopes=list(device.scopes),
        approved_via=device.approved_via.value,
        created_at_ms=device.created_at_ms,
        approved_at_ms=device.approved_at_ms,
        tokens=[_token_row(token) for token in device.tokens.values()],
        display_name=device.operator_label or device.display_name or UNSET,
        operator_label=device.operator_label or UNSET,
        device_family=device.device_family or UNSET,
        client_id=device.client_id or UNSET,
        client_mode=device.client_mode or UNSET,
        browser_origin=device.browser_origin or UNSET,
        remote_ip=device.remote_ip or UNSET,
        last_seen_at_ms=seen_ms,
        last_seen_reason=reason,
        connected=or_unset(connected),
    )


def _token_row(token: DeviceToken) -> TokenRow:
    return TokenRow(
        role=token.role,
        scopes=list(token.scopes),
        created_at_ms=token.created_at_ms,
        rotated_at_ms=or_unset(token.rotated_at_ms),
        revoked_at_ms=or_unset(token.revoked_at_ms),
    )


def completion_row(completion: Completion) -> SetupCompletion:
    """Return who spent a setup code."""
    return SetupCompletion(
        setup_id=completion.setup_id,
        device_id=completion.device_id,
        access="full" if completion.access == "full" else "limited" if completion.access == "limited" else "node",
        ts=completion.ts,
        device_name=completion.device_name or UNSET,
    )
