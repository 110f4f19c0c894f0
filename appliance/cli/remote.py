"""`gateway.mode: remote`: the commands of this machine talk to a gateway elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from appliance.client.target import RemoteTarget

if TYPE_CHECKING:
    from appliance.foundation.paths import StatePaths

_MAX_BYTES = 16 << 20  # of a configuration (config.load takes no more)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")


def configured(paths: StatePaths, environ: Mapping[str, str]) -> RemoteTarget | None:
    """Return the gateway of `gateway.remote`; None with `gateway.mode: local`. Raises UsageError for half of one."""
    if not _may_be_remote(paths, environ):
        return None
    from appliance.config.errors import ConfigRefusedError, Refused
    from appliance.config.load import load  # tens of milliseconds: only where the file speaks of another gateway

    loaded = load(paths.config, environ)
    section, raw = loaded.config.gateway, loaded.parsed.get("gateway")
    if isinstance(section, Refused):
        if not isinstance(raw, dict) or raw.get("mode") != "remote":
            return None  # the gateway of this machine says what is wrong with its own file
        raise ConfigRefusedError(str(paths.config), [one for one in loaded.issues if one.path.startswith("gateway")])
    remote = section.remote
    if section.mode != "remote" or remote.url is None:
        return None
    if remote.transport == "ssh":
        raise click.UsageError(
            "gateway.remote.transport: ssh is not opened by itself. Open it (`ssh -N -L 18789:127.0.0.1:18789 HOST`), "
            "then use --url ws://127.0.0.1:18789."
        )
    if remote.tls_fingerprint:
        pin(remote.tls_fingerprint, "gateway.remote.tlsFingerprint")
    return RemoteTarget(
        remote.url,
        paths.client,
        remote.token.reveal() if remote.token else None,
        remote.password.reveal() if remote.password else None,
        remote.tls_fingerprint,
        fallback=True,
    )


def pin(text: str, where: str) -> str:
    """Return a fingerprint without its decoration. Raises UsageError for what is no SHA-256."""
    bare = re.sub(r"[:\s]", "", text)
    if not _SHA256.match(bare):
        raise click.UsageError(f"{where} must be the SHA-256 of a certificate, 64 hexadecimal digits.")
    return bare.lower()


def _may_be_remote(paths: StatePaths, environ: Mapping[str, str]) -> bool:
    """Look without reading the configuration: nearly every command is for this machine, and must be quick."""
    if environ.get("HOMARUS_GATEWAY_MODE"):
        return True
    try:
        # Root may ask too, and a named pipe in place of the file would stop it for ever.
        with open(paths.config, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            return b"remote" in file.read(_MAX_BYTES)
    except OSError:
        return False
