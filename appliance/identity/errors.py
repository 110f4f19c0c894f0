"""What can be wrong with a device."""

from __future__ import annotations

from appliance.foundation.errors import ApplianceError


class IdentityError(ApplianceError):
    """A request about a device could not be granted."""

    code = "identity"


class ProofError(IdentityError):
    """The proof of a device key failed. `reason` is the word of protocol.md 4.4."""

    code = "device_proof"

    def __init__(self, message: str, *, detail_code: str, reason: str) -> None:
        super().__init__(message)
        self.detail_code = detail_code
        self.reason = reason


class DeviceMissingError(IdentityError):
    """No paired device has this id, or it has no token for this role."""

    code = "device_missing"


class RequestMissingError(IdentityError):
    """No pairing request has this id; it may have expired."""

    code = "unknown_request"
