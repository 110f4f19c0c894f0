"""What can be wrong with a sender."""

from __future__ import annotations

from appliance.foundation.errors import ApplianceError


class SenderRequestMissingError(ApplianceError):
    """No sender waits with this code or request id."""

    code = "unknown_sender_request"
