"""A person at a terminal: one question at a time, in their language, with as little around it as possible."""

from __future__ import annotations

import select
import shutil
import sys
from collections.abc import Mapping
from typing import Any, Final, Protocol

import click

from appliance.cli.onboarding.words import words
from appliance.cli.pairing.qr import drawn, size
from appliance.cli.render import fold
from appliance.client.target import on_this_machine

_WAIT_S: Final = 0.5
_BAR: Final = 30
_MAX_COLUMNS: Final = 78


class Keys(Protocol):
    """How answers are typed: with arrows on a terminal that can, else as lines."""

    def choose(self, options: list[dict[str, Any]], initial: Any) -> Any: ...
    def text(self, initial: str, placeholder: str, *, sensitive: bool) -> str: ...


class Person:
    """Shows the steps and reads the answers."""

    def __init__(self, keys: Keys, *, draws: bool) -> None:
        self._keys = keys
        self._draws = draws
        self._words: Mapping[str, str] = words("en")
        self._working = ""
        self._code = ""

    def begin(self, *, resumed: bool, language: str) -> None:
        self._words = words(language)
        click.echo()
        click.secho("Homarus", bold=True)
        click.echo(self._words["resumed" if resumed else "lead"])

    def answer(self, step: dict[str, Any], error: str | None) -> Any:
        self._done_working()
        self._head(step, error)
        match step["type"]:
            case "select":
                value = self._keys.choose(step["options"], step.get("initialValue"))
            case "confirm":
                options = [{"value": one, "label": self._words["yes" if one else "no"]} for one in (True, False)]
                value = self._keys.choose(options, step.get("initialValue", True))
            case "text":
                initial, placeholder = str(step.get("initialValue") or ""), str(step.get("placeholder") or "")
                value = self._keys.text(initial, placeholder, sensitive=bool(step.get("sensitive")))
            case _:
                value = None
        if step["id"] == "language" and isinstance(value, str):
            self._words = words(value)
        return value

    def waits(self, step: dict[str, Any]) -> bool:
        leaves = step["id"] == "fetching" and sys.stdin.isatty()
        share = step.get("initialValue")
        line = str(step.get("title", ""))
        if isinstance(share, int | float):
            full = round(_BAR * share)
            line = f"{line}  {'━' * full}{'─' * (_BAR - full)} {share:.0%}"
        if not self._working:
            click.echo()
            if leaves:
                click.secho(f"  {self._words['leaves']}", dim=True)
        if self._draws:
            click.echo(f"\r\x1b[2K  {line} …", nl=False)
        elif self._working.split("  ")[0] != line.split("  ")[0]:
            click.echo(f"  {line} …")
        self._working = line
        return leaves and self._enter_within(0.0)

    def pairs(self, step: dict[str, Any]) -> bool:
        self._done_working()
        link, code = str(step.get("externalUrl") or ""), step["deviceCode"]
        if self._code != code["code"]:
            self._code = code["code"]
            self._page(step, link)
        return self._enter_within(_WAIT_S)

    def _page(self, step: dict[str, Any], link: str) -> None:
        # What is scanned stands last: in a small window it is still on the screen.
        code = step["deviceCode"]
        self._head(step, None)
        click.echo(f"\n  {code.get('message', '')}\n\n{code['code']}")
        click.echo(f"\n  {self._words['link']}\n\n{link}")
        # No camera reaches this machine's own address.
        if self._draws and link and not on_this_machine(link) and size(link)[0] <= shutil.get_terminal_size().columns:
            click.echo(f"\n{drawn(link)}")
        click.secho(f"\n  {self._words['waiting'].format(minutes=code.get('expiresInMinutes', 10))}", dim=True)

    def _enter_within(self, seconds: float) -> bool:
        """Tell whether Enter was typed in that time; nobody is waited for where nobody can type."""
        if not sys.stdin.isatty():
            return True
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        return bool(ready) and sys.stdin.readline() is not None

    def _head(self, step: dict[str, Any], error: str | None) -> None:
        click.echo()
        if error:
            for line in _folded(error):
                click.secho(f"  ! {line}" if line == _folded(error)[0] else f"    {line}", fg="yellow")
            click.echo()
        click.secho(f"  {step.get('title', '')}", bold=True)
        for line in _folded(str(step.get("message") or "")):
            click.secho(f"  {line}", dim=True)

    def _done_working(self) -> None:
        if self._working:
            if self._draws:
                click.echo("\r\x1b[2K\x1b[1A", nl=False)  # what it said while it worked is over
            self._working = ""


def _folded(text: str) -> list[str]:
    return fold(text, min(_MAX_COLUMNS, shutil.get_terminal_size().columns) - 4) if text else []
