"""`homarus ask`: one question, one answer."""

from __future__ import annotations

import asyncio
import json
import sys

import click

from appliance.cli.exits import Exit
from appliance.cli.session import CliSession

_MAX_STDIN_CHARS = 200_000


@click.command()
@click.argument("words", nargs=-1)
@click.option("--session", default="main", show_default=True, help="Name or key of the conversation.")
@click.option("--timeout", "timeout_s", default=600.0, show_default=True, help="Seconds to wait for the answer.")
@click.pass_obj
def command(cli: CliSession, words: tuple[str, ...], session: str, timeout_s: float) -> int:
    """Ask once and print the answer as it comes.

    What comes through a pipe is put behind the words: `cat letter.txt | homarus ask summarise this`.
    """
    text = " ".join(words)
    if not sys.stdin.isatty():
        piped = sys.stdin.read(_MAX_STDIN_CHARS + 1)
        if len(piped) > _MAX_STDIN_CHARS:
            raise click.UsageError(f"More than {_MAX_STDIN_CHARS} characters came through the pipe.")
        text = f"{text}\n\n{piped.strip()}".strip()
    if not text:
        raise click.UsageError("Nothing to ask. Type a question or pipe one in.")
    return asyncio.run(_ask(cli, text, session, timeout_s))


async def _ask(cli: CliSession, text: str, session: str, timeout_s: float) -> int:
    from appliance.cli.conversation import Conversation, answer_of
    from appliance.client.connection import connect

    said = ""
    async with connect(cli.target) as connection, asyncio.timeout(timeout_s):
        conversation = await Conversation.open(connection, session)
        async for item in answer_of(conversation, text):
            if item.kind == "delta":
                said = item.text if item.replace else said + item.text
                if not cli.as_json:
                    click.echo(item.text, nl=False)
            elif item.kind in ("final", "aborted"):
                rest = item.text.removeprefix(said)
                ok = item.kind == "final"
                if cli.as_json:
                    reply = {"ok": ok, "runId": item.run_id, "sessionKey": conversation.session_key, "text": item.text}
                    click.echo(json.dumps(reply, ensure_ascii=False))
                else:
                    click.echo(rest)
                return Exit.OK if ok else Exit.FAILED
            elif item.kind == "error":
                if cli.as_json:
                    click.echo(json.dumps({"ok": False, "runId": item.run_id, "error": item.text}, ensure_ascii=False))
                else:
                    click.echo(("\n" if said else "") + item.text, err=True)
                return Exit.FAILED
    return Exit.AWAY
