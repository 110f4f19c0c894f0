"""`homarus nodes`: the devices that do things for this box, and what each may be asked for."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.nodes.choose import choose_node, choose_request
from appliance.cli.nodes.rows import described, listed, rights, told, waiting
from appliance.cli.pairing.rows import name_of
from appliance.cli.session import CliSession
from appliance.foundation.clock import SystemClock
from appliance.foundation.ids import new_id

_SPARE_S = 5.0
"""The gateway answers when the time of the node is over; that answer is worth waiting for."""


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List and approve nodes, and ask them to do something. NODE and REQUEST: a few letters are enough."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.pass_obj
def list_(cli: CliSession) -> None:
    """List nodes that wait for a decision and nodes that are known."""
    answer = _nodes(cli)
    cli.show(answer, listed(answer, SystemClock().now_ms()))


@command.command()
@click.argument("node")
@click.pass_obj
def describe(cli: CliSession, node: str) -> None:
    """Show what is known of NODE."""
    row = choose_node(_nodes(cli), node)
    answer = cli.call("node.describe", {"nodeId": row["nodeId"]})
    cli.show(answer, described(answer))


@command.command()
@click.argument("request", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def approve(cli: CliSession, request: str | None, yes: bool) -> int:
    """Let the node of REQUEST do what it offers; without REQUEST the only one that waits, after showing it."""
    row = choose_request(_pairs(cli), request)
    if not cli.as_json:
        click.echo(waiting(row))
    if request is None and not _agreed("May it be asked for this?", yes=yes or cli.as_json):
        return Exit.FAILED
    answer = cli.call("node.pair.approve", {"requestId": row["requestId"]})
    cli.show(answer, f"{name_of(answer['node'])} may be asked for: {rights(answer['node'])}.")
    return Exit.OK


@command.command()
@click.argument("request", required=False)
@click.pass_obj
def reject(cli: CliSession, request: str | None) -> None:
    """Refuse what REQUEST asks for; without REQUEST the only one that waits. The node keeps what it had."""
    row = choose_request(_pairs(cli), request)
    answer = cli.call("node.pair.reject", {"requestId": row["requestId"]})
    cli.show(answer, f"{name_of(row)} is refused. It asks again when it connects again.")


@command.command()
@click.argument("node")
@click.argument("name")
@click.pass_obj
def rename(cli: CliSession, node: str, name: str) -> None:
    """Call NODE by NAME."""
    row = choose_node(_nodes(cli), node)
    answer = cli.call("node.rename", {"nodeId": row["nodeId"], "displayName": name})
    cli.show(answer, f"{name_of(row)} is called {answer['displayName']} now.")


@command.command()
@click.argument("node")
@click.argument("what", metavar="COMMAND")
@click.argument("params", required=False)
@click.option("--timeout", "timeout_s", default=30.0, show_default=True, type=click.FloatRange(0.001, 3600))
@click.option("--key", metavar="KEY", help="The same key again gets the first answer instead of doing it twice.")
@click.pass_obj
def invoke(cli: CliSession, node: str, what: str, params: str | None, timeout_s: float, key: str | None) -> None:
    """Ask NODE for COMMAND with PARAMS, a JSON value: homarus nodes invoke attic system.which '{"bins": ["ls"]}'."""
    row = choose_node(_nodes(cli), node)
    wish: dict[str, Any] = {
        "nodeId": row["nodeId"],
        "command": what,
        "timeoutMs": round(timeout_s * 1000),
        "idempotencyKey": key or new_id(),
    }
    if params is not None:
        try:
            wish["params"] = json.loads(params)
        except ValueError as error:
            raise click.UsageError(f"PARAMS is no JSON: {error}.") from error
    try:
        answer = cli.call("node.invoke", wish, timeout_s=timeout_s + _SPARE_S)
    except KeyboardInterrupt:
        # Who pressed Ctrl-C wants it ended there as well.
        cli.call("homarus.nodes.cancel", {"nodeId": row["nodeId"], "idempotencyKey": wish["idempotencyKey"]})
        raise
    payload = answer["payload"] if answer["payload"] is not None else answer.get("payloadJSON")
    cli.show(answer, told(payload))


@command.command()
@click.argument("node")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(cli: CliSession, node: str, yes: bool) -> int:
    """Take back everything that NODE may do: it leaves at once and has to be approved anew."""
    row = choose_node(_nodes(cli), node)
    if not _agreed(f"Remove {name_of(row)}?", yes=yes or cli.as_json):
        return Exit.FAILED
    answer = cli.call("node.pair.remove", {"nodeId": row["nodeId"]})
    cli.show(answer, f"{name_of(row)} is removed.")
    return Exit.OK


def _nodes(cli: CliSession) -> dict[str, Any]:
    answer: dict[str, Any] = cli.call("node.list", {})
    return answer


def _pairs(cli: CliSession) -> dict[str, Any]:
    answer: dict[str, Any] = cli.call("node.pair.list", {})
    return answer


def _agreed(question: str, *, yes: bool) -> bool:
    """Ask, unless it was agreed to before. Raises UsageError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes.")
    return click.confirm(question)
