"""What every command knows: which gateway is meant and how to print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from appliance.client.target import SocketTarget, Target, UrlTarget
from appliance.foundation.paths import StatePaths


@dataclass(frozen=True, slots=True)
class CliSession:
    """One invocation of the command."""

    paths: StatePaths
    url: str | None
    token: str | None
    password: str | None
    as_json: bool
    environ: Mapping[str, str]

    @property
    def target(self) -> Target:
        """The gateway: --url or HOMARUS_GATEWAY_URL, else the control socket of this state directory."""
        url = self.url or self.environ.get("HOMARUS_GATEWAY_URL")
        if not url:
            return SocketTarget(self.paths.control_socket)
        token = self.token or self.environ.get("HOMARUS_GATEWAY_TOKEN")
        return UrlTarget(url, token, self.password or self.environ.get("HOMARUS_GATEWAY_PASSWORD"))

    @property
    def local(self) -> bool:
        """Whether the gateway of this machine is meant."""
        return isinstance(self.target, SocketTarget)

    def call(self, method: str, params: Any = None, *, timeout_s: float = 30.0) -> Any:
        """Ask the gateway once and return its answer."""
        from appliance.client.once import call_once

        return call_once(self.target, method, params or {}, timeout_s=timeout_s)

    def show(self, value: Any, text: str) -> None:
        """Print `value` as JSON with --json, else `text`."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2) if self.as_json else text)


def session_from(
    environ: Mapping[str, str], *, url: str | None, token: str | None, password: str | None, as_json: bool
) -> CliSession:
    """Build the session of one invocation."""
    return CliSession(StatePaths.from_environment(environ), url, token, password, as_json, environ)


def on_terminal() -> bool:
    """Return whether a person reads and types here."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
