"""The actions of the trial as systemd starts them: `python -P -m appliance.updates ACTION`.

ACTION: prepare-state (before the gateway), prepare-again (when that failed), gate, deadline.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.host.box import read_box
from appliance.host.running.commands import last_line, reboot, run_command
from appliance.host.running.systemctl import GATEWAY
from appliance.host.slots import booted_slot
from appliance.updates.trial.model import Release
from appliance.updates.trial.places import Places

_log = logging.getLogger(__name__)
_SEEN: Final = "run/homarus-gate/seen.json"
_PROBLEM: Final = "run/homarus-state/problem.json"  # the console shows it: without a gateway nobody else can
_STATE: Final = "homarus-state.service"
_WAITING: Final = ("homarus-gateway.service", "homarus-gate.service")
_AGAIN_S: Final = (60.0, 120.0, 240.0, 480.0)
_AT_MOST_S: Final = 900.0
_PREPARE_S: Final = 2000.0  # its unit ends it before
_PATIENCE: Final = "HOMARUS_GATE_PATIENCE_S"
_PATIENCE_S: Final = 480.0  # the deadline of a trial is at ten minutes
_COMMAND_S: Final = 30.0
_LOAD_S: Final = 120.0
_MAX_TOKEN_BYTES: Final = 4096
_BOOT_ID: Final = "proc/sys/kernel/random/boot_id"


def act(action: str, root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> int:
    """Run one action on the box at `root`; return the exit status. Without slots there is nothing to do."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    booted = booted_release(root)
    if booted is None:
        _log.info("this machine has no slots; nothing to do")
        return 0
    places = Places.on(root)
    try:
        match action:
            case "prepare-state":
                return _prepare(root, places, booted)
            case "prepare-again":
                return _prepare_again(time.sleep, _start)
            case "gate":
                return _gate(root, places, booted, float(environ.get(_PATIENCE) or _PATIENCE_S))
            case "deadline":
                return _deadline(root, places, booted)
            case _:
                raise ValueError(f"{action} is no action of a trial")
    except (ApplianceError, OSError) as error:
        _log.error("%s", error)
        return 1


def booted_release(root: Path = Path("/")) -> Release | None:
    """Return the version that runs and its slot; None on a machine without slots."""
    box, slot = read_box(root), booted_slot(root)
    return Release(slot, box.version, box.build) if box is not None and slot else None


def _prepare(root: Path, places: Places, booted: Release) -> int:
    from appliance.updates.trial.prepare import prepare_state

    problem = root / _PROBLEM
    try:
        done = prepare_state(places, booted, SystemClock().now_ms(), _boot_id(root))
    except (ApplianceError, OSError) as error:
        _tell(problem, str(error))
        raise
    if done.refusal:
        _log.error("version %s cannot be tried: %s", booted.version, done.refusal)
        _tell(problem, done.refusal)
        return 1
    problem.unlink(missing_ok=True)
    return 0


def _boot_id(root: Path) -> str:
    try:
        return (root / _BOOT_ID).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _tell(path: Path, why: str) -> None:
    path.parent.mkdir(mode=0o755, exist_ok=True)
    write_atomic(path, json.dumps({"message": why}).encode(), mode=0o644)


def _prepare_again(sleep: Callable[[float], None], start: Callable[..., bool]) -> int:
    """Try until the state is prepared, more and more seldom, then start what waited for it.

    What usually is in the way is a full disk, and whoever makes room must not have to know what comes next.
    """
    for pause_s in chain(_AGAIN_S, repeat(_AT_MOST_S)):
        sleep(pause_s)
        if start(_STATE):
            break
    return 0 if start(*_WAITING) else 1


def _start(*units: str) -> bool:
    """Start units and wait for that; return whether all of them came up."""
    done = run_command(["systemctl", "start", *units], timeout_s=_PREPARE_S)
    if done.returncode != 0:
        _log.error("%s: %s", " ".join(units), last_line(done))
    return done.returncode == 0


