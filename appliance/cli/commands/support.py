"""`homarus support`: what somebody who helps needs to know of this box, and nothing else."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.render import size, table
from appliance.cli.session import CliSession
from appliance.foundation.errors import ApplianceError

_NO_LOG = (
    "Logs were left out: what was said on this box could not be read, so nothing of it could be masked there "
    "({reason})."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def command(cli: CliSession, file: Path) -> int:
    """Write versions, conditions, services, logs and settings into FILE, a plain tar.gz.

    No conversation, no key, no token, no name of a person or a device is in it. It is sent nowhere: look through it,
    then give it to whoever helps.
    """
    from appliance.cli.commands.doctor import report_of
    from appliance.cli.support import bundle, pieces
    from appliance.cli.system import as_owner, at_files
    from appliance.foundation.clock import SystemClock
    from appliance.health.look import here

    now_ms = SystemClock().now_ms()
    report = report_of(cli.at_home())
    cli = at_files(cli)
    known, notes = _private(cli, now_ms)
    with as_owner(cli.paths.root):
        mask = _mask(cli, known)
    collected = pieces.pieces(here(now_ms, cli.paths.root), cli.paths, report, log=known is not None)
    sizes = bundle.write(file, {name: mask(text) for name, text in collected.items()}, mask(notes), now_ms)
    rows = [(name, size(count)) for name, count in sizes]
    text = f"{table(('FILE', 'SIZE'), rows)}\n\n{file} holds these. Look through it before you give it away."
    cli.show({"file": str(file), "files": dict(sizes), "notes": notes}, f"{text}\n{notes}".rstrip())
    return Exit.OK


def _mask(cli: CliSession, known: Any) -> Any:
    """Return the mask: secrets and names of the settings, names and texts of the database, the name of the box."""
    import socket

    from appliance.cli.support.masking import Mask
    from appliance.cli.support.private import file_names, of_settings
    from appliance.config.load import load

    loaded = load(cli.paths.config, cli.environ)
    settings = of_settings(loaded.parsed)
    host = socket.gethostname().split(".")[0]
    names = settings.names | file_names(cli.paths.root / "workspace") | (known.names if known else set())
    # What every box is called tells nothing, and is in half of all lines.
    names |= set() if host.startswith(("homarus", "localhost", "debian")) else {host}
    return Mask(_secrets(cli, loaded.config), names, [*settings.texts, *(known.texts if known else ())])


def _private(cli: CliSession, now_ms: int) -> tuple[Any, str]:
    """Return what must be masked; None and the reason where it cannot be known."""
    from appliance.cli.backups.making import copy_of
    from appliance.cli.support.private import Private, read
    from appliance.cli.system import as_owner

    if not cli.paths.database.is_file():
        return Private(), ""
    try:
        with copy_of(cli, now_ms) as taken, as_owner(cli.paths.root):
            return read(taken.path), ""
    except (ApplianceError, OSError, TimeoutError, sqlite3.Error) as error:
        return None, _NO_LOG.format(reason=error)


def _secrets(cli: CliSession, config: Any) -> Any:
    """Return a redactor that knows every secret of this box that is a text."""
    from appliance.cli.support.private import key_words
    from appliance.config.redact import secrets_of
    from appliance.telemetry.redact import Redactor

    redact = Redactor()
    for secret in secrets_of(config):
        redact.learn(secret)
    for name, value in cli.environ.items():
        if name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_PASSPHRASE")):
            redact.learn(value)
    for secret in key_words(cli.paths.root):
        redact.learn(secret)
    return redact
