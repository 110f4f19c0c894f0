"""Exit codes of `homarus`. They are part of the interface: scripts depend on them."""

from __future__ import annotations

import enum

from appliance.client.errors import (
    CertificateChanged,
    CertificateUnknown,
    ConnectionLost,
    ConnectRefused,
    GatewayAway,
    PinnedInTheClear,
    RequestFailed,
)
from appliance.foundation.errors import ApplianceError


class Exit(enum.IntEnum):
    """What the status of the process means."""

    OK = 0
    FAILED = 1  # the gateway answered with an error, a run failed, a check found something
    USAGE = 2  # the command line itself is wrong
    AWAY = 3  # no gateway answers, or it went away
    REFUSED = 4  # the gateway did not let us in, or the right is missing
    TIMEOUT = 5
    CONFIG = 6  # the configuration is invalid
    HELD = 7  # another gateway owns this state directory
    NO_START = 78  # the gateway cannot start like this; EX_CONFIG of sysexits.h, so that systemd does not try again
    INTERRUPTED = 130


HELP = """\b
Exit codes:
    0  done
    1  failed: an error was answered, a run failed, a check found something
    2  wrong usage
    3  no gateway answers, or it went away
    4  not allowed: wrong or missing token, missing right
    5  timed out
    6  invalid configuration
    7  another gateway holds this state directory
   78  the gateway cannot start with this configuration
  130  interrupted"""


def exit_code(error: ApplianceError | TimeoutError) -> Exit:
    """Return the exit code that tells of `error`."""
    if isinstance(error, TimeoutError):
        return Exit.TIMEOUT
    if isinstance(error, CertificateChanged | CertificateUnknown | PinnedInTheClear):
        return Exit.REFUSED
    if isinstance(error, GatewayAway | ConnectionLost):
        return Exit.AWAY
    if isinstance(error, ConnectRefused):
        return Exit.REFUSED
    if isinstance(error, RequestFailed):
        if error.details.get("code") == "CONFIG_INVALID":
            return Exit.CONFIG
        return Exit.REFUSED if error.wire_code == "FORBIDDEN" else Exit.FAILED
    if error.code.startswith("config"):
        return Exit.CONFIG
    return Exit.HELD if error.code == "state_held" else Exit.FAILED


def told(error: ApplianceError | TimeoutError) -> str:
    """Return the sentence for the person, with what to do where the gateway cannot know it."""
    if isinstance(error, TimeoutError):
        return "The gateway took too long to answer. `homarus status` says what it does; `homarus logs` says why."
    text = str(error)
    if isinstance(error, ConnectRefused) and error.reason in _SECRET_WANTED:
        return (
            f"{text}. Pair this machine with a code of `homarus pair` there (`homarus remote pair CODE`), or put the "
            "token of that gateway into HOMARUS_GATEWAY_TOKEN; it is kept in its gateway.token."
        )
    if isinstance(error, RequestFailed) and error.wire_code == "FORBIDDEN":
        return f"{text}. On the box `homarus devices list` shows what this device may; pair it anew for more."
    if isinstance(error, RequestFailed) and error.details.get("code") == "NOT_CONNECTED":
        return f"{text}. Start it there with `homarus node run`; `homarus nodes` shows when it was last seen."
    return text


_SECRET_WANTED = frozenset(
    {"AUTH_TOKEN_MISSING", "AUTH_TOKEN_MISMATCH", "AUTH_DEVICE_TOKEN_MISMATCH", "DEVICE_IDENTITY_REQUIRED"}
)
