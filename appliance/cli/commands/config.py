"""`homarus config`: the one configuration file."""

from __future__ import annotations

import json
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.remote import configured
from appliance.cli.render import table
from appliance.cli.session import CliSession
from appliance.cli.system import NotYours, as_owner, at_files
from appliance.client.errors import GatewayAway
from appliance.foundation.errors import ApplianceError

_NOTHING = object()


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Read, change and check the configuration. Without a command: everything that the file sets."""
    if not context.obj.named:
        context.obj = _at_home(context.obj)
        context.with_resource(as_owner(context.obj.paths.root))
    if context.invoked_subcommand is None:
        return int(context.invoke(get))
    return Exit.OK


def _at_home(cli: CliSession) -> CliSession:
    """Mean this machine with gateway.mode: remote too: how else could that be taken back?"""
    try:
        return at_files(cli)
    except NotYours:
        return cli.at_home()  # the gateway reads and writes them


def _holds_file(cli: CliSession) -> bool:
    """Tell whether the file is of this machine and may be read; the gateway is asked for others."""
    try:
        return cli.local and at_files(cli).local
    except NotYours:
        return False


@command.command(short_help="Print one value, or all that the file sets; secrets are masked.")
@click.argument("path", required=False)
@click.pass_obj
def get(cli: CliSession, path: str | None) -> int:
    """Print the value at PATH (`gateway.port`), or everything that the file sets. Secrets are masked.

    What the file does not set has its default.
    """
    from appliance.config.document.paths import parse_path

    value = _shown(cli)
    for step in parse_path(path) if path else ():
        inside = value[step] if isinstance(value, dict) and step in value else _NOTHING
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            inside = value[step]
        if inside is _NOTHING:
            return _default(cli, str(path))
        value = inside
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
    return Exit.OK


@command.command("set", short_help="Set one value; comments in the file stay.")
@click.argument("path")
@click.argument("value")
@click.pass_obj
def set_(cli: CliSession, path: str, value: str) -> int:
    """Set PATH to VALUE (JSON, or plain text). Comments in the file stay; an invalid value changes nothing."""
    from appliance.config.document.json5 import parse
    from appliance.config.errors import ConfigSyntaxError

    try:
        parsed: Any = parse(value)
    except ConfigSyntaxError as error:
        if value.lstrip().startswith(("{", "[", '"')):
            raise click.UsageError(f"VALUE is no JSON: {error}") from error
        parsed = value
    return _edit(cli, path, {"value": parsed})


@command.command()
@click.argument("path")
@click.pass_obj
def unset(cli: CliSession, path: str) -> int:
    """Take PATH out of the file, so that its default counts."""
    return _edit(cli, path, {})


@command.command()
@click.pass_obj
def validate(cli: CliSession) -> int:
    """Check the file. Every problem is named with its path, its value and a hint; status 6 when it is invalid."""
    if _holds_file(cli):
        from appliance.config.load import load

        found = load(cli.paths.config, cli.environ).issues
        rows = [
            {"path": i.path, "value": i.value, "message": i.message, "hint": i.hint, "severity": i.severity.value}
            for i in found
        ]
        where = str(cli.paths.config)
    else:
        answer = cli.call("config.get")
        rows, where = answer["issues"], answer["path"]
    invalid = any(row["severity"] == "error" for row in rows)
    text = "\n".join(_issue(row) for row in rows)
    cli.show({"ok": not invalid, "path": where, "issues": rows}, text or f"{where} is valid.")
    return Exit.CONFIG if invalid else Exit.OK


@command.command()
@click.argument("prefix", default="")
@click.pass_obj
def options(cli: CliSession, prefix: str) -> None:
    """List every option under PREFIX with its default, unit and meaning."""
    from appliance.config import options as declared

    found = [one for one in declared() if one.path.startswith(prefix)]
    if not found:
        raise click.UsageError(f"No option begins with {prefix}.")
    names = ("path", "type", "default", "unit", "meaning", "reload")
    as_json = [{name: getattr(one, name) for name in names} for one in found]
    rows = [(one.path, json.dumps(one.default), one.unit, one.meaning) for one in found]
    cli.show(as_json, table(("PATH", "DEFAULT", "UNIT", "MEANING"), rows))


def _issue(row: dict[str, Any]) -> str:
    shown = f" (found {row['value']})" if row.get("value") else ""
    hint = f"\n    {row['hint']}" if row.get("hint") else ""
    return f"{row['severity']}: {row['path'] or 'the file'}: {row['message']}{shown}{hint}"


def _edit(cli: CliSession, path: str, change: dict[str, Any]) -> int:
    """Change the file through the gateway, or, while none runs here, under the lock of the state."""
    try:
        answer = cli.call("homarus.config.edit", {"path": path, **change})
        restart, changed = bool(answer.get("restartRequired")), not answer.get("noop")
    except GatewayAway:
        if not cli.local:
            raise
        restart, changed = False, _edit_here(at_files(cli), path, change)
    text = f"{path} is {'set' if change else 'taken out'}" if changed else f"{path} is so already"
    text += "; it counts after `homarus gateway restart`" if restart else ""
    if (other := _elsewhere(cli)) is not None:
        text += f", on this machine. For the gateway that its commands go to: homarus --url {other} config …"
    cli.show({"ok": True, "path": path, "changed": changed, "restartRequired": restart}, text)
    return Exit.OK


def _elsewhere(cli: CliSession) -> str | None:
    """Return the gateway that the other commands of this machine ask, while its own file was meant here."""
    if not cli.local:
        return None
    try:
        other = configured(cli.paths, cli.environ)
    except (click.UsageError, ApplianceError):
        return None  # half of one: this very change may be on the way to mend it
    return other.url if other is not None else None


def _edit_here(cli: CliSession, path: str, change: dict[str, Any]) -> bool:
    from appliance.config import edit_file, unset_in_file
    from appliance.config.load import load
    from appliance.foundation.clock import SystemClock
    from appliance.storage.lock import StateLock

    cli.paths.create()
    lock = StateLock.acquire(cli.paths.lock, now_ms=SystemClock().now_ms())
    try:
        before = load(cli.paths.config, cli.environ).raw
        if change:
            after = edit_file(cli.paths.config, path, change["value"], cli.environ)
        else:
            after = unset_in_file(cli.paths.config, path, cli.environ)
        return after.raw != before
    finally:
        lock.release()


def _shown(cli: CliSession) -> Any:
    """Return the values of the file without its secrets. Raises ConfigError for a file that cannot be read."""
    if not _holds_file(cli):
        return cli.call("config.get")["config"]
    from appliance.config.errors import ConfigError
    from appliance.config.load import load
    from appliance.config.redact import redacted_value

    loaded = load(cli.paths.config, cli.environ)
    unreadable = [issue for issue in loaded.issues if not issue.path and issue.severity.value == "error"]
    if unreadable:
        raise ConfigError(f"{cli.paths.config}: {unreadable[0].message}. Mend that place with an editor.")
    return redacted_value(loaded.parsed)


def _default(cli: CliSession, path: str) -> int:
    from appliance.config import options as declared

    found = {one.path: one.default for one in declared() if one.path == path or one.path.startswith(f"{path}.")}
    if not found:
        raise click.UsageError(f"There is no option {path}. `homarus config options` lists them.")
    value: Any = found[path] if path in found else _nested(path, found)
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
    return Exit.OK


def _nested(prefix: str, defaults: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults of a section as the object that it would be in the file."""
    tree: dict[str, Any] = {}
    for path, value in defaults.items():
        *folders, name = path.removeprefix(f"{prefix}.").split(".")
        if any(one == "*" or one.endswith("[]") for one in (*folders, name)):
            continue
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return tree