def _gate(root: Path, places: Places, booted: Release, patience_s: float) -> int:
    from appliance.client.errors import ClientError
    from appliance.client.once import call_once
    from appliance.client.target import SocketTarget
    from appliance.foundation.ids import new_id
    from appliance.host.rauc import Rauc
    from appliance.storage.copies.beside import problems
    from appliance.updates.gate.looking import Looker
    from appliance.updates.gate.watching import Gate

    target, clock = SocketTarget(places.paths.control_socket), SystemClock()
    # Only in the gateway's own archive, and as its owner, is anything removed.
    archive = places.state / "archive"

    def ask(method: str, params: Mapping[str, object], timeout_s: float) -> Any:
        return call_once(target, method, dict(params), timeout_s=timeout_s)

    def answers() -> bool:
        try:
            ask("health", {}, 5.0)
        except (ClientError, TimeoutError):
            return False
        return True

    def remove(path: Path) -> None:
        with places.as_owner():
            (archive / path.name).unlink(missing_ok=True)

    def sound() -> list[str]:
        with places.as_owner():
            return problems(places.paths.database)

    gate = Gate(
        places=places,
        slots=Rauc(),
        now_ms=clock.now_ms,
        monotonic=clock.monotonic,
        sleep=time.sleep,
        answers=answers,
        looker=lambda before, tried: Looker(ask, before, new_id, remove, sound, spares_engine=not tried),
        loads=_loads,
        tell=lambda lines: _note(root / _SEEN, lines),
        patience_s=patience_s,
    )
    return 0 if gate.pass_through(booted) else 1


def _loads() -> bool:
    """A fresh interpreter loads the gateway: what it reads comes from the slot, all of it."""
    argv = [sys.executable, "-P", "-c", "import appliance.daemon.gateway"]
    return run_command(argv, timeout_s=_LOAD_S).returncode == 0


def _note(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(mode=0o755, exist_ok=True)
    write_atomic(path, json.dumps(list(lines)).encode())


def _deadline(root: Path, places: Places, booted: Release) -> int:
    from appliance.host.rauc import Rauc
    from appliance.telemetry.redact import Redactor
    from appliance.updates.gate.giving_up import Evidence, give_up

    try:
        with places.exclusive():
            pass
    except OSError as error:
        # A bad block: to fail here restarts the box (FailureAction=), its own version too, and that for ever. One on
        # trial is as a rule stopped before, for want of a copy; the boot loader's count ends it at the next start.
        _log.error("whether a version is on trial cannot be read (%s); nothing restarts", error)
        return 0
    redact = Redactor()
    for secret in _secrets(places):
        redact.learn(secret)
    evidence = Evidence(_failed_units, _journal, lambda: _seen(root / _SEEN), redact)
    if not give_up(places, booted, evidence, Rauc(), _reboot, SystemClock().now_ms()):
        _log.info("no version is on trial; nothing to do")
    return 0


def _secrets(places: Places) -> list[str]:
    """Return the token of the gateway, which its journal may show; a pipe in its place is not waited for."""
    from appliance.config.reading.secrets import read_regular

    try:
        with places.as_owner():
            return [read_regular(places.paths.token, _MAX_TOKEN_BYTES).decode("utf-8", "replace").strip()]
    except OSError:
        return []


def _seen(path: Path) -> list[str]:
    try:
        lines = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return [str(line) for line in lines] if isinstance(lines, list) else []


def _failed_units() -> list[str]:
    states = "--state=failed,auto-restart,auto-restart-queued"
    argv = ["systemctl", "list-units", states, "--no-legend", "--plain", "--full", "--no-pager"]
    done = run_command(argv, timeout_s=_COMMAND_S)
    if done.returncode != 0:
        _log.error("which services failed is not known: %s", last_line(done))
    units = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    # In the seconds of its next try a gateway that cannot start is neither failed nor waiting, but starting.
    starting = run_command(["systemctl", "is-active", GATEWAY], timeout_s=_COMMAND_S).stdout.strip() == "activating"
    return [*units, GATEWAY] if starting and GATEWAY not in units else units


def _journal(units: Sequence[str]) -> list[str]:
    """Return what the failed units said last, and the warnings of the whole start."""
    lines: list[str] = []
    for unit in units[:5]:
        lines += _lines(["journalctl", "-b", "--no-pager", "-o", "short-monotonic", "-n", "20", "-u", unit])
    return lines + _lines(["journalctl", "-b", "--no-pager", "-o", "short-monotonic", "-n", "30", "-p", "warning"])


def _lines(argv: Sequence[str]) -> list[str]:
    done = run_command(argv, timeout_s=_COMMAND_S)
    if done.returncode != 0 and not done.stdout:
        return [f"{argv[0]} said nothing: {last_line(done)}"]
    return done.stdout.splitlines()


def _reboot() -> None:
    """Restart, by force where systemd does not take the order: a box on trial must not stay as it is."""
    reboot(force=True)
