"""`homarus config`: the one configuration file."""

from __future__ import annotations

import json
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.render import table
from appliance.cli.session import CliSession
from appliance.client.errors import GatewayAway


@click.group()
def command() -> None:
    """Read, change and check the configuration."""


@command.command()
@click.argument("path", required=False)
@click.pass_obj
def get(cli: CliSession, path: str | None) -> int:
    """Print the value at PATH (`gateway.port`), or everything that the file sets. Secrets are masked."""
    value = _redacted_file(cli)
    for name in path.split(".") if path else ():
        if not isinstance(value, dict) or name not in value:
            return _default(cli, str(path))
        value = value[name]
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
    return Exit.OK


@command.command("set")
@click.argument("path")
@click.argument("value")
@click.pass_obj
def set_(cli: CliSession, path: str, value: str) -> int:
    """Set PATH to VALUE (JSON, or plain text). Comments in the file stay; an invalid value changes nothing."""
    from appliance.config.file import edit_file

    parsed = _value(value)
    try:
        answer = cli.call("homarus.config.edit", {"path": path, "value": parsed})
        restart = bool(answer.get("restartRequired"))
    except GatewayAway:
        if not cli.local:
            raise
        edit_file(cli.paths.config, path, parsed, cli.environ)
        restart = False
    cli.show(
        {"ok": True, "path": path, "restartRequired": restart}, "set" + ("; restart the gateway" if restart else "")
    )
    return Exit.OK


@command.command()
@click.pass_obj
def validate(cli: CliSession) -> int:
    """Check the file. Every problem is named with its path, its value and a hint; status 6 when it is invalid."""
    from appliance.config.load import load

    issues = load(cli.paths.config, cli.environ).issues
    rows = [
        {"path": i.path, "value": i.value, "message": i.message, "hint": i.hint, "severity": i.severity} for i in issues
    ]
    invalid = [row for row in rows if row["severity"] != "unused"]
    text = "\n".join(f"{row['severity']}: {row['path']}: {row['message']} {row['hint']}".rstrip() for row in rows)
    cli.show({"ok": not invalid, "issues": rows}, text or f"{cli.paths.config} is valid.")
    return Exit.CONFIG if invalid else Exit.OK


@command.command()
@click.argument("prefix", default="")
@click.pass_obj
def options(cli: CliSession, prefix: str) -> None:
    """List every option under PREFIX with its default, unit and meaning."""
    from appliance.config.describe import options as declared

    found = [one for one in declared() if one.path.startswith(prefix)]
    rows = [(one.path, one.type, json.dumps(one.default), one.unit, one.meaning) for one in found]
    names = ("path", "type", "default", "unit", "meaning")
    as_json = [dict(zip(names, row, strict=True)) for row in rows]
    cli.show(as_json, table([name.upper() for name in names], rows))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _redacted_file(cli: CliSession) -> Any:
    if not cli.local:
        return cli.call("config.get")["config"]
    from appliance.config.load import load
    from appliance.config.redact import redacted

    return redacted(load(cli.paths.config, cli.environ).raw)


def _default(cli: CliSession, path: str) -> int:
    from appliance.config.describe import options as declared

    for one in declared():
        if one.path == path:
            click.echo(json.dumps(one.default))
            return Exit.OK
    raise click.UsageError(f"There is no option {path}. `homarus config options` lists them.")
