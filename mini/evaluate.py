"""Measures homarus-mini through the real engine on the sentences of mini/evaluation.

Only totals are printed: who writes phrases or rules must not look at single failures there. For a look, write
sentences of your own and use `--sentences FILE --show`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.understanding.languages import TAGS
from appliance.understanding.understander import Understander, Understanding, load_weights, weights_folder
from appliance.understanding.vocabulary import ESCALATE, TOPICS, WRITING
from appliance.understanding.voting.embedded import load_voter
from mini.calibrate import error
from mini.sentences import CALIBRATION, EVALUATION, NOW_MS, ZONE, Row, engine, rows

_OUTSIDE = (ESCALATE, *TOPICS)
_PATIENCE_S = 30.0  # a measurement waits for every vote
Judged = Sequence[tuple[Row, Understanding]]


def share(part: int, whole: int) -> str:
    return f"{part / max(1, whole):6.1%} ({part}/{whole})"


def figures(tag: str, judged: Judged) -> list[str]:
    """Return the lines of one language: the goals of the issue, and what hides behind them."""
    inside = [(row, one) for row, one in judged if row.tool != ESCALATE]
    outside = [one for row, one in judged if row.tool == ESCALATE]
    exact = [(row, one) for row, one in inside if row.arguments is not None and one.tool == row.tool]
    times = sorted(one.ms for _, one in judged)
    sure = [
        (one.guess == row.tool or (row.tool == ESCALATE and one.guess in _OUTSIDE), one.confidence)
        for row, one in judged
    ]
    incomplete = sum(one.tool == ESCALATE and one.guess == row.tool for row, one in inside)
    return [
        f"{tag}: {len(inside)} requests, {len(outside)} to hand over",
        f"  right tool        {share(sum(one.tool == row.tool for row, one in inside), len(inside))}",
        f"  wrong tool        {share(sum(one.tool not in (row.tool, ESCALATE) for row, one in inside), len(inside))}",
        f"  handed over       {share(sum(one.tool == ESCALATE for _, one in inside), len(inside))}"
        f", of them with the right guess {incomplete}",
        f"  false, writing    {share(sum(one.tool in WRITING for one in outside), len(outside))}",
        f"  false, reading    {share(sum(one.tool not in WRITING | {ESCALATE} for one in outside), len(outside))}",
        f"  slots exact       {share(sum(dict(one.arguments) == row.arguments for row, one in exact), len(exact))}"
        f" of the right calls whose arguments are known",
        f"  language heard    {share(sum(one.lang == tag for _, one in judged), len(judged))}",
        f"  calibration error {error(sure):6.3f}",
        f"  milliseconds      p50 {times[len(times) // 2]:.1f}, p99 {times[int(len(times) * 0.99)]:.1f}",
    ]


def confusion(judged: Judged) -> list[str]:
    """Return every pair of wanted and chosen tool that differs, and how often."""
    pairs = Counter((row.tool, one.tool) for row, one in judged if row.tool != one.tool)
    wanted = Counter(row.tool for row, _ in judged)
    slots = Counter(
        row.tool
        for row, one in judged
        if row.arguments is not None and one.tool == row.tool and dict(one.arguments) != row.arguments
    )
    lines = ["  wanted -> chosen (times, of the sentences for the wanted tool)"]
    lines += [f"  {a:16} -> {b:16} {n:3} / {wanted[a]}" for (a, b), n in pairs.most_common()]
    lines.append("  right tool, other arguments: " + (", ".join(f"{t} {n}" for t, n in slots.most_common()) or "none"))
    return lines


def shown(judged: Judged) -> list[str]:
    lines = []
    for row, one in judged:
        if one.tool != row.tool or (row.arguments is not None and dict(one.arguments) != row.arguments):
            found = f"{one.tool} (guess {one.guess} {one.confidence:.2f})"
            lines.append(f"{row.tool} -> {found} | {row.text} | {row.arguments} | {dict(one.arguments)}")
    return lines


async def judge(understander: Understander, sentences: Sequence[Row], lang: str | None) -> Judged:
    return [(row, await understander.understand(row.text, NOW_MS, ZONE, lang)) for row in sentences]


def spent_s(pid: int) -> float:
    """Return the CPU seconds of this process and of the engine (Linux; a busy machine does not lengthen them)."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return time.process_time() + (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


async def measure(options: argparse.Namespace, folder: Path) -> None:
    weights = load_weights(options.weights)
    async with contextlib.AsyncExitStack() as stack:
        client, pid = await stack.enter_async_context(engine(options.weights / "homarus-mini.gguf", folder))
        understander = Understander(client, weights, SystemClock())
        if options.embeddings:
            embedder, _ = await stack.enter_async_context(engine(options.embeddings, folder))
            understander.vote_with(replace(load_voter(embedder, options.weights), patience_s=_PATIENCE_S))
        for tag in options.langs:
            path = options.sentences or options.folder / f"{tag}.jsonl"
            before = spent_s(pid)
            judged = await judge(understander, rows(path), tag if options.told else None)
            cpu_ms = (spent_s(pid) - before) * 1000 / max(1, len(judged))
            print("\n".join(figures(tag, judged)) + f", CPU {cpu_ms:.1f} a turn", flush=True)
            print("\n".join([*([] if options.brief else confusion(judged)), *(shown(judged) if options.show else [])]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--langs", nargs="+", choices=TAGS, default=list(TAGS))
    parser.add_argument("--weights", type=Path, default=weights_folder(), help="folder with the weights")
    parser.add_argument("--embeddings", type=Path, help="model file of the embeddings: three votes")
    parser.add_argument("--sentences", type=Path, help="a file of your own, of the first language of --langs")
    parser.add_argument("--calibration", dest="folder", action="store_const", const=CALIBRATION, default=EVALUATION)
    parser.add_argument("--told", action="store_true", help="tell the language instead of letting it be heard")
    parser.add_argument("--brief", action="store_true", help="without the confusion table")
    parser.add_argument("--show", action="store_true", help="every failure; only with --sentences")
    options = parser.parse_args()
    if options.sentences:
        options.langs = options.langs[:1]
    elif options.show:
        sys.exit("Single sentences of the evaluation are not shown: they would find their way into phrases.")
    if hasattr(os, "sched_setaffinity"):  # the engine process inherits it: both share one core
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(options, Path(folder)))


if __name__ == "__main__":
    main()
