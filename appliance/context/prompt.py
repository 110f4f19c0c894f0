"""The static prompt: the same bytes for every turn, so that its KV state is computed once (llama.md 4.3)."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

_OWNER = "\n- The owner of this box is called {name}; others of the house may write too."


@lru_cache(maxsize=4)
def system_prompt(owner: str = "") -> str:
    """Return the system prompt; `owner` is the name of the box's owner, "" while unknown.

    Nothing that varies from turn to turn (time, devices, who speaks) may ever be put in here. The name stands last and
    changes with the configuration only.
    """
    name = " ".join(owner.split())  # one line: a name opens no paragraph of its own
    return f"{_static()}{_OWNER.format(name=name)}" if name else _static()


@cache
def _static() -> str:
    return files("appliance.context").joinpath("prompts/system.md").read_text(encoding="utf-8").strip()
