"""`homarus backup`: the copies that the box makes every night, sealed ones for elsewhere, and coming back to either."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.render import size, table
from appliance.cli.session import CliSession

_TWO_BOXES = (
    "This box is now the one of the backup: the same name to your devices, the same keys. Do not start the old one "
    "again, or wipe it first (`homarus reset`): devices would talk now to one, now to the other, and what is said to "
    "one the other never knows."
)


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """See the nightly copies of this box, make sealed backups, and come back to one. Without a command: the list."""
    from appliance.cli.system import at_files

    context.obj = at_files(context.obj)
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
    cli.show(facts, f"{text}\n{_rehearsed(cli)}".rstrip())
    return Exit.OK


@command.command()
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--recipient", "recipients", metavar="age1…", multiple=True, help="Who may open it; several times too.")
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase (or HOMARUS_BACKUP_PASSPHRASE).")
@click.pass_obj
def create(cli: CliSession, target: Path, recipients: tuple[str, ...], passphrase: bool) -> int:
    """Write everything that makes this box this box into FILE, or a new file in that folder; the gateway goes on.

    Conversations, attachments, devices, keys and settings, sealed in the age format. Models are named in it only.
    """
    from appliance.cli.backups import keys, making
    from appliance.foundation.clock import SystemClock

    wraps = keys.recipients(recipients, passphrase, cli.environ)
    file, done = making.make(cli, target, wraps, SystemClock().now_ms())
    facts = {
        "file": str(file),
        "bytes": file.stat().st_size,
        "files": done.files,
        "models": list(done.head.models),
        "version": done.head.version,
    }
    lines = [f"{file} holds this box: {done.files} files, {size(file.stat().st_size)}. Keep it on another machine."]
    if done.head.models:
        lines.append(f"Models are fetched again after a restore: {', '.join(done.head.models)}.")
    lines.append("`homarus backup verify` shows that it opens and works.")
    cli.show(facts, "\n".join(lines))
    return Exit.OK


@command.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--identity", metavar="KEY-FILE", type=click.Path(path_type=Path, exists=True), help="Your age key.")
@click.option("--scratch", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Where to unpack it.")
@click.pass_obj
def verify(cli: CliSession, file: Path, identity: Path | None, scratch: Path | None) -> int:
    """Open FILE, check everything in it and rehearse its restore in a folder of its own. Nothing here changes."""
    from appliance.cli.backups import keys, opening

    found, told = opening.verify(cli, file, keys.keys(identity, cli.environ), scratch)
    facts = {**_about(found), **{name: told[name] for name in ("sessions", "messages", "devices", "attachments")}}
    text = (
        f"{file} is good: {told['messages']} messages in {told['sessions']} sessions, {told['devices']} devices, "
        f"{told['attachments']} attachments, of {found.head.name or 'a box'} at {_day(found.head.made_ms)}."
    )
    cli.show(facts, text)
    return Exit.OK


@command.command()
@click.argument("file", metavar="KEY-FILE", type=click.Path(path_type=Path))
@click.pass_obj
def key(cli: CliSession, file: Path) -> int:
    """Make a key that opens backups, in KEY-FILE, and print the recipient to seal for. Keep the file off the box."""
    import os

    from appliance.storage.age import Identity

    made = Identity.generate()
    text = f"# public key: {made.recipient}\n{made}\n"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as opened:
        opened.write(text)
    told = f"{made.recipient}\n{file} opens what is sealed for it. Without it nobody does: keep a copy off this box."
    cli.show({"recipient": str(made.recipient), "file": str(file)}, told)
    return Exit.OK


@command.command()
@click.argument("copy", metavar="FILE")
@click.option("--identity", metavar="KEY-FILE", type=click.Path(path_type=Path, exists=True), help="Your age key.")
@click.option("--files", "replace_files", is_flag=True, help="Of a nightly copy: also keys, certificates and settings.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def restore(cli: CliSession, copy: str, identity: Path | None, replace_files: bool, yes: bool) -> int:
    """Come back to a sealed backup, or to a nightly copy of the list.

    A sealed backup makes this box the one that it was made of. The gateway must be stopped; one that the system runs
    is stopped and started by itself. What is here now is kept in a folder of its own; devices that were removed since
    stay removed.
    """
    from appliance.cli.backups.opening import is_sealed

    path = _find(cli, copy)
    if is_sealed(path):
        return _restore_sealed(cli, path, identity, yes)
    return _restore_nightly(cli, path, replace_files, yes)


def _restore_sealed(cli: CliSession, path: Path, identity: Path | None, yes: bool) -> int:
    from appliance.cli.backups import keys, opening
    from appliance.foundation.clock import SystemClock

    unwraps = keys.keys(identity, cli.environ)
    _confirm(f"Make this box the one of {path.name}? What is in {cli.paths.root} is set aside", yes)
    found, aside = opening.restore(cli, path, unwraps, SystemClock().now_ms())
    lines = [f"{path.name} of {_day(found.head.made_ms)} is in place. What was here before is in {aside}.", _TWO_BOXES]
    if found.head.models:
        lines.append(f"Models to fetch again (`homarus models pull`): {', '.join(found.head.models)}.")
    lines.append("Then look at `homarus devices list`.")
    cli.show({**_about(found), "aside": str(aside)}, "\n".join(lines))
    return Exit.OK


def _restore_nightly(cli: CliSession, path: Path, replace_files: bool, yes: bool) -> int:
    from appliance.cli.backups.opening import resting
    from appliance.cli.system import as_owner
    from appliance.foundation.clock import SystemClock
    from appliance.storage.copies.restore import restore as put_back
    from appliance.storage.lock import StateLock

    now_ms = SystemClock().now_ms()
    _confirm(f"Put {path.name} in the place of the database? What came after it is set aside", yes)
    with resting(cli), as_owner(cli.paths.root):
        cli.paths.create()
        lock = StateLock.acquire(cli.paths.lock, now_ms=now_ms)
        try:
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


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes.")
    click.confirm(question, abort=True)


def _about(found: Any) -> dict[str, Any]:
    head = found.head
    return {
        "box": head.box,
        "name": head.name,
        "version": head.version,
        "madeMs": head.made_ms,
        "models": list(head.models),
        "files": found.files,
        "bytes": found.bytes,
    }


def _rehearsed(cli: CliSession) -> str:
    """Say whether the return to a copy was rehearsed."""
    import json

    try:
        told = json.loads((cli.paths.backups / "rehearsed.json").read_text("utf-8"))
        day = _day(int(told["atMs"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"Rehearsed on {day}: " + ("it works." if told.get("ok") else f"it failed, {told.get('reason')}.")


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def _copies(cli: CliSession) -> list[Path]:
    return sorted(cli.paths.backups.glob("homarus-*.sqlite"), reverse=True)


def _find(cli: CliSession, name: str) -> Path:
    inside = cli.paths.backups / name
    path = inside if inside.is_file() else Path(name)
    if not path.is_file():
        raise click.UsageError(f"There is no copy {name}. `homarus backup list` names them.")
    return path
