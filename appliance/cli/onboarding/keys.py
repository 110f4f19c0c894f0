"""Two ways to type an answer: with the arrows, on a terminal that can draw; as plain lines, everywhere else."""

from __future__ import annotations

import getpass
import shutil
import sys
from typing import Any

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl

_DIM = "fg:ansibrightblack"


class Arrows:
    """Up, down, a number or the first letter move; Enter takes it."""

    def choose(self, options: list[dict[str, Any]], initial: Any) -> Any:
        place = next((index for index, one in enumerate(options) if one["value"] == initial), 0)
        chosen = _Choice(options, place).run()
        click.echo(f"  ✓ {options[chosen]['label']}")
        return options[chosen]["value"]

    def text(self, initial: str, placeholder: str, *, sensitive: bool) -> str:
        session: PromptSession[str] = PromptSession()
        hint = FormattedText([(_DIM, placeholder)])
        return session.prompt("  › ", default=initial, placeholder=hint, is_password=sensitive)


class _Choice:
    """A list to choose from, gone when it is done."""

    def __init__(self, options: list[dict[str, Any]], place: int) -> None:
        self._options = options
        self._place = place
        self._columns = shutil.get_terminal_size().columns

    def run(self) -> int:
        window = Window(FormattedTextControl(self._text, show_cursor=False), always_hide_cursor=True, wrap_lines=True)
        application: Application[int] = Application(
            Layout(window), key_bindings=self._keys(), erase_when_done=True, full_screen=False
        )
        return application.run()

    def _text(self) -> FormattedText:
        parts: list[tuple[str, str]] = []
        for index, one in enumerate(self._options):
            here = index == self._place
            line, hint = f"  {'›' if here else ' '} {one['label']}", str(one.get("hint") or "")
            parts.append(("bold" if here else "", line))
            # A hint that does not fit beside its answer stands below it, while that one is marked.
            if hint and len(line) + len(hint) + 2 < self._columns:
                parts.append((_DIM, f"  {hint}"))
            elif hint and here:
                parts.append((_DIM, f"\n      {hint}"))
            parts.append(("", "\n"))
        return FormattedText(parts)

    def _keys(self) -> KeyBindings:
        keys, count = KeyBindings(), len(self._options)

        def move(by: int) -> None:
            self._place = (self._place + by) % count

        keys.add("up")(lambda event: move(-1))
        keys.add("down")(lambda event: move(1))
        keys.add("k")(lambda event: move(-1))
        keys.add("j")(lambda event: move(1))
        for enter in ("enter", "c-j"):  # c-j: typed ahead, before this list took over the terminal
            keys.add(enter)(lambda event: event.app.exit(result=self._place))
        for number in range(1, min(count, 9) + 1):
            keys.add(str(number))(self._jump(number - 1))

        def interrupt(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt())

        keys.add("c-c")(interrupt)
        keys.add("c-d")(interrupt)
        return keys

    def _jump(self, place: int) -> Any:
        def jump(event: KeyPressEvent) -> None:
            self._place = place

        return jump


class Lines:
    """Numbers and lines: for pipes, screen readers and terminals that cannot draw."""

    def choose(self, options: list[dict[str, Any]], initial: Any) -> Any:
        usual = next((index for index, one in enumerate(options) if one["value"] == initial), 0)
        for index, one in enumerate(options, 1):
            hint = f"  ({one['hint']})" if one.get("hint") else ""
            click.echo(f"  {index}. {one['label']}{hint}")
        while True:
            typed = self._line(f"  [{usual + 1}] ")
            if not typed:
                return options[usual]["value"]
            if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(options):
                return options[int(typed) - 1]["value"]
            click.echo(f"  1-{len(options)}")

    def text(self, initial: str, placeholder: str, *, sensitive: bool) -> str:
        if sensitive and sys.stdin.isatty():
            return getpass.getpass("  > ")
        return self._line(f"  [{initial}] " if initial else "  > ") or initial

    @staticmethod
    def _line(prompt: str) -> str:
        click.echo(prompt, nl=False)
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise click.Abort  # the input is over: nobody will answer
        if not sys.stdin.isatty():
            click.echo()
        return line.strip()
