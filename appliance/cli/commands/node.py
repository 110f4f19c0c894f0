"""`homarus node`: hands over to the node's own program, which carries none of the command line's modules."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

import appliance
from appliance.cli.session import CliSession


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(cli: CliSession, words: tuple[str, ...]) -> None:
    """Make this machine a node of a gateway elsewhere."""
    found = [str(Path(appliance.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in found if one)}
    if cli.pin:
        environ["HOMARUS_GATEWAY_TLS_FINGERPRINT"] = cli.pin
    flags = ["--json"] if cli.as_json else []
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", "appliance.nodehost", *flags, *words], environ)
