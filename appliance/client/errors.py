"""Why a gateway could not be asked, or said no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.foundation.errors import ApplianceError


class ClientError(ApplianceError):
    """The root of what can go wrong between a client and its gateway."""

    code = "client"


class GatewayAway(ClientError):
    """Nobody answers at the address."""

    code = "gateway_away"


class CertificateChanged(GatewayAway):
    """What answers does not have the certificate that was pinned."""

    code = "certificate_changed"


class CertificateUnknown(GatewayAway):
    """What answers has a certificate for which nobody vouches, and none was pinned."""

    code = "certificate_unknown"


class PinnedInTheClear(ClientError):
    """A gateway whose certificate is pinned was to be met without encryption."""

    code = "pinned_in_the_clear"


class ConnectRefused(ClientError):
    """The gateway did not let this client in; `reason` is the details.code of protocol.md 4.4, if any."""

    code = "connect_refused"

    def __init__(self, message: str, reason: str, details: Mapping[str, Any]) -> None:
        super().__init__(message, details=details)
        self.reason = reason


class ConnectionLost(ClientError):
    """The connection ended while something was still expected of it."""

    code = "connection_lost"


class RequestFailed(ClientError):
    """The gateway answered a request with an error; `wire_code` is its code (protocol.md 2)."""

    code = "request_failed"

    def __init__(self, message: str, wire_code: str, details: Mapping[str, Any], *, retryable: bool) -> None:
        super().__init__(message, details=details)
        self.wire_code = wire_code
        self.retryable = retryable
