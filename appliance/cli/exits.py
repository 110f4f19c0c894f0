"""Exit codes of `homarus`. They are part of the interface: scripts depend on them."""

from __future__ import annotations

import enum

from appliance.client.errors import ConnectionLost, ConnectRefused, GatewayAway, RequestFailed
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
    INTERRUPTED = 130


HELP = """\b
Exit codes: 0 done · 1 failed · 2 wrong usage · 3 no gateway answers · 4 not allowed · 5 timed out ·
6 invalid configuration · 7 another gateway holds the state · 130 interrupted"""


def exit_code(error: ApplianceError | TimeoutError) -> Exit:
    """Return the exit code that tells of `error`."""
    if isinstance(error, TimeoutError):
        return Exit.TIMEOUT
    if isinstance(error, GatewayAway | ConnectionLost):
        return Exit.AWAY
    if isinstance(error, ConnectRefused):
        return Exit.REFUSED
    if isinstance(error, RequestFailed):
        return Exit.REFUSED if error.wire_code == "FORBIDDEN" else Exit.FAILED
    if error.code.startswith("config"):
        return Exit.CONFIG
    return Exit.HELD if error.code == "state_held" else Exit.FAILED
