"""A running box as its tests see it: what it is, what failed, its command, and the moments when it starts again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.image.guest import CommandError
from tests.image.machine import BOOT_S, Machine
from tests.image.waiting import until

_READY = "systemctl show homarus-gateway -p ActiveEnterTimestampMonotonic --value"
_FACTS = {
    "machine id": "cat /etc/machine-id",
    "host name": "hostname",
    "ssh host key": "cut -d' ' -f2 /data/ssh/ssh_host_ed25519_key.pub",
    "certificate": "sha256sum </var/lib/homarus/tls/authority.pem",
}


class Box:
    """The box on a machine; commands run as root through the port of the test, never through the box's own doors."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.guest = machine.guest

    @property
    def facts(self) -> dict[str, Any]:
        """What the software says it is (box.json)."""
        found: dict[str, Any] = json.loads(self.guest.good("cat", "/usr/lib/homarus/box.json"))
        return found

    @property
    def slot(self) -> str:
        """The slot that runs: A or B."""
        found = re.search(r"rauc\.slot=(\w)", self.guest.good("cat", "/proc/cmdline"))
        return found[1] if found else ""

    @property
    def boot_id(self) -> str:
        return self.guest.good("cat", "/proc/sys/kernel/random/boot_id").strip()

    def failed_units(self) -> list[str]:
        """Return the units that failed, with the last lines of their journals."""
        names = self.guest.good("systemctl", "list-units", "--failed", "--plain", "--no-legend").splitlines()
        return [f"{name}\n{self.journal(name.split()[0], 15)}" for name in names]

    def settled(self, timeout_s: float = BOOT_S) -> None:
        """Wait until systemd has nothing more to start."""
        until(
            lambda: self.guest.run("systemctl", "is-system-running").out.strip() in {"running", "degraded"},
            timeout_s=timeout_s,
            what="the end of the boot",
            pause_s=2,
        )

    def journal(self, unit: str, lines: int = 60) -> str:
        return self.guest.run("journalctl", "-b", "-u", unit, "-n", str(lines), "--no-pager").out

    def homarus(self, *words: str, timeout_s: float = 180) -> Any:
        """Run the command of the product as root and return its JSON document."""
        out = self.guest.good("homarus", "--json", *words, timeout_s=timeout_s)
        try:
            return json.loads(out)
        except ValueError as error:
            raise CommandError(f"homarus {' '.join(words)} printed no document: {out}") from error

    def conditions(self) -> list[dict[str, Any]]:
        """Return what the doctor finds, whatever its verdict."""
        done = self.guest.run("homarus", "--json", "doctor", timeout_s=180)
        try:
            found: list[dict[str, Any]] = json.loads(done.out)["conditions"]
        except (ValueError, KeyError) as error:
            raise CommandError(f"the doctor printed no document: {done.out}{done.err}") from error
        return found

    def codes(self) -> set[str]:
        """Return the codes of what the doctor finds."""
        return {str(each["code"]) for each in self.conditions()}

    def gateway_process(self) -> tuple[str, str]:
        """Return what changes when the gateway ends: the boot, and the process."""
        return self.boot_id, self.guest.good("systemctl", "show", "homarus-gateway", "-p", "MainPID", "--value").strip()

    def ids(self) -> dict[str, str]:
        """Return what must differ between any two boxes."""
        return {name: self.guest.shell(command).strip() for name, command in _FACTS.items()}

    def seconds_to_ready(self) -> float:
        """Return the seconds from the start of the kernel until the gateway said that it is ready."""
        return int(self.guest.shell(_READY)) / 1e6

    def memory_used_mb(self) -> int:
        """Return the memory in use: what is not available for new work."""
        text = self.guest.good("cat", "/proc/meminfo")
        total, available = (int(re.search(rf"{name}:\s+(\d+)", text)[1]) for name in ("MemTotal", "MemAvailable"))  # type: ignore[index]  # always there
        return (total - available) // 1024

    def sectors_written(self) -> int:
        """Return how many sectors of 512 bytes its disk took since it booted (Documentation/block/stat)."""
        return int(self.guest.shell("cat /sys/block/vda/stat").split()[6])

    def rebooted(self, before: str, timeout_s: float = BOOT_S) -> None:
        """Wait until it is up again after the boot `before`, with a gateway that answers."""

        def again() -> bool:
            try:
                return self.guest.there() and self.boot_id != before
            except (CommandError, OSError, TimeoutError):
                self.guest.close()
                self.machine.reset_if_stalled()
                return False

        until(again, timeout_s=timeout_s, what="another boot", pause_s=2)
        self.machine.ready(timeout_s)

    def reboot(self, timeout_s: float = BOOT_S) -> None:
        """Restart it as its owner would and wait until it answers."""
        before = self.boot_id
        self.guest.run("systemctl", "--no-block", "reboot")
        self.rebooted(before, timeout_s)

    def put(self, path: str, text: str) -> None:
        """Write a file in the box."""
        self.guest.good("sh", "-c", f"mkdir -p {Path(path).parent} && cat >{path}", text=text)


def common(ids: dict[str, str], others: list[dict[str, str]]) -> set[str]:
    """Return the names of ids that a box shares with any of the others: there should be none."""
    return {name for other in others for name, value in other.items() if ids.get(name) == value}
