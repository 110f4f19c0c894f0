"""`homarus gateway restart`: through systemd where that runs the gateway, else the gateway begins anew by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Final

from appliance.cli.onboarding.service import UNIT, Place, Run, ServiceError, place_for, run_command
from appliance.cli.session import CliSession
from appliance.client.errors import ClientError
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError

_BACK_S: Final = 60.0
_AWAY_S: Final = 5.0


class RestartError(ApplianceError):
    """The gateway did not come back; the text says what to do."""

    code = "restart_failed"


def restart(cli: CliSession, run: Run = run_command) -> str:
    """Restart the gateway, wait until it answers again, and return who did it. Raises ApplianceError."""
    place = _unit_of(cli, run) if cli.local else None
    if place is not None:
        done = run(place.systemctl("restart", UNIT))
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip() or f"status {done.returncode}"
            raise ServiceError(f"`{' '.join(place.systemctl('restart', UNIT))}` failed: {said}")
        _wait(cli, None)
        return "systemd"
    before = _born(cli)
    cli.call("gateway.restart.request", {})
    _wait(cli, before)
    return "itself"


def _unit_of(cli: CliSession, run: Run) -> Place | None:
    """Return the unit that runs this gateway and that this person may restart, or one that is installed but down."""
    places = [place_for(dict(cli.environ), root_user=False)]
    if os.geteuid() == 0:
        places.insert(0, place_for(dict(cli.environ), root_user=True))
    pid = cli.running_pid()
    for place in places:
        facts = _facts(run(place.systemctl("show", UNIT, "-p", "MainPID,LoadState")).stdout)
        loaded = facts.get("LoadState") == "loaded"
        if loaded and (facts.get("MainPID") == str(pid) or (pid is None and facts.get("MainPID") == "0")):
            return place
    return None


def _facts(text: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _born(cli: CliSession) -> int | None:
    """Return when the gateway of this state directory said that it serves; None where that is not known."""
    try:
        return (cli.paths.runtime / "gateway.json").stat().st_mtime_ns if cli.local else None
    except OSError:
        return None


def _wait(cli: CliSession, before: int | None) -> None:
    """Wait until a gateway answers that began after `before`; where that is not known, one that was away."""
    clock = SystemClock()
    start = clock.monotonic()
    away = False
    while clock.monotonic() < start + _BACK_S:
        try:
            cli.call("health", {}, timeout_s=5)
        except (ClientError, TimeoutError):
            away = True
        else:
            born = _born(cli)
            if born != before if before is not None else away or clock.monotonic() > start + _AWAY_S:
                return
        time.sleep(0.1)
    raise RestartError("The gateway does not answer after its restart; `homarus logs` says why.")
