"""An engine that follows memory, with real llama.cpp and recorded files; run by test_following.py in its own process.

`python -m tests.integration.engine.memory_side FOLDER` runs every function named `check_…` and prints for each its
traceback, or nothing when it holds.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import queue
import resource
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.engine import api
from appliance.engine.build import Engine, Options, build
from appliance.engine.memory.follower import MemoryFollower, Steered
from appliance.engine.memory.plan import Shape
from appliance.engine.profile import EngineProfile
from appliance.engine.tinymodel import TinyModel
from appliance.foundation.clock import SystemClock
from appliance.host.pressure import MemoryReader

_MIB = 1 << 20
_DEADLINE_S = 60.0
_PROMPTS = ("one of two conversations " * 40, "and the other one, longer " * 60)
_ENDLESS = "root ::= [a-z ] root"  # random weights would end by chance


def _today() -> datetime.datetime:
    return datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)


class _Box:
    """A machine of recorded files: a group with a limit, whose use follows the engine's cells."""

    def __init__(self, root: Path, cell_bytes: int) -> None:
        self._group = root / "sys/fs/cgroup"
        self._cell_bytes = cell_bytes
        self._group.mkdir(parents=True, exist_ok=True)
        (root / "proc/self").mkdir(parents=True, exist_ok=True)
        (root / "proc/meminfo").write_text(f"MemTotal: {16 * _MIB} kB\nMemAvailable: {12 * _MIB} kB\n")
        (root / "proc/self/cgroup").write_text("0::/\n")

    def limit(self, size: int) -> None:
        (self._group / "memory.max").write_text(f"{size}\n")

    def use(self, cells: int) -> None:
        (self._group / "memory.current").write_text(f"{100 * _MIB + cells * self._cell_bytes}\n")


class _Asked:
    """One request and what came of it."""

    def __init__(self, engine: Engine, prompt: str, tokens: int) -> None:
        self._frames: queue.SimpleQueue[api.Answer] = queue.SimpleQueue()
        self.text = ""
        self.last: api.Answer | None = None
        frame = api.Generate(api.Raw([prompt], grammar=_ENDLESS), tokens, 0.0, watch=False, session_key=prompt[:3])
        engine.scheduler.submit(frame, self._frames.put)

    def wait(self, *, tokens: int | None = None) -> None:
        """Wait for so many characters, or for the end."""
        while self.last is None and (tokens is None or len(self.text) < tokens):
            frame = self._frames.get(timeout=_DEADLINE_S)
            if isinstance(frame, api.Token):
                self.text += frame.text
            elif isinstance(frame, api.Done | api.Failed):
                self.last = frame


