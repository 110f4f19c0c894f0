"""`homarus node`: this machine as a node of a gateway elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

import click
import msgspec

from appliance.client.errors import ConnectRefused
from appliance.client.lasting import News, Waiting
from appliance.foundation import filetrouble
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import start
from appliance.nodehost.allow import Policy, Rule, find
from appliance.nodehost.approvals import Answer, Question
from appliance.nodehost.home import NodeHome
from appliance.nodehost.service import Service

_EXIT_FAILED = 1
_EXIT_REFUSED = 77  # EX_NOPERM of sysexits.h: another start does not help


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def root(context: click.Context, as_json: bool) -> None:
    """Make this machine a node: its gateway can ask it what it is, show notes on it and run what you allow here."""
    paths = StatePaths.from_environment(os.environ)
    context.obj = NodeHome(paths.root / "node", dict(os.environ), SystemClock())
    context.meta["json"] = as_json


@root.command()
@click.option(
    "--pair", "code", metavar="CODE", help="Join first, with the code or link of `homarus pair --profile node`."
)
@click.option("--name", help="How the owner sees this node; without it the host name.")
@click.option(
    "--tls-fingerprint",
    "pin",
    metavar="SHA256",
    envvar="HOMARUS_GATEWAY_TLS_FINGERPRINT",
    help="The certificate of the box, for a link that does not name it.",
)
@click.pass_obj
def run(home: NodeHome, code: str | None, name: str | None, pin: str | None) -> None:
    """Be a node until Ctrl-C, coming back whenever the gateway does.

    Status 77: the gateway turned this node away, and only a new code helps.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    name = name or os.uname().nodename
    if code:
        joined = asyncio.run(home.pair(code, name, pin))
        click.echo(f"Paired with {joined.urls[0]}. From now on `homarus node run` is enough.")
    _until_signal(home.serve(name, _tell))


@root.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Say which gateway this node belongs to and what it offers."""
    home: NodeHome = context.obj
    membership = home.membership()
    facts: dict[str, Any] = {
        "nodeId": home.key().device_id,
        "gateway": membership.urls[0],
        "tlsSha256": membership.fingerprint,
        "commands": [command.name for command in home.commands()],
        "service": _service(home).state_now(),
        "policy": home.allow.read().policy,
        "rules": len(home.allow.read().rules),
    }
    lines = [
        f"node {facts['nodeId'][:16]}… of {facts['gateway']}",
        f"offers {', '.join(facts['commands'])}",
        f"service: {facts['service']}",
        f"programs: {facts['rules']} allowed, others: {facts['policy']}",
    ]
    _show(context, facts, "\n".join(lines))


@root.command()
@click.argument("words", nargs=-1)
@click.option("--exactly", is_flag=True, help="Only with exactly these arguments.")
@click.option("--remove", "removes", is_flag=True, help="Take the program off the list.")
@click.option("--others", type=click.Choice([policy.value for policy in Policy]), help="What happens to all others.")
@click.pass_context
def allow(context: click.Context, words: tuple[str, ...], exactly: bool, removes: bool, others: str | None) -> None:
    """Allow a program to be run by the gateway; without words show the list.

    `homarus node allow uptime` allows the program with any arguments.
    """
    home: NodeHome = context.obj
    if others is not None:
        home.allow.set_policy(Policy(others))
    if words:
        program = find(words, os.environ)
        if program is None:
            raise click.UsageError(f"There is no program {words[0]} here. Install it first, or name its whole path.")
        if removes:
            home.allow.remove(program.path)
        else:
            home.allow.add(Rule(program.path, program.argv if exactly or len(words) > 1 else None))
    listed = home.allow.read()
    rows = [{"program": rule.program, "argv": rule.argv} for rule in listed.rules]
    lines = [" ".join((rule.program, *(rule.argv or ("(any arguments)",)))) for rule in listed.rules]
    _show(context, {"policy": listed.policy, "rules": rows}, "\n".join([*lines, f"others: {listed.policy}"]))


@root.command()
@click.pass_context
def approvals(context: click.Context) -> None:
    """List command lines that wait for somebody at this machine."""
    home: NodeHome = context.obj
    waiting = list(home.approvals.waiting())
    rows = [msgspec.to_builtins(one) for one in waiting]
    _show(context, rows, "\n".join(_line(one) for one in waiting) or "Nothing waits.")


@root.command()
@click.argument("prefix", metavar="ID", default="")
@click.option("--always", is_flag=True, help="Put the program on the list as well.")
@click.option("--deny", is_flag=True, help="Say no.")
@click.pass_obj
def approve(home: NodeHome, prefix: str, always: bool, deny: bool) -> None:
    """Let the command line with this ID run (its beginning is enough; none if only one waits)."""
    answer = Answer.DENY if deny else Answer.ALWAYS if always else Answer.ONCE
    question = home.approvals.answer(prefix, answer)
    if always:
        home.allow.add(Rule(question.program))
    click.echo(f"{'refused' if deny else 'allowed'}: {_line(question)}")
    if not deny:
        click.echo("If nobody waits for it any more, it runs when the gateway asks for the same again.")


@root.command()
@click.option("--pair", "code", metavar="CODE", help="Join first, with the code of `homarus pair --profile node`.")
@click.option("--print", "only_shown", is_flag=True, help="Show the unit and change nothing.")
@click.pass_context
def install(context: click.Context, code: str | None, only_shown: bool) -> None:
    """Let systemd run this node from now on: for you, or as root for the machine."""
    home: NodeHome = context.obj
    service = _service(home)
    if only_shown:
        click.echo(service.text(), nl=False)
        return
    if code:
        asyncio.run(home.pair(code, os.uname().nodename))
    gateway = home.membership().urls[0]  # without one the service could do nothing
    done = service.install()
    state = service.state_now()
    _show(context, {"unit": str(service.file), "state": state, "gateway": gateway}, "\n".join(done))


@root.command()
@click.pass_context
def uninstall(context: click.Context) -> None:
    """End the service and remove its unit. The pairing stays; on the box `homarus devices remove` ends it."""
    service = _service(context.obj)
    removed = service.uninstall()
    text = f"{service.file} is removed." if removed else f"There is no {service.file}: nothing to remove."
    _show(context, {"unit": str(service.file), "removed": removed}, text)


def _service(home: NodeHome) -> Service:
    return Service(home.folder.parent, home.environ, system=os.geteuid() == 0)


def _line(question: Question) -> str:
    return f"{question.id[:8]}  {question.text}"


def _show(context: click.Context, value: Any, text: str) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2) if context.meta["json"] else text)


def _tell(news: News) -> None:
    if news.waiting is None:
        click.echo(f"connected to {news.url}")
    elif news.waiting is Waiting.APPROVAL:
        request = str(news.details.get("requestId", ""))
        click.echo(f"{news.url} waits for its owner. There: homarus devices approve {request}")
    else:
        click.echo(f"{news.url}: {news.text}", err=True)


def _until_signal(serving: Coroutine[Any, Any, None]) -> None:
    async def both() -> None:
        task = start(serving, name="node")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(both())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    try:
        root.main(arguments, prog_name="homarus node", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ConnectRefused as error:
        click.echo(f"homarus node: {error}. Pair anew: homarus node run --pair CODE", err=True)
        return _EXIT_REFUSED
    except ApplianceError as error:
        click.echo(f"homarus node: {error}", err=True)
        return _EXIT_FAILED
    except OSError as error:
        click.echo(f"homarus node: {filetrouble.told(error)}", err=True)
        return _EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
