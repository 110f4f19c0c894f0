"""Why a model file could not be fetched."""

from __future__ import annotations

from appliance.foundation.errors import ApplianceError


class PullError(ApplianceError):
    """A model could not be fetched; the message names the fix, `reason` is for programs.

    Reasons: invalid_source, invalid_checksum, invalid_file, checksum, not_found, forbidden, disk_full, network,
    busy, bad_answer.
    """

    code = "model_pull_failed"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message, details={"reason": reason})
        self.reason = reason


class InterruptedPull(Exception):
    """The connection broke or the server is busy: worth another attempt."""
