"""`homarus remote`: this machine talks to a gateway elsewhere."""

from __future__ import annotations

import asyncio

import click

from appliance.cli.exits import Exit
from appliance.cli.session import CliSession


@click.group()
def command() -> None:
    """Use a gateway elsewhere from this machine: pair once, then every command goes there.

    For one command alone name the gateway with --url, and what opens it with --token.
    """


@command.command()
@click.argument("code")
@click.option("--name", help="How the owner sees this machine; without it the host name.")
@click.pass_obj
def pair(cli: CliSession, code: str, name: str | None) -> int:
    """Pair this machine with the CODE or link of `homarus pair`, and send its commands there from now on."""
    from appliance.client.remote import join
    from appliance.identity.setup.code import decode

    if cli.running_pid() is not None:
        raise click.UsageError("A gateway runs on this machine: stop it first, or name the other one with --url.")
    pin = cli.pin or cli.environ.get("HOMARUS_GATEWAY_TLS_FINGERPRINT")
    joined = asyncio.run(join(cli.paths.client, decode(code).pinned(pin), name))
    _set(cli, {"gateway.remote.url": joined.urls[0], "gateway.mode": "remote"})
    facts = {"url": joined.urls[0], "tlsSha256": joined.fingerprint, "scopes": list(joined.scopes)}
    cli.show(facts, f"Paired with {joined.urls[0]}. From now on the commands of this machine go there.")
    return Exit.OK


@command.command()
@click.pass_obj
def status(cli: CliSession) -> int:
    """Say which gateway is asked, by which certificate it is known and what this machine may do there."""
    from appliance.client.remote import Gateways, normal
    from appliance.client.target import RemoteTarget

    target = cli.target
    if not isinstance(target, RemoteTarget):
        cli.show(
            {"url": None}, "The commands of this machine are for this machine. `homarus remote pair CODE` changes that."
        )
        return Exit.OK
    known = Gateways(cli.paths.client).find(normal(target.url))
    pinned = target.pin or (known.fingerprint if known else None)
    scopes = list(known.scopes) if known else []
    lines = [
        f"gateway {target.url}",
        f"certificate {pinned}" if pinned else "no certificate is pinned",
        f"may {', '.join(scopes)}" if scopes else "not paired yet",
    ]
    cli.show({"url": target.url, "tlsSha256": pinned, "scopes": scopes}, "\n".join(lines))
    return Exit.OK


@command.command()
@click.pass_obj
def forget(cli: CliSession) -> int:
    """Send the commands to this machine again, and forget certificate and token of the other one."""
    from appliance.client.remote import Gateways, normal
    from appliance.client.target import RemoteTarget

    target = cli.target
    if not isinstance(target, RemoteTarget):
        raise click.UsageError("There is nothing to forget: the commands of this machine are for this machine.")
    Gateways(cli.paths.client).forget((normal(target.url),))
    if cli.named is None:
        _set(cli, {"gateway.mode": "local"})
    text = f"{target.url} is forgotten. On the box `homarus devices remove` forgets this machine too."
    cli.show({"forgotten": target.url}, text)
    return Exit.OK


def _set(cli: CliSession, options: dict[str, str]) -> None:
    from appliance.config import edit_file
    from appliance.foundation.clock import SystemClock
    from appliance.storage.lock import StateLock

    cli.paths.create()
    lock = StateLock.acquire(cli.paths.lock, now_ms=SystemClock().now_ms())
    try:
        for path, value in options.items():
            edit_file(cli.paths.config, path, value, cli.environ)
    finally:
        lock.release()
