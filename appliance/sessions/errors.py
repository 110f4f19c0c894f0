"""Why a session, a run or a key was refused."""

from __future__ import annotations

from appliance.foundation.errors import ApplianceError


class SessionError(ApplianceError):
    """A request about a session could not be granted."""

    code = "session"


class SessionKeyError(SessionError):
    """The text is no session key."""

    code = "session_key_invalid"


class SessionMissingError(SessionError):
    """No session has this key, id or label."""

    code = "session_missing"


class SessionBusyError(SessionError):
    """The session has an active run; a session never has two."""

    code = "session_busy"


class RunMissingError(SessionError):
    """No run has this id."""

    code = "run_missing"


class RunEndedError(SessionError):
    """The run has ended already; each run ends once."""

    code = "run_ended"


class ConflictError(SessionError):
    """The same key was used for something else (code `chat_request_conflict`, `label_in_use`, …)."""

    code = "conflict"

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
