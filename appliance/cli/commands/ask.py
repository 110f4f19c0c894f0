"""`homarus ask`: one question, one answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import TYPE_CHECKING

import click

from appliance.cli.exits import Exit
from appliance.cli.render import Squeezed
from appliance.cli.session import CliSession
from appliance.client.errors import ClientError

if TYPE_CHECKING:  # the conversation needs the event loop, which wrong usage must not wait for
    from appliance.cli.conversation import Conversation, Shown

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
    from appliance.cli.conversation import Conversation
    from appliance.client.connection import connect

    async with connect(cli.target) as connection:
        conversation = await Conversation.open(connection, session)
        try:
            async with asyncio.timeout(timeout_s):
                return await _answer(cli, conversation, text)
        except (asyncio.CancelledError, TimeoutError):
            # Ctrl-C, or enough waited: nobody reads the answer any more, so it is not made.
            with contextlib.suppress(ClientError, TimeoutError):
                await conversation.abort()
            raise


async def _answer(cli: CliSession, conversation: Conversation, text: str) -> int:
    from appliance.cli.conversation import answer_of

    said, shown = "", Squeezed()
    async for item in answer_of(conversation, text):
        if item.kind == "delta":
            said = item.text if item.replace else said + item.text
            if not cli.as_json:
                click.echo(shown.more(item.text), nl=False)
        elif item.kind in ("final", "aborted", "error"):
            return _end(cli, conversation.session_key, said, shown, item)
    return Exit.AWAY


def _end(cli: CliSession, session_key: str, said: str, shown: Squeezed, item: Shown) -> int:
    ok = item.kind == "final"
    if cli.as_json:
        facts = {"ok": ok, "runId": item.run_id, "sessionKey": session_key}
        name = "error" if item.kind == "error" else "text"
        took = {"answer": item.facts} if item.facts else {}
        click.echo(json.dumps({**facts, name: item.text, **took}, ensure_ascii=False, indent=2))
    elif item.kind == "error":
        click.echo("\n" if said else "", nl=False)
        click.echo(f"homarus: {item.text}", err=True)
    else:
        on = item.text.startswith(said)
        click.echo(shown.more(item.text.removeprefix(said)) if on else f"\n{Squeezed().more(item.text)}")
    if item.kind == "aborted":
        click.echo("homarus: The answer was stopped.", err=True)
    return Exit.OK if ok else Exit.FAILED
