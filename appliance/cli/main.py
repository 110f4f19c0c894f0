"""The root of the command tree."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import click

from appliance import __version__
from appliance.cli.exits import HELP, Exit, exit_code, told
from appliance.cli.remote import pin
from appliance.cli.session import session_from
from appliance.foundation import filetrouble
from appliance.foundation.errors import ApplianceError

# Name to module and one line of help: listing the commands must not import them.
_COMMANDS = {
    "onboard": ("onboard", "Set the box up: two minutes with the usual answers."),
    "run": ("run", "Run the gateway in the foreground; on a terminal also chat in this window."),
    "chat": ("chat", "Talk to the assistant."),
    "ask": ("ask", "Ask once and print the answer; reads a pipe too."),
    "status": ("status", "Show how the box is."),
    "gateway": ("gateway", "Run the gateway, ask how it is, or call one of its methods."),
    "sessions": ("sessions", "List, show, export and delete conversations."),
    "models": ("models", "List models, see which suits this box, download, choose and probe one."),
    "pair": ("pair", "Show a code that lets a phone, a browser or a node in."),
    "devices": ("devices", "List, approve, rename and remove phones, browsers and nodes."),
    "nodes": ("nodes", "List and approve nodes, and ask them to do something."),
    "pairing": ("pairing", "Let people in who wrote through a channel, or turn them away."),
    "recovery": ("recovery", "Make the recovery code that lets the owner in again."),
    "config": ("config", "Read, change and check the configuration."),
    "node": ("node", "Make this machine a node of a gateway elsewhere."),
    "remote": ("remote", "Use a gateway elsewhere from this machine."),
    "discover": ("discover", "List the boxes on this network."),
    "tailscale": ("tailscale", "Reach the box from anywhere through a tailnet of yours."),
    "security": ("security", "See what is exposed, to whom, and how to mend it."),
    "console": ("console", "Show what the screen of the box shows: addresses, health, a code to pair with."),
    "logs": ("logs", "Show the log, or follow it."),
    "backup": ("backup", "Copies of this box: make sealed ones, check them, come back to one."),
    "update": ("update", "Look for new versions of this box, install one, or go back."),
    "reset": ("reset", "Forget everything and begin anew."),
    "doctor": ("doctor", "Look for what is wrong and say how to fix it."),
    "support": ("support", "Write what somebody who helps needs to know, without anything private."),
    "uninstall": ("uninstall", "Remove the service; the data stays."),
    "completion": ("completion", "Print the completion script of a shell."),
}
# They need root for systemd, the box or the terminal, and become the owner of the state themselves where they touch it.
_AS_ROOT = frozenset(
    {"onboard", "run", "gateway", "tailscale", "console", "logs", "backup", "update", "reset", "doctor", "support"}
    | {"uninstall", "completion"}
    | {"node"}  # a program of its own, with rules of its own: it must not start with a way back to root
)


class _LazyGroup(click.Group):
    """A group that imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"appliance.cli.commands.{_COMMANDS[cmd_name][0]}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module.__name__}.command is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, epilog=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="homarus")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--url", metavar="WS-URL", help="A gateway elsewhere, ws:// or wss:// (HOMARUS_GATEWAY_URL).")
@click.option(
    "--token", metavar="TOKEN", help="Its token; better in HOMARUS_GATEWAY_TOKEN, where `ps` does not show it."
)
@click.option("--password", metavar="PASSWORD", help="Its password; better in HOMARUS_GATEWAY_PASSWORD.")
@click.option(
    "--tls-fingerprint", metavar="SHA256", help="Its certificate, where no authority vouches for it; kept once it fits."
)
@click.pass_context
def root(
    context: click.Context,
    as_json: bool,
    url: str | None,
    token: str | None,
    password: str | None,
    tls_fingerprint: str | None,
) -> None:
    """Homarus: a private assistant that lives on its own box."""
    shown = pin(tls_fingerprint, "--tls-fingerprint") if tls_fingerprint else None
    context.obj = session_from(os.environ, url=url, token=token, password=password, as_json=as_json, pin=shown)
    if os.geteuid() == 0 and context.invoked_subcommand not in _AS_ROOT:
        from appliance.cli.system import as_owner

        context.with_resource(as_owner(context.obj.paths.root))  # what root left there its gateway could not write


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. `--json` may stand anywhere in the line."""
    arguments = _json_first(sys.argv[1:] if arguments is None else arguments)
    as_json = arguments[:1] == ["--json"]
    try:
        result: Any = root.main(arguments, prog_name="homarus", standalone_mode=False)
        sys.stdout.flush()  # a broken pipe must show here, not at the end of the interpreter
        return int(result) if isinstance(result, int) else Exit.OK
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except click.ClickException as error:
        if not as_json or isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
        else:
            _failed("usage", error.format_message())
        return error.exit_code
    except (ApplianceError, TimeoutError) as error:
        if as_json:
            _failed(_code(error), told(error))
        else:
            click.echo(f"homarus: {told(error)}", err=True)
        return exit_code(error)
    except BrokenPipeError:
        # The reader of the pipe has seen enough; the interpreter must not complain at its end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except OSError as error:
        # A full or read-only disk, a folder of somebody else: a sentence and its fix, no traceback.
        if as_json:
            _failed("file", filetrouble.told(error))
        else:
            click.echo(f"homarus: {filetrouble.told(error)}", err=True)
        return Exit.FAILED


def _code(error: ApplianceError | TimeoutError) -> str:
    """Return the finest code that is known."""
    if isinstance(error, TimeoutError):
        return "timeout"
    fine = error.details.get("code") or getattr(error, "wire_code", "") or error.code
    return str(fine).lower()


def _failed(code: str, message: str) -> None:
    """Print an error for programs."""
    click.echo(json.dumps({"ok": False, "error": {"code": code, "message": message}}, ensure_ascii=False, indent=2))


def _json_first(arguments: list[str]) -> list[str]:
    head, mark, tail = arguments, [], []
    if "--" in arguments:
        cut = arguments.index("--")
        head, mark, tail = arguments[:cut], ["--"], arguments[cut + 1 :]
    if "--json" not in head:
        return arguments
    return ["--json", *(one for one in head if one != "--json"), *mark, *tail]
