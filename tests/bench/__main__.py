"""`python -m tests.bench [engine|web] [--only PART …] [--scale N] [--json]`: measure, print the table, keep the JSON.

With `engine` in front it is the local engine beside llama.cpp's own programs (tests/bench/engine), with `web` the web
app in a browser (tests/bench/web.py), else the gateway.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict

import uvloop

from tests.bench import idle, requests, turns
from tests.bench.report import Figure, save, table
from tests.bench.rig import Rig, rig

PARTS: Mapping[str, Callable[[Rig], Awaitable[list[Figure]]]] = {
    "start": idle.starts,
    "memory": idle.resting,
    "overhead": turns.overhead,
    "throughput": turns.throughput,
    "requests": requests.rates,
    "connects": requests.connects,
    "growth": turns.growth,
}


def main() -> None:
    if sys.argv[1:2] == ["engine"]:
        from tests.bench.engine.run import main as measure_engine

        measure_engine(sys.argv[2:])
        return
    if sys.argv[1:2] == ["web"]:
        from tests.bench.web import main as measure_web

        measure_web(sys.argv[2:])
        return
    options = _options().parse_args()
    figures: list[Figure] = []
    facts = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": platform.platform(), "cores": os.cpu_count()}
    with rig(options.scale) as ready:
        for name in options.only or PARTS:
            if not options.json:
                print(f"measuring {name} (load {idle.load():.1f}) …", flush=True)
            figures += uvloop.run(_one(PARTS[name], ready))
    path = save(figures, {**facts, "scale": options.scale}, time.strftime("%Y%m%d-%H%M%S"))
    if options.json:
        print(json.dumps([asdict(each) for each in figures], indent=1))
    else:
        print(f"\n{table(figures)}\n\n{path}")


async def _one(part: Callable[[Rig], Awaitable[list[Figure]]], ready: Rig) -> list[Figure]:
    return await part(ready)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these parts alone")
    parser.add_argument("--scale", type=float, default=1.0, help="do this many times the usual amount")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


if __name__ == "__main__":
    main()
