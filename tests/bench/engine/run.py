"""`python -m tests.bench engine [--only PART …] [--scale N] [--threads N] [--model SHAPE]`: the local engine."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict

from tests.bench.engine.bench import Bench
from tests.bench.engine.costs import costs
from tests.bench.engine.decode import decode
from tests.bench.engine.gateway import loop_delay
from tests.bench.engine.neighbours import neighbours
from tests.bench.engine.quoting import quoting
from tests.bench.engine.sessions import gap, sessions
from tests.bench.engine.synthetic.files import bench_model
from tests.bench.engine.synthetic.shapes import QWEN, SHAPES
from tests.bench.engine.turns import turns
from tests.bench.report import Figure, save, table

PARTS: Mapping[str, Callable[[Bench], Awaitable[list[Figure]]]] = {
    "decode": decode,
    "sessions": sessions,
    "gap": gap,
    "turns": turns,
    "quoting": quoting,
    "neighbours": neighbours,
    "costs": costs,
    "loop": loop_delay,
}


def main(arguments: Sequence[str]) -> None:
    options = _options().parse_args(arguments)
    shape = SHAPES[options.model]
    bench = Bench(bench_model(shape), options.threads, options.scale)
    facts = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "model": shape.name,
        "threads": options.threads,
        "scale": options.scale,
        "load": os.getloadavg()[0],
    }
    figures: list[Figure] = []
    for name in options.only or PARTS:
        if not options.json:
            print(f"measuring {name} (load {os.getloadavg()[0]:.1f}) …", flush=True)
        figures += asyncio.run(_one(PARTS[name], bench))
    path = save(figures, facts, time.strftime("engine-%Y%m%d-%H%M%S"))
    if options.json:
        print(json.dumps([asdict(each) for each in figures], indent=1))
    else:
        print(f"\n{table(figures)}\n\n{path}")


async def _one(part: Callable[[Bench], Awaitable[list[Figure]]], bench: Bench) -> list[Figure]:
    return await part(bench)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench engine", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these parts alone")
    parser.add_argument("--scale", type=float, default=1.0, help="do this many times the usual amount")
    parser.add_argument("--threads", type=int, default=1, help="of both sides (1: a busy neighbour costs least)")
    parser.add_argument("--model", choices=SHAPES, default=QWEN.name, help="what is measured")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser
