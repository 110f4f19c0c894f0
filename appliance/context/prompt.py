"""The static prompt: the same bytes for every turn, so that its KV state is computed once (llama.md 4.3)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def system_prompt() -> str:
    """Return the system prompt. Nothing that varies (time, names, devices) may ever be put in here."""
    return files("appliance.context").joinpath("prompts/system.md").read_text(encoding="utf-8").strip()
