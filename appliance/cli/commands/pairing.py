"""`homarus pairing`: people who wrote through a channel and wait for the owner."""

from __future__ import annotations

from typing import Any

import click

from appliance.cli.render import table
from appliance.cli.session import CliSession


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Let people in who wrote through a channel, or turn them away. Without a command: list."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.argument("channel", required=False)
@click.pass_obj
def list_(cli: CliSession, channel: str | None) -> None:
    """List who waits, in all channels or in CHANNEL."""
    answer = cli.call("channels.pairing.list", {"channel": channel} if channel else {})
    rows = [_cells(row) for row in answer["requests"]]
    shown = table(("Channel", "Account", "Who", "Id", "Until"), rows) if rows else "Nobody waits."
    cli.show(answer, shown)


@command.command()
@click.argument("channel")
@click.argument("code")
@click.option("--account", help="The account of the channel, where there is more than one.")
@click.option("--notify", is_flag=True, help="Tell the sender.")
@click.pass_obj
def approve(cli: CliSession, channel: str, code: str, account: str | None, notify: bool) -> None:
    """Let the sender in who has CODE (`homarus pairing approve telegram ABCD2345`)."""
    params = {"channel": channel, "requestId": code, "notify": notify, **({"accountId": account} if account else {})}
    answer = cli.call("channels.pairing.approve", params)
    told = {"sent": " They were told.", "failed": " They could not be told.", "unsupported": " Tell them yourself."}
    cli.show(answer, f"{answer['senderId']} may write in {channel} now.{told.get(answer['notification'], '')}")


@command.command()
@click.argument("channel")
@click.argument("code")
@click.option("--account", help="The account of the channel, where there is more than one.")
@click.pass_obj
def dismiss(cli: CliSession, channel: str, code: str, account: str | None) -> None:
    """Turn the sender away who has CODE; for an hour nothing is heard of them."""
    params = {"channel": channel, "requestId": code, **({"accountId": account} if account else {})}
    answer = cli.call("channels.pairing.dismiss", params)
    cli.show(answer, f"{answer['senderId']} is turned away.")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    until = row["expiresAt"][11:16] + " UTC"
    return row["channelLabel"], row["accountId"], row["senderLabel"], row["requestId"].split("-", 1)[0], until
