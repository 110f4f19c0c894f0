"""What a chat prints and when: pure text, whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

import click

from appliance.cli.conversation import Conversation, Shown, message_text
from appliance.client.errors import RequestFailed


class ChatWindow:
    """Prints one conversation as it happens."""

    def __init__(self, conversation: Conversation, echo: Callable[[str], None] | None = None) -> None:
        self._conversation = conversation
        self._echo = echo or (lambda text: click.echo(text, nl=False))
        self._running: set[str] = set()
        self._said: dict[str, str] = {}
        self._line_open = False

    async def show_history(self, limit: int) -> None:
        """Print the last messages."""
        if limit > 0:
            for message in await self._conversation.history(limit):
                text = message_text(message)
                if text and message.get("role") in ("user", "assistant"):
                    mark = "› " if message["role"] == "user" else ""
                    self._line(mark + text)

    async def listen(self) -> None:
        """Print what happens until the connection ends."""
        async for item in self._conversation.shown():
            self.show(item)

    async def send(self, text: str) -> None:
        """Send what the person typed; a refusal is printed, not raised."""
        try:
            self._running.add(await self._conversation.send(text))
        except (RequestFailed, TimeoutError) as error:
            self._line(f"! {error or 'The gateway did not answer in time.'}")

    async def interrupt(self) -> bool:
        """End the running answer; False when nothing runs."""
        if not self._running:
            return False
        await self._conversation.abort()
        return True

    def show(self, item: Shown) -> None:
        """Print one item."""
        match item.kind:
            case "delta":
                self._running.add(item.run_id)
                self._said[item.run_id] = self._said.get(item.run_id, "") + item.text
                self._echo(item.text)
                self._line_open = True
            case "tool":
                self._line(f"  · {item.text.replace('_', ' ')}")
            case "final" | "aborted":
                self._end(item)
            case "error":
                self._forget(item.run_id)
                self._line(f"! {item.text}")
            case "gap":
                self._line("! Some events were lost on the way; /status shows how it is now.")

    def _end(self, item: Shown) -> None:
        said = self._forget(item.run_id)
        rest = item.text.removeprefix(said)
        if rest:
            self._echo(rest) if said else self._line(rest)
            self._line_open = self._line_open or bool(said)
        if self._line_open:
            self._echo("\n")
            self._line_open = False
        if item.kind == "aborted":
            self._line("(stopped)")

    def _forget(self, run_id: str) -> str:
        self._running.discard(run_id)
        return self._said.pop(run_id, "")

    def _line(self, text: str) -> None:
        self._echo(("\n" if self._line_open else "") + text + "\n")
        self._line_open = False
