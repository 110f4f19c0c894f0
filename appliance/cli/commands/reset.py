"""`homarus reset`: forget everything, as if the box were new."""

from __future__ import annotations

import shutil
import socket
import sys

import click

from appliance.cli.exits import Exit
from appliance.cli.session import CliSession

_BOX = (
    "This forgets everything on {name}: conversations, devices, keys, models, Wi-Fi, accounts and settings. Nothing "
    "can be brought back without a backup that lies elsewhere (`homarus backup create`). The version of the system "
    "stays. On a disk that cannot forget blocks, a laboratory may still find pieces."
)
_FOLDER = (
    "This removes {folder}: conversations, devices, keys, models and settings. Nothing can be brought back without a "
    "backup that lies elsewhere (`homarus backup create`). The program stays; `homarus uninstall` removes that."
)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.pass_obj
def command(cli: CliSession, yes: bool) -> int:
    """Forget everything and begin anew. Asks twice.

    A box restarts, empties its data partition, also a damaged one, and comes up as a new box. On any other machine the
    state directory is removed; the gateway must be stopped, one that the system runs is stopped by itself.
    """
    from appliance.host.box import read_box

    if read_box() is not None:
        return _box(cli, yes)
    return _folder(cli, yes)


def _box(cli: CliSession, yes: bool) -> int:
    from appliance.host.request import ask_now

    name = socket.gethostname()
    _ask_twice(_BOX.format(name=name), name, yes)
    ask_now("reset.start", {"name": name})
    cli.show({"ok": True, "name": name}, f"{name} restarts, forgets everything and restarts again as a new box.")
    return Exit.OK


def _folder(cli: CliSession, yes: bool) -> int:
    from appliance.cli.system import at_files
    from appliance.foundation.clock import SystemClock
    from appliance.host.running.systemctl import Service
    from appliance.storage.lock import StateLock

    state = at_files(cli).paths.root
    if not state.exists():
        cli.show({"ok": True, "removed": None}, f"There is nothing to forget: {state} does not exist.")
        return Exit.OK
    _ask_twice(_FOLDER.format(folder=state), state.name, yes)
    service = Service.of_the_system(state)
    stopped = service is not None and service.stop()
    lock = StateLock.acquire(state / "gateway.lock", now_ms=SystemClock().now_ms())
    try:
        for path in state.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    finally:
        lock.release()
    again = " It is started again with `systemctl start homarus-gateway`, as a new one." if stopped else ""
    cli.show({"ok": True, "removed": str(state)}, f"Everything in {state} is gone.{again}")
    return Exit.OK


def _ask_twice(text: str, name: str, yes: bool) -> None:
    """Ask for the name, then once more. Raises Abort, UsageError."""
    if yes:
        return
    if not _on_terminal():
        raise click.UsageError("Nobody can be asked here: add --yes.")
    click.echo(text)
    if click.prompt(f"Type {name} to go on", default="", show_default=False).strip() != name:
        raise click.Abort
    click.confirm("Forget everything now?", abort=True)


def _on_terminal() -> bool:
    return sys.stdin.isatty()
