"""NetworkManager, which owns every network device of a box, asked over D-Bus (networkmanager.dev, D-Bus API 1.52).

Through busctl, as RAUC is: root asks now and then. No password ever stands in an argument, where every user of the
system could read it: networks are files that NetworkManager is told to load. Calls block.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from appliance.foundation.errors import ApplianceError

NAME: Final = "org.freedesktop.NetworkManager"
_ROOT: Final = "/org/freedesktop/NetworkManager"
_SETTINGS: Final = f"{_ROOT}/Settings"
_WIFI: Final = 2  # NM_DEVICE_TYPE_WIFI
_ETHERNET: Final = 1
_ACTIVATED: Final = 100  # NM_DEVICE_STATE_ACTIVATED
_FAILED: Final = 120
_CAP_AP: Final = 0x40  # NM_WIFI_DEVICE_CAP_AP
_PRIVACY: Final = 0x1  # NM_802_11_AP_FLAGS_PRIVACY
_TIMEOUT_S: Final = 25
_MAX_NETWORKS: Final = 64
_NONE: Final = "/"

NO_SECRETS: Final = 7
"""Reasons of a device (NMDeviceStateReason): the password was refused and nobody has another one."""
DISCONNECTED: Final = 8
ADDRESS: Final = frozenset({5, 6, 15, 16, 17})
NOT_FOUND: Final = 53


class NetworkError(ApplianceError):
    """NetworkManager refused or failed; the message is its own."""

    code = "network_failed"


@dataclass(frozen=True, slots=True)
class Device:
    """One network device. `access_point`: its radio can be one; `active`: UUID of the connection on it, "" for none."""

    path: str
    name: str
    wifi: bool
    state: int
    access_point: bool = False
    active: str = ""

    @property
    def up(self) -> bool:
        return self.state == _ACTIVATED


@dataclass(frozen=True, slots=True)
class Network:
    """A network that the radio hears. `strength` in percent."""

    ssid: bytes
    strength: int
    secured: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A device gave up; `reason` is an NMDeviceStateReason."""

    device: str
    reason: int


@dataclass(frozen=True, slots=True)
class Known:
    """A Wi-Fi network with a file. `own`: this machine is its access point."""

    uuid: str
    own: bool


@dataclass(frozen=True, slots=True)
class Objects:
    """Everything that NetworkManager had at one moment: path to interface to property."""

    found: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def of(self, path: str, interface: str) -> dict[str, Any]:
        """Return the properties of an object; {} where it has no such interface."""
        facts = self.found.get(path, {}).get(_interface(interface), {})
        return {name: one.get("data") for name, one in facts.items()}

    def devices(self) -> list[Device]:
        """Return Ethernet and Wi-Fi devices."""
        kinds = {path: self.of(path, "Device").get("DeviceType") for path in sorted(self.found)}
        return [self._device(path, kind == _WIFI) for path, kind in kinds.items() if kind in (_WIFI, _ETHERNET)]

    def _device(self, path: str, wifi: bool) -> Device:
        facts = self.of(path, "Device")
        able = int(self.of(path, "Device.Wireless").get("WirelessCapabilities") or 0) if wifi else 0
        active = str(self.of(str(facts.get("ActiveConnection")), "Connection.Active").get("Uuid") or "")
        return Device(path, str(facts["Interface"]), wifi, int(facts["State"]), bool(able & _CAP_AP), active)

    def networks(self, device: str) -> list[Network]:
        """Return what a radio hears, the strongest first, each name once."""
        best: dict[bytes, Network] = {}
        for path in (self.of(device, "Device.Wireless").get("AccessPoints") or ())[:_MAX_NETWORKS]:
            facts = self.of(path, "AccessPoint")
            name = bytes(facts.get("Ssid") or ())
            if name and (name not in best or best[name].strength < int(facts["Strength"])):
                secured = bool(facts["Flags"] & _PRIVACY or facts["WpaFlags"] or facts["RsnFlags"])
                best[name] = Network(name, int(facts["Strength"]), secured)
        return sorted(best.values(), key=lambda one: -one.strength)


