"""RAUC, which writes the slots, asked over D-Bus (rauc.readthedocs.io, "D-Bus API", version 1.13).

Through busctl, which is on every machine with systemd: root asks now and then, and a library of its own would be one
more thing to keep. Calls block; they are made by services that do nothing else meanwhile.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from appliance.foundation.errors import ApplianceError

NAME: Final = "de.pengutronix.rauc"
_INTERFACE: Final = "de.pengutronix.rauc.Installer"
_TIMEOUT_S: Final = 25
_INSPECT_S: Final = 180  # it opens the bundle at the other end of a slow line
_ABSENT: Final = (
    "not provided by any .service",
    "ServiceUnknown",
    "NameHasNoOwner",
    "no such unit",
    "failed to connect",
)


class RaucError(ApplianceError):
    """RAUC refused or failed; the message is its own."""

    code = "rauc_failed"


class RaucAbsent(RaucError):
    """There is no RAUC on this machine, or it does not start."""

    code = "rauc_absent"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an installation is: percent of the whole and what it does."""

    percent: int
    message: str


@dataclass(frozen=True, slots=True)
class BundleInfo:
    """What the signed manifest inside a bundle says. `hash` is "" where RAUC does not tell it."""

    compatible: str
    version: str
    hash: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot. `bootname` and `boot_status` only where the boot loader starts it; `bundle_*` of what was installed."""

    name: str
    state: str
    bootname: str = ""
    boot_status: str = ""
    bundle_version: str = ""
    bundle_hash: str = ""
    device: str = ""


class Rauc:
    """The installer of this machine."""

    def __init__(self, *, busctl: str = "busctl") -> None:
        self._busctl = busctl

    @property
    def operation(self) -> str:
        """`idle`, or what it does."""
        return str(self._property("Operation"))

    @property
    def last_error(self) -> str:
        """Why the last installation failed, "" when it did not."""
        return str(self._property("LastError"))

    @property
    def progress(self) -> Progress:
        percent, message, _ = self._property("Progress")
        return Progress(int(percent), str(message))

    @property
    def compatible(self) -> str:
        return str(self._property("Compatible"))

    @property
    def boot_slot(self) -> str:
        """The boot name of the slot that runs, `A` or `B`."""
        return str(self._property("BootSlot"))

    def install(self, source: str) -> None:
        """Begin to install a bundle from a path or an address; `operation` tells when it is over."""
        self._call("InstallBundle", "sa{sv}", source, "0")

    def inspect(self, source: str) -> BundleInfo:
        """Return what a bundle says it is, its signature being good. Raises RaucError."""
        (answer,) = self._call("InspectBundle", "sa{sv}", source, "0", timeout_s=_INSPECT_S)
        flat = _flat(answer)
        return BundleInfo(
            compatible=str(_find(flat, "compatible")),
            version=str(_find(flat, "version")),
            hash=str(_find(flat, "manifest-hash")),
        )

    def slots(self) -> tuple[Slot, ...]:
        """Return every slot as RAUC knows it."""
        (rows,) = self._call("GetSlotStatus", "")
        return tuple(_slot(str(name), _flat(facts)) for name, facts in rows)

    def primary(self) -> str:
        """Return the name of the slot that starts next."""
        (name,) = self._call("GetPrimary", "")
        return str(name)

    def mark(self, state: str, slot: str) -> str:
        """Set `good`, `bad` or `active` for `booted`, `other` or a name of a slot; return the name of the slot."""
        name, _ = self._call("Mark", "ss", state, slot)
        return str(name)

    def _property(self, name: str) -> Any:
        return self._run("get-property", NAME, "/", _INTERFACE, name)

    def _call(self, method: str, signature: str, *arguments: str, timeout_s: int = _TIMEOUT_S) -> list[Any]:
        given = [signature, *arguments] if signature else []
        found = self._run("call", NAME, "/", _INTERFACE, method, *given, timeout_s=timeout_s)
        return list(found) if found is not None else []

    def _run(self, *arguments: str, timeout_s: int = _TIMEOUT_S) -> Any:
        argv = [self._busctl, "--system", "--json=short", f"--timeout={timeout_s}", *arguments]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout_s + 5)
        except FileNotFoundError as error:
            raise RaucAbsent("busctl, a part of systemd, is not installed.") from error
        except subprocess.TimeoutExpired as error:
            raise RaucError(f"RAUC did not answer within {timeout_s} seconds.") from error
        if done.returncode != 0:
            raise _failure(done.stderr)
        text = done.stdout.strip()
        try:
            return json.loads(text)["data"] if text else None
        except (ValueError, TypeError, KeyError) as error:
            raise RaucError(f"RAUC answered something else than expected: {text[:200]}") from error


def _failure(said: str) -> RaucError:
    last = said.strip().rsplit("\n", 1)[-1].removeprefix("Call failed: ").removeprefix("Failed to get property ")
    if any(mark.lower() in said.lower() for mark in _ABSENT):
        return RaucAbsent(last or "RAUC does not answer.")
    return RaucError(last or "RAUC failed without a word.")


def _flat(facts: Any) -> dict[str, Any]:
    """Take the types out of a dictionary of variants, in all depths."""
    return {key: _plain(value) for key, value in facts.items()} if isinstance(facts, Mapping) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {"type", "data"}:
            return _plain(value["data"])
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def _find(facts: Mapping[str, Any], key: str) -> Any:
    """Return the first value of a key in a dictionary or those inside it, "" when there is none."""
    if key in facts:
        return facts[key]
    for one in facts.values():
        if isinstance(one, Mapping) and (found := _find(one, key)) != "":
            return found
    return ""


def _slot(name: str, facts: Mapping[str, Any]) -> Slot:
    return Slot(
        name=name,
        state=str(facts.get("state", "")),
        bootname=str(facts.get("bootname", "")),
        boot_status=str(facts.get("boot-status", "")),
        bundle_version=str(facts.get("bundle.version", "")),
        bundle_hash=str(facts.get("bundle.hash", "")),
        device=str(facts.get("device", "")),
    )
