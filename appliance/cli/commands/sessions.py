"""`homarus sessions`: the conversations in the store."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

import click

from appliance.cli.conversation import message_text
from appliance.cli.exits import Exit
from appliance.cli.render import age, one_line, table
from appliance.cli.session import CliSession


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List, show, export and delete conversations."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.option("--limit", default=50, type=click.IntRange(1, 1000), show_default=True, help="How many.")
@click.pass_obj
def list_(cli: CliSession, limit: int = 50) -> None:
    """List conversations, the latest first."""
    answer = cli.call("sessions.list", {"limit": limit})
    rows = [
        (
            row["key"],
            row.get("label") or row.get("derivedTitle") or "",
            age(max(0, answer["ts"] - (row.get("updatedAt") or answer["ts"]))),
            row.get("totalTokens") or 0,
        )
        for row in answer["sessions"]
    ]
    cli.show(answer, table(("KEY", "TITLE", "AGE", "TOKENS"), rows) if rows else "There are no conversations yet.")


@command.command()
@click.argument("key")
@click.option("--limit", default=50, type=click.IntRange(1, 1000), help="How many of the last messages.")
@click.pass_obj
def show(cli: CliSession, key: str, limit: int) -> int:
    """Print the last messages of KEY."""
    known = cli.call("sessions.describe", {"key": key})
    if known.get("session") is None:
        return _unknown(cli, key)
    answer = cli.call("chat.history", {"sessionKey": key, "limit": limit})
    text = "\n\n".join(line for one in answer["messages"] if (line := _said(one)))
    cli.show(answer, text or "Nothing has been said there yet.")
    return Exit.OK


def _said(message: dict[str, Any]) -> str:
    """Return a message as a paragraph, empty for what says nothing to a person."""
    text = message_text(message)
    if message.get("errorMessage"):
        text = f"{text}\n" if text else ""
        text += f"! {one_line(message['errorMessage'])}"
    return f"{message['role']}: {text}" if text else ""


def _unknown(cli: CliSession, key: str) -> int:
    text = f"There is no conversation {key}. `homarus sessions` lists them."
    if cli.as_json:
        cli.show({"ok": False, "error": {"code": "unknown_session", "message": text}}, "")
    else:
        click.echo(f"homarus: {text}", err=True)
    return Exit.FAILED


@command.command()
@click.argument("key")
@click.pass_obj
def export(cli: CliSession, key: str) -> None:
    """Print KEY as JSON lines: first the conversation, then one line a message."""
    for line in cli.call("homarus.sessions.export", {"key": key}, timeout_s=120)["lines"]:
        click.echo(line)


@command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.pass_obj
def import_(cli: CliSession, file: TextIO) -> None:
    """Read a conversation that was exported, from FILE or - for standard input."""
    lines = [line for line in file if line.strip()]
    answer = cli.call("homarus.sessions.import", {"lines": lines}, timeout_s=120)
    cli.show(answer, f"imported as {answer['key']}")


@command.command()
@click.argument("key")
@click.pass_obj
def reset(cli: CliSession, key: str) -> None:
    """Begin KEY anew; what was said stays in the store."""
    cli.show(cli.call("sessions.reset", {"key": key}), f"{key} begins anew")


@command.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(cli: CliSession, key: str, yes: bool) -> int:
    """Delete KEY. Its messages are kept in an archive file in the state directory."""
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Nobody can be asked here: add --yes.")
        if not click.confirm(f"Delete {key}?"):
            return Exit.FAILED
    answer = cli.call("sessions.delete", {"key": key, "deleteTranscript": False})
    if not answer["deleted"]:
        return _unknown(cli, key)
    archived = answer.get("archived") or []
    cli.show(answer, f"{key} is deleted" + (f", archived in {', '.join(map(str, archived))}" if archived else ""))
    return Exit.OK


@command.command()
@click.argument("words", nargs=-1, required=True)
@click.pass_obj
def search(cli: CliSession, words: tuple[str, ...]) -> None:
    """Look for WORDS in everything that was said."""
    answer = cli.call("homarus.sessions.search", {"query": " ".join(words)})
    rows = [f"{one['key']}  {one['role']}: {one_line(one['snippet'])}" for one in answer["hits"]]
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if cli.as_json else "\n".join(rows) or "Nothing found.")
