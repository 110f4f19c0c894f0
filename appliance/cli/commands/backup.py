"""`homarus backup`: the copies that the box makes every night, and coming back to one."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from appliance.cli.exits import Exit
from appliance.cli.render import size, table
from appliance.cli.session import CliSession


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """See the nightly copies of this box, and come back to one of them. Without a command: the list."""
    context.obj = context.obj.at_home()
    if context.invoked_subcommand is None:
        return int(context.invoke(list_))
    return Exit.OK


@command.command("list")
@click.pass_obj
def list_(cli: CliSession) -> int:
    """List the copies, newest first. Each holds the database; keys and certificates lie beside it."""
    from appliance.storage.copies.files import archive_of

    found = _copies(cli)
    facts = [
        {"name": path.name, "path": str(path), "bytes": path.stat().st_size, "files": archive_of(path).exists()}
        for path in found
    ]
    rows = [(path.name, size(path.stat().st_size), "yes" if archive_of(path).exists() else "no") for path in found]
    text = table(("COPY", "SIZE", "WITH KEYS"), rows) if rows else "There is no copy yet: one is made every night."
    cli.show(facts, text)
    return Exit.OK


@command.command()
@click.argument("copy", metavar="COPY")
@click.option("--files", "replace_files", is_flag=True, help="Also replace keys, certificates and configuration.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def restore(cli: CliSession, copy: str, replace_files: bool, yes: bool) -> int:
    """Come back to COPY, a name of the list or a path, while the gateway is stopped.

    What is here now is kept in a folder of its own. Devices that were removed since stay removed.
    """
    from appliance.foundation.clock import SystemClock
    from appliance.storage.copies.restore import restore as put_back
    from appliance.storage.lock import StateLock

    path = _find(cli, copy)
    cli.paths.create()
    now_ms = SystemClock().now_ms()
    lock = StateLock.acquire(cli.paths.lock, now_ms=now_ms)
    try:
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("Nobody can be asked here: add --yes.")
            click.confirm(f"Put {path.name} in the place of the database? What came after it is set aside", abort=True)
        done = put_back(cli.paths.database, cli.paths.journal, path, now_ms, replace_files=replace_files)
    finally:
        lock.release()
    lines = [f"{path.name} is in place. What was here before is in {done.aside}."]
    if done.written:
        lines.append(f"Also restored: {', '.join(done.written)}.")
    if done.kept:
        lines.append(f"Kept as they are, though the copy has others: {', '.join(done.kept)}. --files takes those.")
    facts = {"restored": path.name, "aside": str(done.aside), "files": list(done.written), "kept": list(done.kept)}
    cli.show(facts, "\n".join([*lines, "Start the gateway, then look at `homarus devices list`."]))
    return Exit.OK


def _copies(cli: CliSession) -> list[Path]:
    return sorted(cli.paths.backups.glob("homarus-*.sqlite"), reverse=True)


def _find(cli: CliSession, name: str) -> Path:
    inside = cli.paths.backups / name
    path = inside if inside.is_file() else Path(name)
    if not path.is_file():
        raise click.UsageError(f"There is no copy {name}. `homarus backup list` names them.")
    return path
