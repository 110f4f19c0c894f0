"""`homarus recovery`: the code on paper that lets the owner in again."""

from __future__ import annotations

import click

from appliance.cli.session import CliSession


@click.group()
def command() -> None:
    """Make the recovery code that lets the owner in again."""


@command.command()
@click.pass_obj
def new(cli: CliSession) -> None:
    """Make a new recovery code and print it once; the one before stops working."""
    answer = cli.call("homarus.recovery.new", {})
    text = (
        f"{answer['recoveryCode']}\n\n"
        "Write it down or print it, and keep it away from this box: it is shown only now.\n"
        "Whoever types it where the web app asks for a code becomes the owner, once. It does not expire;\n"
        "the one before stopped working. Make another one after it was used."
    )
    cli.show(answer, text)
