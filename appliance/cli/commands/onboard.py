"""`homarus onboard`: from nothing to a paired phone, one question at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.launch import end_on_hangup, gateway_argv, gateway_environ, ready, talk_beside
from appliance.cli.onboarding.drive import Answerer, Drive, SetupError
from appliance.cli.onboarding.words import words
from appliance.cli.session import CliSession, on_terminal
from appliance.cli.system import leave_root
from appliance.client.errors import GatewayAway
from appliance.config.reading.secrets import read_regular
from appliance.foundation.clock import SystemClock

_MAX_KEY_BYTES = 4096
_SERVICES = click.Choice(["none", "anthropic", "openai", "google", "openrouter"])


@click.command(short_help="Set the box up: two minutes with the usual answers.")
@click.option(
    "--install-daemon", is_flag=True, help="Install a service of systemd and start it: it comes with the box."
)
@click.option("--non-interactive", is_flag=True, help="Ask nothing: the options below, else the usual answers.")
@click.option("--reset", is_flag=True, help="Begin anew instead of going on; the configuration stays.")
@click.option("--name", help="What the assistant calls you.")
@click.option("--language", type=click.Choice(["en", "de", "fr"]), help="The language of the box.")
@click.option(
    "--expose", type=click.Choice(["lan", "loopback", "tailnet"]), help="Who reaches the box; lan (TLS) by default."
)
@click.option("--model", metavar="NAME", help="mini: nothing is downloaded (default); else a name of the catalogue.")
@click.option("--cloud", type=_SERVICES, help="A cloud service as a helper; none by default.")
@click.option("--key-env", metavar="VARIABLE", help="The variable of the environment that holds its key.")
@click.option("--key-file", metavar="PATH", help="The file that holds its key; - reads standard input.")
@click.pass_obj
def command(cli: CliSession, /, install_daemon: bool, non_interactive: bool, reset: bool, **given: str | None) -> int:
    """Set the box up: your name and language, who may reach it, which model answers, your first device.

    Two minutes with the usual answers; nothing is downloaded without a yes. Ctrl-C keeps what was answered, and the
    next call goes on from there. The options that answer are for scripts, with --non-interactive.
    """
    asks = not (non_interactive or cli.as_json)
    answers = _answers(given)
    if asks and any(given.values()):
        raise click.UsageError("Answers as options need --non-interactive.")
    if install_daemon:
        from appliance.cli.onboarding.service import install

        cli = install(cli, lambda line: click.echo(f"  {line}", err=cli.as_json))
    with _gateway(cli, own=not install_daemon) as child:
        if reset:
            cli.call("homarus.wizard.reset", {})
        answerer = _person() if asks else _script(answers, quiet=cli.as_json)
        started = SystemClock().monotonic()
        drive = Drive(cli.call, answerer, SystemClock(), alive=lambda: _alive(child))
        try:
            last = drive.run()
        except (KeyboardInterrupt, click.Abort) as end:
            say = words(_language(cli))
            click.echo(f"\n{say['kept']}", err=True)
            if isinstance(end, click.Abort) and not sys.stdin.isatty():
                click.echo(say["unattended"], err=True)
                return Exit.FAILED
            return Exit.INTERRUPTED
        return _end(cli, child, drive, last, SystemClock().monotonic() - started, asks=asks, daemon=install_daemon)


def _answers(given: dict[str, str | None]) -> dict[str, Any]:
    """Return the answers by step. Raises UsageError."""
    answers: dict[str, Any] = {step: given[step] for step in ("name", "language", "model", "cloud") if given[step]}
    if given["expose"]:
        answers["exposure"] = given["expose"]
    if given["model"] not in (None, "mini"):
        answers["download"] = True  # whoever names a model said yes
    key = _key(given["key_env"], given["key_file"])
    if key is not None:
        if given["cloud"] in (None, "none"):
            raise click.UsageError("A key needs --cloud: which service is it for?")
        answers["key"] = key
    elif given["cloud"] not in (None, "none"):
        raise click.UsageError(f"--cloud {given['cloud']} needs its key, with --key-env or --key-file.")
    return answers


def _key(variable: str | None, file: str | None) -> str | None:
    """Read a key; never from the command line itself, which every user of the box can see with `ps`."""
    if variable is not None and file is not None:
        raise click.UsageError("Use --key-env or --key-file, not both.")
    if variable is not None:
        if not os.environ.get(variable):
            raise click.UsageError(f"The environment variable {variable} is not set.")
        return os.environ[variable].strip()
    if file is None:
        return None
    if file == "-":
        return sys.stdin.readline(_MAX_KEY_BYTES).strip()
    try:
        return read_regular(Path(file).expanduser(), _MAX_KEY_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _person() -> Answerer:
    from appliance.cli.onboarding.keys import Arrows, Lines  # the terminal library: only who is asked needs it
    from appliance.cli.onboarding.person import Person

    draws = on_terminal()
    return Person(Arrows() if draws else Lines(), draws=draws)


def _script(answers: dict[str, Any], *, quiet: bool) -> Answerer:
    from appliance.cli.onboarding.scripted import Scripted

    return Scripted(answers, quiet=quiet)


@contextmanager
def _gateway(cli: CliSession, *, own: bool) -> Iterator[subprocess.Popen[bytes] | None]:
    """Use the gateway that runs; where none does and it may be an `own` one, start one that ends with this command."""
    try:
        cli.call("health", {}, timeout_s=10)
    except GatewayAway:
        if not (own and cli.local):
            raise
    else:
        yield None
        return
    leave_root(cli)
    argv = [*gateway_argv(None), "--quiet"]
    # Its own session: Ctrl-C belongs to the questions.
    with end_on_hangup(), subprocess.Popen(argv, env=gateway_environ(), start_new_session=True) as child:
        try:
            if not ready(cli, child):
                raise SetupError("The gateway does not start; what it said stands above. Then try again.")
            yield child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)


def _alive(child: subprocess.Popen[bytes] | None) -> None:
    if child is not None and child.poll() is not None:
        raise SetupError("The gateway ended; what it said stands above. Then `homarus onboard` goes on from here.")


def _language(cli: CliSession) -> str:
    try:
        return str((cli.call("config.get", {}).get("parsed") or {}).get("locale") or "en")
    except (GatewayAway, TimeoutError):
        return "en"


def _end(
    cli: CliSession,
    child: subprocess.Popen[bytes] | None,
    drive: Drive,
    last: dict[str, Any],
    seconds: float,
    *,
    asks: bool,
    daemon: bool,
) -> int:
    """Say how it ended, and stay where this window runs the gateway."""
    parsed = cli.call("config.get", {}).get("parsed") or {}
    say = words(str(parsed.get("locale") or "en"))
    name = (parsed.get("owner") or {}).get("name")
    if cli.as_json:
        code = getattr(drive.answerer, "code", {})
        document = {"ok": "error" not in last, "status": last["status"], "steps": drive.answered, **code}
        cli.show({**document, **({"error": last["error"]} if "error" in last else {})}, "")
        return Exit.OK if "error" not in last else Exit.FAILED
    if "error" in last:
        click.secho(f"\n  ! {last['error']}", fg="yellow")
    click.secho(f"\n{say['ready'].format(name=f', {name}' if name else '')}", bold=True, nl=False)
    click.echo(f" {say['seconds'].format(seconds=round(seconds))}")
    click.echo(say["recovery"])
    if child is None:
        if daemon:
            click.echo(say["started"])
        return Exit.OK
    if not (asks and on_terminal()):
        click.echo(say["stopped"])
        return Exit.OK
    click.echo(f"{say['window']}\n")
    return talk_beside(cli.at_home(), child)
