"""What is done around a decode: the grammar, the watch, states that are saved and come back."""

from __future__ import annotations

import asyncio
import json
import subprocess

from tests.bench.engine.bench import Bench
from tests.bench.report import Figure
from tests.integration.engine.process import environment, home

_TOKENS = 1024


async def costs(rig: Bench) -> list[Figure]:
    """Measure in a process that loads the model by itself (sides/inside.py)."""
    tokens = rig.amount(_TOKENS, least=64)
    found = await asyncio.to_thread(_inside, rig, tokens)
    name = f"of {tokens} tokens, {found['megabytes']:.0f} MB"
    return [
        Figure("grammar per token that fits", found["grammar_token"], "ms", 0.2),
        Figure("grammar per token that is refused", found["grammar_refused"], "ms"),
        Figure("grammar per request", found["grammar_request"], "ms"),
        Figure(f"choosing one of {found['vocabulary']:.0f} tokens", found["choose"], "ms"),
        Figure("watch, of decode time", 100 * found["watch"] / found["decode"], "%", 1.0),
        Figure(f"saving the state {name}", found["save"], "ms"),
        Figure(f"state {name}, back from memory", found["from_memory"], "ms"),
        Figure(f"state {name}, back from a file", found["from_file"], "ms"),
    ]


def _inside(rig: Bench, tokens: int) -> dict[str, float]:
    engine = home()
    numbers = [str(rig.threads), str(rig.amount(15, least=3)), str(tokens)]
    command = [str(engine.python), "-m", "tests.bench.engine.sides.inside", str(rig.model.path), *numbers]
    done = subprocess.run(command, env=environment(engine), stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
