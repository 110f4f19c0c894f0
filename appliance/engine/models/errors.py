"""Why a model file could not be fetched."""

from __future__ import annotations

from appliance.foundation.errors import ApplianceError


class PullError(ApplianceError):
    """A model could not be fetched or is not what was fetched; the message names the fix, `reason` is for programs.

    Reasons: invalid_source, unknown_model, invalid_checksum, invalid_file, checksum, changed, damaged_lock, not_found,
    forbidden, disk_full, network, busy, bad_answer, in_use.
    """

    code = "model_pull_failed"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message, details={"reason": reason})
        self.reason = reason


class InterruptedPull(Exception):
    """The connection broke or the server is busy: worth another attempt."""