class Radios:
    """The network of this machine."""

    def __init__(self, *, busctl: str = "busctl") -> None:
        self._busctl = busctl
        self._known: dict[str, Known | None] = {}

    def objects(self) -> Objects:
        """Return everything that there is now, by one question."""
        (found,) = self._run(
            "call", NAME, "/org/freedesktop", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"
        )
        return Objects(found)

    def scan(self, device: str) -> None:
        """Let a radio listen; the result comes seconds later. A radio that may not now keeps what it heard before."""
        with contextlib.suppress(NetworkError):
            self._call(device, "Device.Wireless", "RequestScan", "a{sv}", "0")

    def known(self, now: Objects) -> list[Known]:
        """Return the Wi-Fi networks that have a file. An object is asked once: its path is not used again."""
        paths = [path for path in now.found if now.found[path].get(_interface("Settings.Connection")) is not None]
        self._known = {path: self._known[path] if path in self._known else self._about(path) for path in paths}
        return [one for one in self._known.values() if one is not None]

    def _about(self, path: str) -> Known | None:
        try:
            (facts,) = self._call(path, "Settings.Connection", "GetSettings")
        except NetworkError:
            return None  # it was deleted meanwhile
        wifi = facts.get("802-11-wireless")
        return None if wifi is None else Known(_value(facts["connection"], "uuid"), _value(wifi, "mode") == "ap")

    def load(self, path: str) -> None:
        """Read a file of a network again. Raises NetworkError where it is no such file."""
        done, failed = self._call(_SETTINGS, "Settings", "LoadConnections", "as", "1", path)
        if not done or failed:
            raise NetworkError(f"NetworkManager does not take {path}; `journalctl -u NetworkManager` says why.")

    def activate(self, uuid: str, device: str) -> None:
        """Begin to use a network on a device; how it goes is told by `Watch` and `devices`."""
        (path,) = self._call(_SETTINGS, "Settings", "GetConnectionByUuid", "s", uuid)
        self._call(_ROOT, "", "ActivateConnection", "ooo", str(path), device, _NONE)

    def delete(self, uuid: str) -> None:
        """Forget a network and its file; one that is not there is forgotten already."""
        with contextlib.suppress(NetworkError):
            (path,) = self._call(_SETTINGS, "Settings", "GetConnectionByUuid", "s", uuid)
            self._call(str(path), "Settings.Connection", "Delete")

    def disconnect(self, device: str) -> None:
        """End what runs on a device; it stays so until something is activated."""
        with contextlib.suppress(NetworkError):
            self._call(device, "Device", "Disconnect")

    def _call(self, path: str, interface: str, method: str, *given: str) -> list[Any]:
        found = self._run("call", NAME, path, _interface(interface), method, *given)
        return list(found) if found is not None else []

    def _run(self, *arguments: str) -> Any:
        argv = [self._busctl, "--system", "--json=short", f"--timeout={_TIMEOUT_S}", *arguments]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S + 5)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NetworkError(f"NetworkManager does not answer ({type(error).__name__}).") from error
        if done.returncode != 0:
            said = done.stderr.strip().rsplit("\n", 1)[-1].removeprefix("Call failed: ")
            raise NetworkError(said or "NetworkManager failed without a word.")
        text = done.stdout.strip()
        try:
            return json.loads(text)["data"] if text else None
        except (ValueError, TypeError, KeyError) as error:
            raise NetworkError(f"NetworkManager answered something else than expected: {text[:200]}") from error


class Watch:
    """Hears why devices give up: NetworkManager says it once, in a signal, and keeps only the state after it."""

    def __init__(self, *, busctl: str = "busctl") -> None:
        match = f"type='signal',sender='{NAME}',interface='{NAME}.Device',member='StateChanged'"
        self._process = subprocess.Popen(
            [busctl, "--system", "--json=short", f"--match={match}", "monitor"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._rest = b""

    def take(self, timeout_s: float) -> list[Failed]:
        """Wait at most `timeout_s` for something, and return which devices failed. A watch that ended hears nothing."""
        out = self._process.stdout
        if out is None or not select.select([out], [], [], timeout_s)[0]:
            return []
        data = os.read(out.fileno(), 65536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-65536:]
        found = [_failed(line) for line in lines]
        return [one for one in found if one is not None]

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _failed(line: bytes) -> Failed | None:
    try:
        message = json.loads(line)
        new, _, reason = message["payload"]["data"]
        return Failed(str(message["path"]), int(reason)) if new == _FAILED else None
    except (ValueError, KeyError, TypeError):
        return None


def _interface(name: str) -> str:
    return f"{NAME}.{name}" if name else NAME


def _value(facts: Any, key: str) -> str:
    """Return a text out of a dictionary of variants."""
    found = facts.get(key) if isinstance(facts, dict) else None
    return str(found.get("data", "")) if isinstance(found, dict) else ""
