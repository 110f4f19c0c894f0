"""The two files between the set-up of the Wi-Fi and whoever asks for it: what is so, and what is wished."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from appliance.config.reading.secrets import read_regular
from appliance.config.values import Secret
from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.reading import checks
from appliance.firstboot.reading.checks import World, Wrong
from appliance.firstboot.values import Wifi
from appliance.firstboot.wifi.machine import Phase, Result
from appliance.firstboot.wifi.point import Point
from appliance.foundation.errors import ApplianceError
from appliance.foundation.visible import visible_name
from appliance.host.wifi.network_manager import Network

FOLDER: Final = "run/homarus-wifi"
_STATE: Final = f"{FOLDER}/state.json"
_WISH: Final = f"{FOLDER}/wish.json"
_MAX_BYTES: Final = 64 * 1024
_MAX_SHOWN: Final = 32


class WishError(ApplianceError):
    """What was asked for cannot be a network; the text says which part."""

    code = "wifi_wish"


@dataclass(frozen=True, slots=True)
class Wish:
    """A network to join, and the country that the radio is in."""

    wifi: Wifi
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The files below a root. Root's own: the key of the box's network is in the state, and passwords in a wish."""

    root: Path

    def show(self, phase: Phase, result: Result | None, heard: Sequence[Network], own: Point | None) -> None:
        """Tell what is so."""
        state: dict[str, Any] = {"phase": phase.value, "networks": [_row(one) for one in heard[:_MAX_SHOWN]]}
        if result is not None:
            state["result"] = result.value
        if own is not None:
            state["accessPoint"] = {"ssid": own.ssid, "key": own.key.reveal(), "page": own.page}
        do(self.root, Put(_STATE, json.dumps(state).encode(), 0o600))

    def state(self) -> dict[str, Any]:
        """Return what was last told; {} before the first."""
        return self._read(_STATE)

    def ask(self, wish: Wish) -> None:
        """Leave a wish, in place of one that nobody took yet."""
        wifi, password = wish.wifi, wish.wifi.password
        members = {
            "ssid": wifi.ssid.hex(),
            "password": password.reveal() if password is not None else None,
            "hidden": wifi.hidden,
            "country": wish.country,
        }
        do(self.root, Put(_WISH, json.dumps(members).encode(), 0o600))

    def waits(self) -> bool:
        """Tell whether a wish is there."""
        return os.path.lexists(self.root / _WISH)

    def take(self) -> Wish | None:
        """Return the wish that waits, and take it away; None without one. Raises OSError where it cannot be taken away.

        What is no wish is taken away too: while a file is there, the set-up goes on and is started again.
        """
        if not self.waits():
            return None
        found = self._read(_WISH)
        path = self.root / _WISH
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        return _wish(found)

    def _read(self, path: str) -> dict[str, Any]:
        try:
            found = json.loads(read_regular(self.root / path, _MAX_BYTES))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _wish(found: Mapping[str, Any]) -> Wish | None:
    password, country = found.get("password"), found.get("country")
    try:
        name = bytes.fromhex(found["ssid"])
    except (KeyError, TypeError, ValueError):
        return None
    if not all(one is None or isinstance(one, str) for one in (password, country)):
        return None
    return Wish(Wifi(name, Secret(password) if password else None, found.get("hidden") is True), country)


def wish_of(params: Mapping[str, object], world: World) -> Wish:
    """Return a wish from `ssid` or `ssidHex`, `password`, `hidden`, `country`. Raises WishError."""
    try:
        name = checks.ssid_hex(params["ssidHex"]) if params.get("ssidHex") else checks.ssid(params.get("ssid"))
        password = checks.wifi_password(params["password"]) if params.get("password") else None
        hidden = checks.flag(params.get("hidden", False))
        country = checks.country(params["country"], world) if params.get("country") else None
    except Wrong as wrong:
        raise WishError(f"The network or its password {wrong.problem} {wrong.fix}") from wrong
    return Wish(Wifi(name, password, hidden), country)


def _row(one: Network) -> dict[str, object]:
    """One network as a person reads it: a name on the air is written by strangers."""
    name = visible_name(one.ssid.decode("utf-8", "replace"))
    return {"name": name, "ssidHex": one.ssid.hex(), "strength": one.strength, "secured": one.secured}
