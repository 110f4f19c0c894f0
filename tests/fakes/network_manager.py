"""NetworkManager as a box has it, on a real D-Bus: radios that hear networks, accept a password or refuse it."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.bus import Answer, Asked, CallError, Service, Variant

NAME = "org.freedesktop.NetworkManager"
_ROOT = "/org/freedesktop/NetworkManager"
_UP, _DOWN, _NEEDS, _ASKS_ADDRESS, _FAILED = 100, 30, 60, 70, 120
_NO_SECRETS, _NOT_FOUND, _NO_DHCP = 7, 53, 17


@dataclass
class Air:
    """A network that can be heard. `password` None is open; `addresses` False hands out none.

    `ends` False: whoever tries it hears nothing more of it.
    """

    password: str | None = None
    strength: int = 70
    addresses: bool = True
    ends: bool = True


@dataclass
class _Radio:
    name: str
    wifi: bool = True
    state: int = _DOWN
    active: str = ""


@dataclass
class FakeNetworkManager:
    """The devices of a box, the files it was told to load, and what is on the air."""

    air: dict[bytes, Air] = field(default_factory=dict)
    radios: tuple[str, ...] = ("wlan0",)
    cable: bool = False
    loaded: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    activated: list[str] = field(default_factory=list)
    refuses: dict[str, int] = field(default_factory=dict)  # method: how many calls fail before one is answered
    _paths: dict[str, Path] = field(default_factory=dict)
    _devices: dict[str, _Radio] = field(default_factory=dict)
    _service: Service | None = None

    @contextmanager
    def on(self, address: str) -> Iterator[FakeNetworkManager]:
        self._devices = {f"{_ROOT}/Devices/{number}": _Radio(name) for number, name in enumerate(self.radios, 2)}
        self._devices[f"{_ROOT}/Devices/1"] = _Radio("eth0", wifi=False, state=_UP if self.cable else 20)
        with Service(address, NAME, self._answer) as service:
            self._service = service
            yield self

    @property
    def own(self) -> dict[str, dict[str, str]] | None:
        """The network of the box itself while it is open."""
        active = {one.active for one in self._devices.values()}
        return next((one for uuid, one in self.loaded.items() if one["wifi"]["mode"] == "ap" and uuid in active), None)

    def joined(self) -> list[bytes]:
        """Return the names of the networks that this box is in."""
        active = {one.active for one in self._devices.values() if one.state == _UP}
        return [_ssid(one) for uuid, one in self.loaded.items() if one["wifi"]["mode"] != "ap" and uuid in active]

    def plug(self, plugged: bool) -> None:
        """Put a cable in, or pull it out."""
        self._devices[f"{_ROOT}/Devices/1"].state = _UP if plugged else 20

    def fail(self, device: str, reason: int) -> None:
        """A radio gives up what it does."""
        path = next(path for path, one in self._devices.items() if one.name == device)
        self._signal(path, _FAILED, reason)

    def lose(self, device: str) -> None:
        """What runs on a radio is gone, without a word."""
        radio = next(one for one in self._devices.values() if one.name == device)
        radio.active, radio.state = "", _DOWN

    def _signal(self, path: str, state: int, reason: int) -> None:
        assert self._service is not None
        self._service.signal(path, f"{NAME}.Device", "StateChanged", "uuu", state, 40, reason)

    def _answer(self, asked: Asked) -> Answer:
        left = self.refuses.get(asked.member, 0)
        if left:
            self.refuses[asked.member] = left - 1
            raise CallError(f"{asked.member} is refused")
        if asked.member == "GetManagedObjects":
            return Answer("a{oa{sa{sv}}}", (self._objects(),))
        return self._method(asked)

    def _objects(self) -> dict[str, dict[str, dict[str, Variant]]]:
        """Everything with the interfaces and types of the real one, as far as they are read."""
        found: dict[str, dict[str, dict[str, Variant]]] = {_ROOT: {NAME: {"Version": Variant("s", "1.52.0")}}}
        for uuid in self.loaded:
            found[_connection(uuid)] = {f"{NAME}.Settings.Connection": {"Unsaved": Variant("b", False)}}
        for ssid, one in self.air.items():
            facts = {
                "Ssid": Variant("ay", ssid),
                "Strength": Variant("y", one.strength),
                "Flags": Variant("u", int(one.password is not None)),
                "WpaFlags": Variant("u", 0),
                "RsnFlags": Variant("u", 0x188 if one.password is not None else 0),
            }
            found[_heard(ssid)] = {f"{NAME}.AccessPoint": facts}
        for path, radio in list(self._devices.items()):
            active = f"{_ROOT}/ActiveConnection/{radio.name}" if radio.active else "/"
            if radio.active:
                found[active] = {f"{NAME}.Connection.Active": {"Uuid": Variant("s", radio.active)}}
            found[path] = {f"{NAME}.Device": self._device(radio, active)}
            if radio.wifi:
                heard = Variant("ao", [_heard(ssid) for ssid in self.air])
                facts = {"WirelessCapabilities": Variant("u", 0x47), "AccessPoints": heard}
                found[path][f"{NAME}.Device.Wireless"] = facts
        return found

    def _device(self, radio: _Radio, active: str) -> dict[str, Variant]:
        return {
            "DeviceType": Variant("u", 2 if radio.wifi else 1),
            "Interface": Variant("s", radio.name),
            "State": Variant("u", radio.state),
            "ActiveConnection": Variant("o", active),
        }

    def _method(self, asked: Asked) -> Answer:
        match asked.member, asked.arguments:
            case "RequestScan", _:
                if self._devices[asked.path].active in self.loaded and self.own is not None:
                    raise CallError("Scanning not allowed while in AP mode")
                return Answer()
            case "LoadConnections", (paths,):
                return Answer("bas", (True, [one for one in paths if not self._load(Path(one))]))
            case "GetSettings", _:
                return Answer("a{sa{sv}}", (self._settings(_uuid(asked.path)),))
            case "GetConnectionByUuid", (uuid,):
                if uuid not in self.loaded:
                    raise CallError("No connection with the UUID was found.")
                return Answer("o", (_connection(uuid),))
            case "ActivateConnection", (connection, device, _):
                self._activate(_uuid(connection), device)
                return Answer("o", (f"{_ROOT}/ActiveConnection/1",))
            case "Delete", _:
                self._delete(_uuid(asked.path))
                return Answer()
        raise CallError(f"not in this double: {asked.member}")

    def _load(self, path: Path) -> bool:
        parser = configparser.ConfigParser(interpolation=None)
        if path.stat().st_mode & 0o077 or not parser.read(path):
            return False  # as the real one: a file that others can read is not taken
        found = {section: dict(parser[section]) for section in parser.sections()}
        uuid = found["connection"]["uuid"]
        self.loaded[uuid], self._paths[uuid] = found, path
        return True

    def _settings(self, uuid: str) -> dict[str, Any]:
        facts = self.loaded[uuid]
        return {
            "connection": {"uuid": Variant("s", uuid), "id": Variant("s", facts["connection"]["id"])},
            "802-11-wireless": {"mode": Variant("s", facts["wifi"]["mode"]), "ssid": Variant("ay", _ssid(facts))},
        }

    def _activate(self, uuid: str, path: str) -> None:
        radio, facts = self._devices[path], self.loaded[uuid]
        self.activated.append(_ssid(facts).decode("utf-8", "replace"))
        radio.active, radio.state = uuid, _UP
        if facts["wifi"]["mode"] == "ap":
            return
        heard = self.air.get(_ssid(facts))
        if heard is not None and not heard.ends:
            radio.state = _ASKS_ADDRESS
            return
        given = facts.get("wifi-security", {}).get("psk")
        if heard is None:
            reason = _NOT_FOUND
        elif heard.password != given:
            self._signal(path, _NEEDS, 8)
            reason = _NO_SECRETS
        else:
            reason = 0 if heard.addresses else _NO_DHCP
        if reason:
            radio.active, radio.state = "", _DOWN
            self._signal(path, _FAILED, reason)

    def _delete(self, uuid: str) -> None:
        self.loaded.pop(uuid)
        self._paths.pop(uuid).unlink(missing_ok=True)
        for radio in self._devices.values():
            if radio.active == uuid:
                radio.active, radio.state = "", _DOWN


def _ssid(facts: dict[str, dict[str, str]]) -> bytes:
    return bytes(int(one) for one in facts["wifi"]["ssid"].split(";") if one)


def _heard(ssid: bytes) -> str:
    return f"{_ROOT}/AccessPoint/{ssid.hex()}"


def _connection(uuid: str) -> str:
    return f"{_ROOT}/Settings/{uuid.replace('-', '_')}"


def _uuid(path: str) -> str:
    return path.rsplit("/", 1)[1].replace("_", "-")
