"""`python -P -m appliance.firstboot ACTION`.

`boot` and `wifi` run as root, `options` as the user of the gateway, for `boot`.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from appliance.firstboot.applying import gateway
from appliance.firstboot.applying.live import System
from appliance.firstboot.boot import Boot
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError

_STATE: Final = Path("/var/lib/homarus")
_TIMEOUT_S: Final = 10.0
_PORT: Final = 18789  # the gateway's own page does the asking; who changed its port knows it
_MAX_ORDER_BYTES: Final = 64 * 1024


def _run(argv: Sequence[str]) -> int | None:
    try:
        return subprocess.run(argv, capture_output=True, check=False, timeout=_TIMEOUT_S).returncode
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        return 124


def _boot() -> int:
    """The first thing of ours that runs; its words are in the journal and, as a report, on the card."""
    boot = Boot(
        System(Path("/"), socket.sethostname, _run),
        SystemClock(),
        partial(secrets.token_hex, 2),
        partial(gateway.send, _STATE),
        _say,
    )
    return 0 if boot.run() else 1


def _options() -> int:
    """Of another user than who waits for it, who may not end it (CAP_KILL): it does that itself."""
    signal.alarm(gateway.PATIENCE_S)
    order = json.loads(sys.stdin.buffer.read(_MAX_ORDER_BYTES))
    answer = gateway.keep(order, os.environ, SystemClock())
    sys.stdout.write(json.dumps(answer))
    return 0


def _wifi() -> int:
    """Go on until there is a network. What it needs is imported here: the other actions do without."""
    from appliance.firstboot.applying.identity import named
    from appliance.firstboot.wifi.driver import Driver
    from appliance.firstboot.wifi.point import point, secret_of
    from appliance.host.wifi.network_manager import Radios, Watch

    root = Path("/")
    own = point(secret_of(root, secrets.token_bytes), named(root, partial(secrets.token_hex, 2)), _PORT)
    watch = Watch()
    try:
        Driver(root, Radios(), watch, own, SystemClock(), _run, _say).run()
    finally:
        watch.close()
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


_ACTIONS: Final[Mapping[str, Callable[[], int]]] = {"boot": _boot, gateway.ACTION: _options, "wifi": _wifi}


def main(arguments: Sequence[str]) -> int:
    """Do one action; return the exit status."""
    if len(arguments) != 1 or arguments[0] not in _ACTIONS:
        _say(f"usage: python -P -m appliance.firstboot {'|'.join(_ACTIONS)}")
        return 2
    try:
        return _ACTIONS[arguments[0]]()
    except (ApplianceError, OSError) as error:
        _say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
