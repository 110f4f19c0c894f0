"""`homarus chat`: a conversation in the terminal."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.cli.exits import Exit
from appliance.cli.session import CliSession, on_terminal
from appliance.foundation.tasks import start

if TYPE_CHECKING:  # both cost start-up time that only a chat needs
    from appliance.cli.terminal import Terminal
    from appliance.cli.window import ChatWindow


@click.command()
@click.option("--session", default="main", show_default=True, help="Name or key of the conversation.")
@click.option(
    "--history",
    "history_limit",
    default=10,
    type=click.IntRange(0, 1000),
    show_default=True,
    help="Earlier messages to show.",
)
@click.pass_obj
def command(cli: CliSession, session: str, history_limit: int) -> int:
    """Talk to the assistant.

    Enter sends, Ctrl-C ends the running answer (twice at an empty line: leave), Ctrl-D leaves. /help lists the
    commands. What becomes due, a timer for example, is said here too.
    """
    if not on_terminal():
        raise click.UsageError("`homarus chat` needs a terminal. In scripts use `homarus ask`.")
    return asyncio.run(talk(cli, session, history_limit))


async def talk(cli: CliSession, session: str, history_limit: int = 10) -> int:
    """Chat until the person leaves or the gateway goes away."""
    from appliance.cli.conversation import Conversation
    from appliance.cli.terminal import Terminal
    from appliance.cli.window import ChatWindow
    from appliance.client.connection import connect
    from appliance.client.errors import ClientError

    terminal = Terminal(_history_file(cli.paths.root))
    async with connect(cli.target, caps=["tool-events"]) as connection:
        conversation = await Conversation.open(connection, session)
        window = ChatWindow(conversation, terminal)
        with terminal.open():
            await window.show_history(history_limit)
            listener = start(window.listen(), name="listen")
            reader = start(_read(terminal, window), name="read")
            done, _ = await asyncio.wait((listener, reader), return_when=asyncio.FIRST_COMPLETED)
            for task in (listener, reader):
                if task not in done:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
        try:
            for task in done:
                task.result()
        except ClientError as error:
            click.echo(f"homarus: {error}", err=True)
            return Exit.AWAY
    return Exit.OK


async def _read(terminal: Terminal, window: ChatWindow) -> None:
    leaving = False
    while True:
        try:
            text = (await terminal.read()).strip()
            leaving = False
        except KeyboardInterrupt:
            if await window.interrupt():
                continue
            if leaving:
                return
            leaving = True
            terminal.line("Ctrl-C again or Ctrl-D leaves.")
            continue
        except EOFError:
            return
        if text in ("/quit", "/exit"):
            return
        if text:
            await window.send(text)


def _history_file(state: Path) -> Path:
    return state / "chat.history" if state.is_dir() else Path.home() / ".homarus_history"
