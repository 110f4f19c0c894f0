"""The node as a service of systemd: written, started and looked at, for this user or, as root, for the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError
from appliance.host.unit_file import argument, setting

NAME: Final = "homarus-node.service"
_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_TEXT: Final = _CHECKOUT / "systemd" / NAME
_TIMEOUT_S: Final = 60.0


class ServiceError(ApplianceError):
    """The service cannot be installed or removed."""

    code = "node_service"


@dataclass(frozen=True, slots=True)
class Service:
    """The service of one person, or of the machine. `root` is / but for tests; `runs` is where systemd says it runs."""

    state: Path
    environ: Mapping[str, str]
    system: bool
    root: Path = Path("/")

    @property
    def file(self) -> Path:
        """Where the unit belongs."""
        if self.system:
            return self.root / "etc/systemd/system" / NAME
        home = Path(self.environ.get("HOME") or Path.home())
        return Path(self.environ.get("XDG_CONFIG_HOME") or home / ".config") / "systemd/user" / NAME

    def text(self) -> str:
        """Return the unit with the paths of this installation. Raises ServiceError."""
        try:
            lines = _TEXT.read_text().splitlines()
        except OSError as error:
            raise ServiceError(f"{_TEXT} is missing: install Homarus again.") from error
        start = [
            f"ExecStart={argument(sys.executable)} -P -m appliance.nodehost run",
            f"Environment={setting(f'PYTHONPATH={_CHECKOUT}')}",
            f"Environment={setting(f'HOMARUS_STATE_DIR={self.state}')}",
        ]
        target = "multi-user.target" if self.system else "default.target"
        changed = {"ExecStart=": start, "WantedBy=": [f"WantedBy={target}"]}
        if not self.system:  # the manager of a user knows no network target
            changed |= {"Wants=": [], "After=": []}
        made: list[str] = []
        for line in lines:
            key = line.partition("=")[0] + "="
            made += changed.get(key, [line])
        return "\n".join(made) + "\n"

    def install(self) -> list[str]:
        """Write the unit, start it now and at every start of the machine; return what was done. Raises ServiceError."""
        self._needs_systemd()
        self.file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_atomic(self.file, self.text().encode(), mode=0o644)
        self._control("daemon-reload")
        self._control("enable", NAME)
        self._control("restart", NAME)  # also where an older one runs
        done = [f"{self.file} is written, the node runs and starts with {'the machine' if self.system else 'you'}."]
        if self.system:
            done.append("It runs as root: so does every program that you allow with `homarus node allow`.")
        else:
            done.append(self._linger())
        return done

    def uninstall(self) -> bool:
        """Stop it and remove the unit; False when there was none. Raises ServiceError."""
        if not self.file.exists():
            return False
        if self._runs():
            self._control("disable", "--now", NAME)
        self.file.unlink()
        if self._runs():
            self._control("daemon-reload")
        return True

    def state_now(self) -> str:
        """Return in one word how it is: `active`, `failed`, …, `not installed` or `no systemd`."""
        if not self._runs():
            return "no systemd"
        if not self.file.exists():
            return "not installed"
        return self._systemctl("is-active", NAME).stdout.strip() or "unknown"

    def _runs(self) -> bool:
        """As sd_booted(3) tells; a container often has the programs of systemd without systemd."""
        return (self.root / "run/systemd/system").is_dir() and self._tool("systemctl") is not None

    def _needs_systemd(self) -> None:
        if not self._runs():
            raise ServiceError(
                "systemd does not run on this machine, so nothing was installed. Let what starts your programs run "
                f"`{sys.executable} -P -m appliance.nodehost run` with PYTHONPATH={_CHECKOUT} and "
                f"HOMARUS_STATE_DIR={self.state}; status 77 means that it has to be paired anew."
            )

    def _linger(self) -> str:
        """Let the services of this user run while nobody is logged in."""
        loginctl = self._tool("loginctl")
        done = loginctl and self._run([loginctl, "enable-linger"]).returncode == 0
        if done:
            return "It also runs while nobody is logged in."
        return "It runs only while you are logged in; `sudo loginctl enable-linger $USER` changes that."

    def _control(self, *words: str) -> None:
        done = self._systemctl(*words)
        if done.returncode:
            text = " ".join((done.stderr or done.stdout).split())
            journal = f"journalctl {'' if self.system else '--user '}-u {NAME}"
            raise ServiceError(f"systemctl {' '.join(words)} failed: {text or done.returncode}. See `{journal}`.")

    def _systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run([self._tool("systemctl") or "systemctl", *(() if self.system else ("--user",)), *words])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command, env=dict(self.environ), capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ServiceError(f"{command[0]} cannot be used: {error}") from error

    def _tool(self, name: str) -> str | None:
        return shutil.which(name, path=self.environ.get("PATH", os.defpath))
