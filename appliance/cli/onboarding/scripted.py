"""Answers from the options of a command, for scripts: asks nobody, and stops where an answer does not work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from appliance.cli.onboarding.drive import SetupError

_OPTIONS = {"name": "--name", "language": "--language", "exposure": "--expose", "model": "--model", "cloud": "--cloud"}


class Scripted:
    """Answers by the name of the step; what is not named gets the usual answer."""

    def __init__(self, answers: Mapping[str, Any], *, quiet: bool) -> None:
        self._answers = answers
        self._quiet = quiet
        self._said: set[str] = set()
        self._tried: set[str] = set()
        self.code: dict[str, Any] = {}

    def begin(self, *, resumed: bool, language: str) -> None:
        if resumed:
            self._say("going on where it was left")

    def answer(self, step: dict[str, Any], error: str | None) -> Any:
        name = step["id"]
        if error is not None and (name in self._tried or "download" in self._tried):
            option = _OPTIONS.get(name, "the key" if name == "key" else name)
            raise SetupError(f"{option}: {error} What was answered before is kept.")
        self._tried.add(name)
        value = self._answers.get(name)
        self._say(f"{name}: {'***' if step.get('sensitive') else self._shown(step, value)}")
        return value

    def waits(self, step: dict[str, Any]) -> bool:
        if step["id"] not in self._said:
            self._said.add(step["id"])
            self._say(step.get("title", "working"))
        return False

    def pairs(self, step: dict[str, Any]) -> bool:
        self.code = {"setupCode": step["deviceCode"]["code"], "link": step.get("externalUrl")}
        if step.get("externalUrl"):
            self._say(f"first device: {step['externalUrl']}")
        return True

    def _shown(self, step: dict[str, Any], value: Any) -> Any:
        return step.get("initialValue", "") if value is None else value

    def _say(self, text: str) -> None:
        if not self._quiet:
            click.echo(text)
