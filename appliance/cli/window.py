"""What a chat prints and when: pure text, whoever shows it."""

from __future__ import annotations

import re
from typing import Protocol

from appliance.cli.conversation import Conversation, Shown, message_text
from appliance.cli.render import answer_line, fold
from appliance.client.errors import RequestFailed

_COMMAND = re.compile(r"/([a-z][a-z-]*)(?=[\s:]|$)")
_LEAVE = "/quit — leave this window (or Ctrl-D)"


class Screen(Protocol):
    """Where a chat is shown: finished lines, and one line that still grows."""

    @property
    def columns(self) -> int: ...

    def line(self, text: str) -> None:
        """Show a finished line below all others."""
        ...

    def growing(self, text: str) -> None:
        """Show `text` as the line that still grows; empty takes it away."""
        ...


class ChatWindow:
    """Shows one conversation as it happens."""

    def __init__(self, conversation: Conversation, screen: Screen) -> None:
        self._conversation = conversation
        self._screen = screen
        self._running: set[str] = set()
        self._said: dict[str, str] = {}
        self._open = ""
        self._open_run = ""
        self._help_run = ""

    async def show_history(self, limit: int) -> None:
        """Show the last messages."""
        if limit > 0:
            for message in await self._conversation.history(limit):
                text = message_text(message)
                if text and message.get("role") in ("user", "assistant"):
                    self._text(("› " if message["role"] == "user" else "") + text)

    async def listen(self) -> None:
        """Show what happens until the connection ends."""
        async for item in self._conversation.shown():
            self.show(item)

    async def send(self, text: str) -> None:
        """Send what the person typed; a refusal is shown, not raised."""
        try:
            command = _COMMAND.match(text)
            if command is not None and not await self._knows(command.group(1)):
                self._text(f"! There is no command /{command.group(1)}. /help lists them.")
                return
            run_id = await self._conversation.send(text)
            self._running.add(run_id)
            self._help_run = run_id if text == "/help" else self._help_run
        except (RequestFailed, TimeoutError) as error:
            self._text(f"! {error or 'The gateway did not answer in time.'}")

    async def interrupt(self) -> bool:
        """End the running answer; False when nothing runs."""
        if not self._running:
            return False
        try:
            await self._conversation.abort()
        except (RequestFailed, TimeoutError) as error:
            self._text(f"! {error or 'The gateway did not answer in time.'}")
        return True

    def show(self, item: Shown) -> None:
        """Show one item."""
        match item.kind:
            case "delta":
                self._delta(item)
            case "tool":
                self._text(f"  · {item.text.replace('_', ' ')}")
            case "grounding":
                self._text("  · the answer ran in circles; it is brought back to the question")
            case "final" | "aborted":
                self._end(item)
            case "error":
                self._forget(item.run_id)
                self._text(f"! {item.text}")
            case "gap":
                self._text("! Some events were lost on the way; /status shows how it is now.")

    async def _knows(self, name: str) -> bool:
        return name in await self._conversation.commands()

    def _delta(self, item: Shown) -> None:
        self._running.add(item.run_id)
        if item.replace or self._open_run != item.run_id:
            self._close()
        self._open_run = item.run_id
        self._said[item.run_id] = item.text if item.replace else self._said.get(item.run_id, "") + item.text
        self._grow(item.text)

    def _grow(self, text: str) -> None:
        *lines, self._open = fold(self._open + text, self._screen.columns)
        for line in lines:
            self._screen.line(line)
        self._screen.growing(self._open)

    def _end(self, item: Shown) -> None:
        said = self._forget(item.run_id)
        if said and item.text.startswith(said):
            self._grow(item.text.removeprefix(said))
            self._close()
        elif item.text and item.text != said:
            self._text(item.text)
        self._close()
        if item.kind == "aborted":
            self._text("(stopped)")
        elif item.run_id == self._help_run:
            self._text(_LEAVE)
        elif line := answer_line(item.facts):
            self._text(f"  {line}")

    def _forget(self, run_id: str) -> str:
        self._running.discard(run_id)
        return self._said.pop(run_id, "")

    def _text(self, text: str) -> None:
        """Show a whole text of its own."""
        self._close()
        for line in fold(text, self._screen.columns):
            self._screen.line(line)

    def _close(self) -> None:
        """End the growing line."""
        line, self._open, self._open_run = self._open, "", ""
        self._screen.growing("")
        if line:
            self._screen.line(line)
