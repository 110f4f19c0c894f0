"""What every command knows: which gateway is meant and how to print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from appliance.cli.remote import configured
from appliance.client.target import RemoteTarget, SocketTarget, Target, UrlTarget, on_this_machine
from appliance.foundation.paths import ADMIN_SOCKET, StatePaths

_MAX_FACTS_BYTES = 4096
_SCHEMES = ("ws://", "wss://", "http://", "https://")


@dataclass(frozen=True, slots=True)
class CliSession:
    """One invocation of the command."""

    paths: StatePaths
    url: str | None
    token: str | None
    password: str | None
    as_json: bool
    environ: Mapping[str, str]
    pin: str | None = None
    here: bool = False

    @property
    def named(self) -> str | None:
        """The address that --url or HOMARUS_GATEWAY_URL names."""
        return self.url or self.environ.get("HOMARUS_GATEWAY_URL") or None

    @property
    def target(self) -> Target:
        """The gateway: --url, HOMARUS_GATEWAY_URL, gateway.remote with gateway.mode: remote, else this machine."""
        url = self.named
        if url is None:
            elsewhere = None if self.here else configured(self.paths, self.environ)
            return elsewhere or SocketTarget(self._control_socket())
        if not url.startswith(_SCHEMES):
            raise click.UsageError(f"{url} is no address of a gateway; write for example ws://192.168.1.20:18789.")
        token = self.token or self.environ.get("HOMARUS_GATEWAY_TOKEN")
        password = self.password or self.environ.get("HOMARUS_GATEWAY_PASSWORD")
        pin = self.pin or self.environ.get("HOMARUS_GATEWAY_TLS_FINGERPRINT")
        if on_this_machine(url) and not url.startswith(("wss:", "https:")):
            return UrlTarget(url, token, password)  # the secret is enough there, as for every OpenClaw command line
        return RemoteTarget(url, self.paths.client, token, password, pin)

    def _control_socket(self) -> Path:
        """The own one; a member of the admin group who has no state of their own means the gateway of the system."""
        own = self.paths.control_socket
        if "HOMARUS_STATE_DIR" not in self.environ and not own.exists() and ADMIN_SOCKET.exists():
            return ADMIN_SOCKET
        return own

    @property
    def local(self) -> bool:
        """Whether the gateway of this machine is meant."""
        return isinstance(self.target, SocketTarget)

    def at_home(self) -> CliSession:
        """Return the same invocation for the gateway of this state directory, whatever else was named."""
        environ = {name: value for name, value in self.environ.items() if name != "HOMARUS_GATEWAY_URL"}
        return replace(self, url=None, environ=environ, here=True)

    def running_facts(self) -> dict[str, Any]:
        """Return pid, port and version that the gateway of this state directory wrote at its start, {} without one."""
        return _object(self.paths.runtime / "gateway.json")

    def running_pid(self) -> int | None:
        """Return the process that wrote these facts."""
        pid = self.running_facts().get("pid")
        return pid if isinstance(pid, int) else None

    def holder_pid(self) -> int | None:
        """Return the process that took the lock of this state directory last."""
        pid = _object(self.paths.lock).get("pid")
        return pid if isinstance(pid, int) else None

    def call(self, method: str, params: Any = None, *, timeout_s: float = 30.0) -> Any:
        """Ask the gateway once and return its answer."""
        from appliance.client.once import call_once

        return call_once(self.target, method, params or {}, timeout_s=timeout_s)

    def show(self, value: Any, text: str) -> None:
        """Print `value` as JSON with --json, else `text`."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2) if self.as_json else text)


def _object(path: Path) -> dict[str, Any]:
    from appliance.config.reading.secrets import read_regular

    try:
        found = json.loads(read_regular(path, _MAX_FACTS_BYTES))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def session_from(
    environ: Mapping[str, str],
    *,
    url: str | None,
    token: str | None,
    password: str | None,
    as_json: bool,
    pin: str | None = None,
) -> CliSession:
    """Build the session of one invocation."""
    return CliSession(StatePaths.from_environment(environ), url, token, password, as_json, environ, pin)


def on_terminal() -> bool:
    """Return whether a person reads and types here."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