@contextlib.contextmanager
def _engine(folder: Path, *, cells: int = 8192, active: int = 3) -> Iterator[Engine]:
    path = folder / "follow.gguf"
    if not path.exists():
        TinyModel(context=16384, quantisation="f32").write(path)
    exact = EngineProfile(type_k="f32", type_v="f32", adaptive=False)  # see test_keeping.py
    options = Options(path, window=4096, cells=cells, active=active, threads=1, ram_bytes=64 * _MIB, profile=exact)
    engine = build(options, clock=SystemClock(), today=_today)
    thread = threading.Thread(target=engine.scheduler.run)
    thread.start()
    try:
        yield engine
    finally:
        engine.scheduler.stop()
        thread.join()
        engine.close()


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _DEADLINE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def check_cells_follow_a_limit_while_two_conversations_run_and_none_is_lost(folder: Path) -> None:
    shape = Shape(cell_bytes=_MIB // 8, weights=50 * _MIB, window=4096, cells=8192, blobs=64 * _MIB)
    with _engine(folder) as engine:
        alone = []
        for prompt in _PROMPTS:
            asked = _Asked(engine, prompt, 400)
            asked.wait()
            alone.append(asked.text)
        box = _Box(folder / "box", shape.cell_bytes)
        follower = MemoryFollower(MemoryReader(folder / "box").read, shape, Steered(engine.scheduler, None))
        now, sizes = 0.0, []

        def poll() -> None:
            nonlocal now
            box.use(engine.scheduler.counts.cells)
            follower.poll(now)
            now += 11.0
            sizes.append(engine.scheduler.counts.cells)

        running = [_Asked(engine, f"again: {prompt}", 400) for prompt in _PROMPTS]
        asked = [_Asked(engine, prompt, 400) for prompt in _PROMPTS]
        asked[0].wait(tokens=20)
        box.limit(8192 * _MIB)
        poll()
        assert (follower.level, sizes[-1]) == ("ample", 8192)
        box.limit(700 * _MIB)
        poll()
        assert follower.level == "critical"
        _until(lambda: engine.scheduler.counts.cells < 8192, "the cells must shrink")
        asked[1].wait(tokens=20)
        for _ in range(3):
            poll()
        small = engine.scheduler.counts.cells
        assert small < 8192
        box.limit(8192 * _MIB)
        for _ in range(30):
            poll()
        assert follower.level == "ample"
        _until(lambda: engine.scheduler.counts.cells == 8192, "the cells must grow again")
        for each in (*asked, *running):
            each.wait()
            assert isinstance(each.last, api.Done), each.last
            assert each.last.stop == "length"
            assert each.last.output_tokens == 400
        assert [each.text for each in asked] == alone


def check_an_engine_starts_as_small_as_its_box_and_grows_with_it(folder: Path) -> None:
    root, path = folder / "small", TinyModel(context=16384).write(folder / "small.gguf")

    def available(size: int) -> None:
        (root / "proc/meminfo").write_text(f"MemTotal: {2 << 20} kB\nMemAvailable: {size >> 10} kB\n")

    _Box(root, 256)
    # the reserve of 128 MiB, buffers of 160 MiB, and of the rest a third for cells of 256 bytes
    available((128 + 160 + 3) * _MIB + path.stat().st_size)
    options = Options(path, threads=1, ram_bytes=_MIB, root=root)
    engine = build(options, clock=SystemClock(), today=_today)
    thread = threading.Thread(target=engine.scheduler.run)
    thread.start()
    try:
        assert engine.follower is not None
        small = engine.info()
        assert 3584 <= small.cells <= 4096
        assert small.context == small.cells, "one request has all of it"
        assert small.memory == "ample"
        available(1 << 30)
        for step in range(4):
            engine.follower.poll(step * 60.0)
        _until(lambda: engine.info().cells == 16384, "the cells must grow")
        assert engine.info().context == 8192
        available(0)
        engine.follower.poll(1000.0)
        assert engine.info().memory == "critical"
        _until(lambda: engine.info().cells == 2048, "the cells must shrink")
        asked = _Asked(engine, _PROMPTS[0], 50)
        asked.wait()
        assert isinstance(asked.last, api.Done)
        assert asked.last.window == 2048
    finally:
        engine.scheduler.stop()
        thread.join()
        engine.close()


def check_the_weights_of_a_draft_model_are_not_given_to_cells(folder: Path) -> None:
    root, path = folder / "drafting", TinyModel(context=16384).write(folder / "drafted.gguf")
    draft = TinyModel(width=256, layers=4, feed_forward=512, seed=7).write(folder / "guess.gguf")
    _Box(root, 256)
    size = (128 + 160 + 6) * _MIB + path.stat().st_size
    (root / "proc/meminfo").write_text(f"MemTotal: {2 << 20} kB\nMemAvailable: {size >> 10} kB\n")
    cells = []
    for guessing in ({}, {"draft": draft, "force_draft": True}, {"draft": draft}, {"draft": folder / "none.gguf"}):
        options = Options(path, threads=1, root=root, **guessing)
        engine = build(options, clock=SystemClock(), today=_today)
        cells.append(engine.info().cells)
        engine.close()
    assert cells[0] - cells[1] >= draft.stat().st_size // 3 // 256 - 256 > 0, "cells of 256 bytes, of a third"
    assert cells[2:] == [cells[0]] * 2, "one that is not loaded takes nothing"


def check_a_context_that_cannot_be_made_leaves_the_old_one(folder: Path) -> None:
    with _engine(folder, cells=4096) as engine:
        first = _Asked(engine, _PROMPTS[0], 200)
        first.wait()
        running = _Asked(engine, _PROMPTS[0], 200)
        running.wait(tokens=20)
        limits = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 256 * _MIB, limits[1]))
        try:
            engine.scheduler.resize(8 << 20)  # 4 GiB of keys and values
            running.wait()
            after = _Asked(engine, _PROMPTS[0], 200)
            after.wait()
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)
        assert isinstance(running.last, api.Done), running.last
        assert running.text == first.text == after.text
        assert engine.scheduler.counts.cells == 4096


def main(folder: Path) -> None:
    """Run every check and print a JSON object of name and traceback."""
    checks = {name: check for name, check in globals().items() if name.startswith("check_")}
    print(json.dumps({name: _run(check, folder) for name, check in checks.items()}))


def _run(check: Callable[[Path], None], folder: Path) -> str:
    try:
        check(folder)
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
