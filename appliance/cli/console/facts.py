"""What there is to show at a moment, read from the gateway and from files of the box."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from appliance import __version__
from appliance.client.errors import ClientError
from appliance.host.box import Box, read_box
from appliance.host.interfaces import addresses

Ask = Callable[[str, dict[str, Any]], Any]
_UPDATE: Final = "run/homarus-update/status.json"
_WIFI: Final = "run/homarus-wifi/state.json"
_STATE: Final = "run/homarus-state/problem.json"
_FIRST_BOOT: Final = "data/system/first-boot.json"
_MAX_BYTES: Final = 256 * 1024
_PHASES: Final = {
    "check": "looks for an update",
    "apply": "installs an update",
    "rollback": "goes back to the version before",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what to do."""

    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """The network that the box opened to be set up."""

    ssid: str
    key: str
    page: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything on the screen but the code. `gateway` is "" while it answers, else why it does not."""

    name: str
    version: str = __version__
    pages: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    gateway: str = ""
    near_only: bool = False
    devices: int = 0
    problems: tuple[Problem, ...] = ()
    update: str = ""
    box: Box | None = None
    wifi: AccessPoint | None = field(default=None, repr=False)


def gather(ask: Ask, root: Path = Path("/"), unit: Callable[[], str] = lambda: "") -> Facts:
    """Return the facts of now. `ask` puts a question to the gateway, `unit` tells how systemd sees it.

    Never raises: the gateway and what it left in files may be of another version, and memory may be short.
    """
    base = Facts(
        name=socket.gethostname(),
        addresses=tuple(str(one.ip) for one in addresses() if not one.inner and not one.ip.is_link_local),
        update=_update(_json(root / _UPDATE)),
        box=read_box(root),
        wifi=_wifi(_json(root / _WIFI)),
    )
    try:
        reach, status = _table(ask("homarus.reach", {})), _table(ask("status", {}))
        paired = _table(ask("device.pair.list", {})).get("paired")
    except (ClientError, TimeoutError, OSError) as error:
        return _away(base, _asked(unit) or _short(error), root)
    rows = _rows(status.get("conditions"))
    problems = [_problem(row) for row in rows]
    if not any(row.get("code") == "first_boot" for row in rows):
        problems += _mistakes(root)  # the gateway looks for them a minute after its start
    return Facts(
        name=base.name,
        version=str(status.get("runtimeVersion") or __version__),
        pages=tuple(str(one) for one in _list(reach.get("pages"))),
        addresses=base.addresses,
        near_only=bool(reach.get("loopbackOnly")),
        devices=len(_list(paired)),
        problems=tuple(problems),
        update=base.update,
        box=base.box,
        wifi=base.wifi,
    )


def _problem(row: dict[str, Any]) -> Problem:
    """A gateway of another version may leave out the sentence: its code is better than a screen that stays dark."""
    text = row.get("summary") or row.get("code") or "Something is wrong; `homarus doctor` says what."
    return Problem(str(text), str(row.get("fix") or ""))


def _away(base: Facts, why: str, root: Path) -> Facts:
    """Without a gateway nobody else tells of mistakes in the settings, and of what keeps it from starting."""
    return Facts(
        name=base.name,
        addresses=base.addresses,
        gateway=why,
        problems=(*_unprepared(root), *_mistakes(root)),
        update=base.update,
        box=base.box,
        wifi=base.wifi,
    )


def _asked(unit: Callable[[], str]) -> str:
    try:
        return unit()
    except OSError:  # no memory for the question
        return ""


def _short(error: Exception) -> str:
    """The first sentence: what to do on a machine that is no box does not help here."""
    return f"{str(error).split('. ', 1)[0].rstrip('.')}."


def _unprepared(root: Path) -> list[Problem]:
    message = _json(root / _STATE).get("message")
    if not isinstance(message, str):
        return []
    fix = "It is tried again by itself, at most every 15 minutes; `sudo systemctl restart homarus-gateway` tries now."
    return [Problem(f"The data could not be made ready: {message.rstrip('.')}.", fix)]


def _mistakes(root: Path) -> list[Problem]:
    rows = _rows(_json(root / _FIRST_BOOT).get("mistakes"))
    return [Problem(str(row["message"])) for row in rows if "message" in row]


def _update(status: dict[str, Any]) -> str:
    """Return what the update service does now; nothing once it is done, as the gateway tells the rest."""
    doing = _PHASES.get(str(status.get("action")))
    if doing is None or status.get("done"):
        return ""
    target = f" to {status['target']}" if status.get("target") else ""
    percent = f", {status['percent']} %" if isinstance(status.get("percent"), int) else ""
    return f"The box {doing}{target}{percent}. Leave it switched on."


def _wifi(state: dict[str, Any]) -> AccessPoint | None:
    point = state.get("accessPoint")
    if not isinstance(point, dict) or not all(isinstance(point.get(one), str) for one in ("ssid", "key", "page")):
        return None
    return AccessPoint(point["ssid"], point["key"], point["page"])


def _json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return _table(json.loads(file.read(_MAX_BYTES)))
    except (OSError, ValueError, RecursionError):
        return {}


def _table(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _rows(found: object) -> list[dict[str, Any]]:
    return [one for one in _list(found) if isinstance(one, dict)]
