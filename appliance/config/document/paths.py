"""Paths to options as text: `gateway.port`, `models.providers["my.server"].models[0].id`."""

from __future__ import annotations

import re
from typing import TypeAlias

from appliance.config.errors import ConfigError

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

_PLAIN = re.compile(r"[^.\[\]\"'\s]+")
_STEP = re.compile(
    r"""\.?(?P<name>[^.\[\]"'\s]+)|\[(?P<index>\d{1,6})\]|\.?\[?(?P<q>["'])(?P<quoted>(?:(?!(?P=q)).)*)(?P=q)\]?"""
)
_MAX_CHARACTERS = 1024


class ConfigPathError(ConfigError):
    """A path is not written in a way that can be read."""

    code = "config_path"


def join(path: str, key: str) -> str:
    """Append a key to a path."""
    if not _PLAIN.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def format_path(steps: Path) -> str:
    """Write steps as one text."""
    text = ""
    for step in steps:
        text = f"{text}[{step}]" if isinstance(step, int) else join(text, step)
    return text


def parse_path(text: str) -> Path:
    """Read a path. Raises ConfigPathError."""
    steps: list[Step] = []
    position = 0
    if len(text) > _MAX_CHARACTERS:
        raise ConfigPathError(f"A path is at most {_MAX_CHARACTERS} characters long.")
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (position == 0 and match.group("index")) or (position == 0 and text[0] == "."):
            raise ConfigPathError(f"{text!r} is not a path; write for example gateway.port or agents.entries.main.name")
        if match.group("index") is not None:
            steps.append(int(match.group("index")))
        else:
            steps.append(match.group("quoted") if match.group("quoted") is not None else match.group("name"))
        position = match.end()
    if not steps:
        raise ConfigPathError("The path is empty; write for example gateway.port")
    return tuple(steps)
