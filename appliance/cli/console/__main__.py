"""`python -P -m appliance.cli.console TERMINAL`: the console of a box on its own terminal, kept by systemd.

Without the command line around it: this is there as long as the box runs. What it needs seldom (the database behind
a setup code, the maker of its picture, a question to systemd) is imported by a child that ends.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Mapping
from typing import Any

from appliance.cli.console.apart import apart
from appliance.cli.console.facts import gather
from appliance.cli.console.run import Console, end, keep, key_by_key, read, signal_as_key, surface_of
from appliance.cli.pairing.qr import Modules
from appliance.client.once import call_once
from appliance.client.target import SocketTarget
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.paths import ADMIN_SOCKET
from appliance.host.systemd import ENDED

_ASK_S = 15.0
_ERROR = "it ended with an error."
_EX_CONFIG = "78"
_TRIED = "It is tried again by itself."
_CONFIGURATION = "Put it right with `sudo homarus config`, or by a homarus.toml on the card, and restart the box."
_GIVEN_UP = "Restart the box. If it ends again, `homarus doctor` names the fix and `homarus backup` lists the copies."


def why_away(unit: Mapping[str, str]) -> str:
    """Return why a gateway does not answer, and what helps, from the properties of its unit (systemctl show).

    Whoever reads it stands in front of the box, perhaps without a login: what helps without one comes first.
    """
    state, words = unit.get("ActiveState", ""), unit.get("StatusText", "")
    if state == "failed" or unit.get("SubState") == "auto-restart":
        why = f"it ended with an error: {words.removeprefix(ENDED).rstrip('.')}." if words.startswith(ENDED) else _ERROR
        if unit.get("Result") == "oom-kill":
            why = "it ended, as the memory ran out."
        if state != "failed":
            return f"{why} {_TRIED}"
        return f"{why} {_CONFIGURATION if unit.get('ExecMainStatus') == _EX_CONFIG else _GIVEN_UP}"
    if state in ("activating", "reloading"):
        return "it is starting. The first start of a box takes a minute or two."
    if state == "inactive":
        return "it is not running. Restart the box, or `sudo systemctl start homarus-gateway`."
    return "it runs but is busy or not ready yet." if state == "active" else ""


def unit_state() -> str:
    """Return why the gateway does not answer, as far as systemd knows."""
    import subprocess

    names = "ActiveState,SubState,StatusText,Result,ExecMainStatus"
    try:
        asked = ["systemctl", "show", "-p", names, "homarus-gateway.service"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return why_away(dict(line.partition("=")[::2] for line in said.splitlines()))


def read_apart(code: str) -> tuple[str, Modules]:
    """Read a setup code in a child. Raises ApplianceError, OSError."""
    found = apart(lambda: json.dumps(read(code)))
    if not found:
        raise ApplianceError("The setup code that the gateway made could not be read.")
    page, modules = json.loads(found)
    return page, modules


def main(arguments: list[str]) -> int:
    """Show the console on the terminal that is standard input and output, until it is hung up."""
    terminal = arguments[0] if arguments else "tty1"
    screen = re.fullmatch(r"tty\d+", terminal) is not None

    def ask(method: str, params: dict[str, Any]) -> Any:
        return call_once(SocketTarget(ADMIN_SOCKET), method, params, timeout_s=_ASK_S)

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    console = Console(
        ask,
        lambda: gather(ask, unit=lambda: apart(unit_state)),
        lambda: surface_of(sys.stdout.fileno(), serial=not screen, screen=screen),
        clock=SystemClock(),
        write=write,
        log=lambda line: print(f"{terminal}: {line}", file=sys.stderr, flush=True),
        read=read_apart,
    )
    with key_by_key(sys.stdin.fileno()), signal_as_key(signal.SIGUSR1) as button:
        keep(console, sys.stdin.fileno(), ends=False, button=button)
    end(write)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
