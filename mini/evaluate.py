"""Measures homarus-mini through the real engine, and finds its thresholds on held-out sentences.

A third of mini/evaluation (every third line) sets the thresholds; the figures are of the other two thirds. Only
totals are printed: who writes templates must not look at single failures there. `--show` is for other files.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from appliance.engine.client import EngineClient
from appliance.foundation.clock import SystemClock
from appliance.generation import ModelError
from appliance.understanding.understander import (
    Calibration,
    Understander,
    Weights,
    joined,
    load_weights,
    weights_folder,
)
from appliance.understanding.vocabulary import ESCALATE, WRITING

ROOT = Path(__file__).resolve().parent.parent
SENTENCES = ROOT / "mini" / "evaluation" / "english.jsonl"
ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp() * 1000)
_READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    tool: str
    arguments: dict[str, Any] | None


def rows(path: Path) -> list[Row]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Row(one["text"], one["tool"], one.get("arguments")) for one in map(json.loads, lines)]


def start_engine(socket: Path, model: Path) -> subprocess.Popen[bytes]:
    """Start an engine process on `socket` from .venv-engine."""
    found = json.loads((ROOT / ".venv-engine" / "engine.json").read_text(encoding="utf-8"))
    environment = {
        **os.environ,
        "LLAMA_CPP_LIB_PATH": found["libraries"],
        "PYTHONPATH": str(ROOT),
        "GGML_NO_BACKTRACE": "1",
    }
    command = [
        found["python"],
        "-m",
        "appliance.engine",
        "--socket",
        str(socket),
        "--model",
        str(model),
        "--name",
        "mini",
        "--context",
        "512",
        "--threads",
        "1",
    ]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


async def ready(client: EngineClient) -> None:
    """Wait until the engine answers. Raises TimeoutError."""
    async with asyncio.timeout(_READY_S):
        while True:
            try:
                await client.info()
                return
            except ModelError:
                await asyncio.sleep(0.1)


async def votes(
    understander: Understander, weights: Weights, sentences: list[Row]
) -> list[tuple[dict[str, float], dict[str, float]]]:
    from appliance.understanding.text import clean, lowered

    found = []
    for row in sentences:
        text = " ".join(lowered(clean(row.text).split()))
        found.append((await understander.language_scores(text), weights.ngram.probabilities(text)))
    return found


def tally(sentences: list[Row], chosen: list[str]) -> dict[str, float]:
    """Return the three figures of the issue, and false accepts on any tool, as shares."""
    inside = [(row, tool) for row, tool in zip(sentences, chosen, strict=True) if row.tool != ESCALATE]
    outside = [tool for row, tool in zip(sentences, chosen, strict=True) if row.tool == ESCALATE]
    return {
        "right": sum(row.tool == tool for row, tool in inside) / max(1, len(inside)),
        "wrong": sum(tool not in (row.tool, ESCALATE) for row, tool in inside) / max(1, len(inside)),
        "outside_any": sum(tool != ESCALATE for tool in outside) / max(1, len(outside)),
        "outside_writing": sum(tool in WRITING for tool in outside) / max(1, len(outside)),
    }


def decide(pairs: list[tuple[dict[str, float], dict[str, float]]], calibration: Calibration) -> list[str]:
    chosen = []
    for read, counted in pairs:
        chances = joined(read, counted, calibration)
        guess = max(chances, key=lambda tool: chances[tool])
        needed = calibration.writing if guess in WRITING else calibration.reading
        chosen.append(guess if chances[guess] >= needed else ESCALATE)
    return chosen


def show(label: str, figures: dict[str, float]) -> None:
    print(f"{label:24} " + "  ".join(f"{name} {value:6.1%}" for name, value in figures.items()))


async def measure(options: argparse.Namespace, socket: Path) -> None:
    client = EngineClient(socket)
    await ready(client)
    weights = load_weights(options.weights)
    understander = Understander(client, weights, SystemClock())
    sentences = rows(options.sentences)
    held = sentences[::3] if options.sentences == SENTENCES else sentences
    rest = [row for n, row in enumerate(sentences) if n % 3] if options.sentences == SENTENCES else sentences
    pairs = await votes(understander, weights, held)
    for weight, name in ((1.0, "language model"), (0.0, "n-grams"), (0.5, "both")):
        show(f"{name}, no threshold", tally(held, decide(pairs, Calibration(weight, 1.0, 0.0, 0.0))))
    for write in (0.5, 0.7, 0.8, 0.9, 0.95):
        show(
            f"both, {write}",
            tally(held, decide(pairs, Calibration(0.5, weights.calibration.sharpness, write - 0.1, write))),
        )
    begun, spent = time.perf_counter(), time.process_time()
    understood = [await understander.understand(row.text, NOW_MS, ZONE) for row in rest]
    wall, cpu = time.perf_counter() - begun, time.process_time() - spent
    show(f"as shipped, {len(rest)} sentences", tally(rest, [one.tool for one in understood]))
    exact = [(row, one) for row, one in zip(rest, understood, strict=True) if row.arguments is not None]
    whole = sum(one.tool == row.tool and dict(one.arguments) == row.arguments for row, one in exact)
    print(f"whole call exact: {whole}/{len(exact)}")
    print(
        f"{wall / len(rest) * 1000:.1f} ms a sentence, of them {cpu / len(rest) * 1000:.1f} ms CPU outside the engine"
    )
    hits = Counter(row.tool for row, one in zip(rest, understood, strict=True) if row.tool == one.tool)
    print(
        "right by tool:", {tool: f"{hits[tool]}/{n}" for tool, n in sorted(Counter(row.tool for row in rest).items())}
    )
    missed = Counter(row.tool for row, one in exact if one.tool == row.tool and dict(one.arguments) != row.arguments)
    print("right tool, other arguments:", dict(missed))
    if options.show:
        if options.sentences == SENTENCES:
            sys.exit("Single sentences of the evaluation are not shown: they would find their way into templates.")
        for row, one in zip(rest, understood, strict=True):
            if one.tool != row.tool or (row.arguments is not None and dict(one.arguments) != row.arguments):
                found = f"{one.tool} (guess {one.guess} {one.confidence:.2f})"
                print(f"{row.tool} -> {found} {row.text} | {row.arguments} | {dict(one.arguments)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=Path, default=SENTENCES)
    parser.add_argument("--weights", type=Path, default=weights_folder(), help="folder with the three weight files")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "mini.sock"
        engine = start_engine(socket, options.weights / "homarus-mini.gguf")
        try:
            asyncio.run(measure(options, socket))
        finally:
            engine.terminate()
            engine.wait(10)


if __name__ == "__main__":
    main()
