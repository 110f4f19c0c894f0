"""`homarus devices`: who is trusted, who waits, and the end of trust."""

from __future__ import annotations

import sys
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.pairing.choose import ChoiceError, choose_device, choose_request
from appliance.cli.pairing.rows import access, described, listed, name_of
from appliance.cli.session import CliSession
from appliance.foundation.clock import SystemClock

_ROLES = click.Choice(["operator", "node"])


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List, approve, rename and remove phones, browsers and nodes. REQUEST and DEVICE: a few letters are enough."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.pass_obj
def list_(cli: CliSession) -> None:
    """List devices that wait for a decision and devices that are paired."""
    answer = _devices(cli)
    cli.show(answer, listed(answer, SystemClock().now_ms()))


@command.command()
@click.argument("request", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def approve(cli: CliSession, request: str | None, yes: bool) -> int:
    """Let the device of REQUEST in; without REQUEST the only one that waits, after showing it."""
    row = choose_request(_devices(cli), request)
    if not cli.as_json:
        click.echo(described(row))
    if request is None and not _agreed("Let it in?", yes=yes or cli.as_json):
        return Exit.FAILED
    answer = cli.call("device.pair.approve", {"requestId": row["requestId"]})
    device = answer["device"]
    cli.show(answer, f"{name_of(device)} is paired ({access(device)}). It connects by itself within a moment.")
    return Exit.OK


@command.command()
@click.argument("request", required=False)
@click.pass_obj
def reject(cli: CliSession, request: str | None) -> None:
    """Turn the device of REQUEST away; without REQUEST the only one that waits."""
    row = choose_request(_devices(cli), request)
    answer = cli.call("device.pair.reject", {"requestId": row["requestId"]})
    cli.show(answer, f"{name_of(row)} is turned away.")


@command.command()
@click.argument("device")
@click.argument("name")
@click.pass_obj
def rename(cli: CliSession, device: str, name: str) -> None:
    """Call DEVICE by NAME."""
    row = choose_device(_devices(cli), device)
    answer = cli.call("device.pair.rename", {"deviceId": row["deviceId"], "label": name})
    cli.show(answer, f"{name_of(row)} is called {answer['label']} now.")


@command.command()
@click.argument("device")
@click.option("--role", type=_ROLES, help="Only its token for this role.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Keep only these rights (repeat it).")
@click.pass_obj
def rotate(cli: CliSession, device: str, role: str | None, scopes: tuple[str, ...]) -> None:
    """Give DEVICE new tokens. An old one works until the device has used the new one."""
    row = choose_device(_devices(cli), device)
    kept = [scope if scope.startswith("operator.") else f"operator.{scope}" for scope in scopes]
    answers = []
    for one in _roles(row, "operator" if kept else role):
        params: dict[str, Any] = {"deviceId": row["deviceId"], "role": one}
        answers.append(cli.call("device.token.rotate", {**params, "scopes": kept} if kept else params))
    text = f"{name_of(row)} gets its new token at its next connect; the old one ends when it uses the new one."
    cli.show({"tokens": answers}, text)


@command.command()
@click.argument("device")
@click.option("--role", type=_ROLES, help="Only its token for this role.")
@click.pass_obj
def revoke(cli: CliSession, device: str, role: str | None) -> None:
    """End the tokens of DEVICE and its connections at once. It stays in the list; `remove` forgets it."""
    row = choose_device(_devices(cli), device)
    roles = _roles(row, role)
    answers = [cli.call("device.token.revoke", {"deviceId": row["deviceId"], "role": one}) for one in roles]
    text = f"{name_of(row)} is out ({', '.join(roles)}). A new code of `homarus pair` lets it in again."
    cli.show({"tokens": answers}, text)


@command.command()
@click.argument("device")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(cli: CliSession, device: str, yes: bool) -> int:
    """Forget DEVICE: its connections end at once, and it has to pair anew."""
    row = choose_device(_devices(cli), device)
    if not _agreed(f"Forget {name_of(row)}?", yes=yes or cli.as_json):
        return Exit.FAILED
    answer = cli.call("device.pair.remove", {"deviceId": row["deviceId"]})
    cli.show(answer, f"{name_of(row)} is forgotten.")
    return Exit.OK


def _devices(cli: CliSession) -> dict[str, Any]:
    answer: dict[str, Any] = cli.call("device.pair.list", {})
    return answer


def _roles(row: dict[str, Any], wanted: str | None) -> list[str]:
    """Return the roles whose tokens are meant, all that are usable by default. Raises ChoiceError."""
    live = sorted(str(one["role"]) for one in row["tokens"] if "revokedAtMs" not in one)
    chosen = [role for role in live if wanted in (None, role)]
    if not chosen:
        kind = f"token as {wanted}" if wanted else "token"
        raise ChoiceError(f"{name_of(row)} has no usable {kind}. `homarus devices remove` forgets it.")
    return chosen


def _agreed(question: str, *, yes: bool) -> bool:
    """Ask, unless it was agreed to before. Raises UsageError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes.")
    return click.confirm(question)
