"""Which file the local engine runs, with child processes that only say that they are ready or cannot load."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.config.sections.models import LocalModelSection
from appliance.daemon.local import engines as engines_module
from appliance.daemon.local.arguments import EngineFolders, engine_arguments
from appliance.daemon.local.engine import ChoiceError, LocalEngine
from appliance.daemon.local.engines import Engines, EngineUnusableError
from appliance.daemon.models import Models
from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineAbsent, EngineHome
from appliance.engine.models.errors import PullError
from appliance.engine.models.gguf import GgufError
from appliance.engine.models.library import Library
from appliance.engine.models.lock import Pin
from appliance.events import Bus
from appliance.foundation.clock import SystemClock
from appliance.foundation.tasks import TaskSet
from appliance.generation import ModelError
from appliance.host.pressure import Reading
from appliance.supervisor.process import ChildState
from tests.unit.daemon.live import Live
from tests.unit.engine.gguf_files import KEYS, gguf

# Stands for the Python of the engine: it writes down what it is started with and when it ends.
_ENGINE = """#!/bin/sh
while [ "$1" != --model ]; do shift; done
name=$(basename "$2")
echo "start $name" >> {log}
case $name in
bad*) echo "engine: llama.cpp cannot load $name" >&2; exit 66;;
once*) if [ ! -e {log}.once ]; then touch {log}.once; exit 1; fi;;
dies*) exit 1;;
slow*) while [ ! -e {log}.go ]; do sleep 0.05; done;;
esac
trap 'echo "end $name" >> {log}; exit 0' TERM
echo ready
while :; do sleep 0.05; done
"""
SECTION = LocalModelSection()
PLENTY = Reading(total=8 * 10**9, available=6 * 10**9)


class Box:
    """A library, a local engine over child processes, and what these wrote down."""

    def __init__(self, folder: Path, engines: Engines, engine: LocalEngine, models: Models, live: Live) -> None:
        self.engines = engines
        self.models = models
        self.engine = engine
        self.library = engine.library
        self.live = live
        self.memory = PLENTY
        self._log = folder / "log"

    def put(self, name: str, content: bytes | None = None) -> Path:
        path = self.library.folder / name
        path.write_bytes(content or gguf(data=bytes(1000)))
        return path

    @property
    def log(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    @property
    def said(self) -> str:
        return " ".join(one.summary for one in self.live.tracker.conditions())

    async def until(self, *lines: str) -> None:
        async with asyncio.timeout(15):
            while self.log != list(lines):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def box(folder: Path) -> AsyncIterator[Box]:
    (folder / "models").mkdir()
    python = folder / "python"
    python.write_text(_ENGINE.format(log=folder / "log"))
    python.chmod(0o700)
    live, tasks, clock, bus = Live(folder), TaskSet("test"), SystemClock(), Bus()
    environ = {"PATH": "/usr/bin:/bin"}
    models = Models(lambda: live.config.config, environ=environ, clock=clock, tracker=live.tracker, version=lambda: "1")
    engines = Engines(environ=environ, sockets=folder, clock=clock, tracker=live.tracker, tasks=tasks)
    engines.home = EngineHome(python, folder)
    held: list[Box] = []
    engine = LocalEngine(
        engines=engines,
        library=Library(folder, folder / "models"),
        folders=EngineFolders(folder / "engine"),
        models=models,
        tracker=live.tracker,
        bus=bus,
        memory=lambda: held[0].memory,
        tasks=tasks,
    )
    held.append(Box(folder, engines, engine, models, live))
    try:
        yield held[0]
    finally:
        await tasks.aclose()
        await engines.aclose()
        await models.aclose()


async def test_a_new_model_comes_up_before_the_old_one_ends(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.put("a.gguf")
        await one.engine.serve(SECTION)
        await one.until("start a.gguf")
        one.put("b.gguf")
        assert (await one.engine.use(SECTION, "b")).name == "b.gguf"
        await one.until("start a.gguf", "start b.gguf", "end a.gguf")
        assert one.library.choice().active == "b.gguf"
        await one.engine.use(SECTION, "b")
        assert len(one.log) == 3, "what runs already is not started again"


async def test_without_memory_for_two_the_old_one_ends_first(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.put("a.gguf")
        await one.engine.serve(SECTION)
        await one.until("start a.gguf")
        one.memory = Reading(total=10**9, available=700_000_000)
        one.put("b.gguf")
        await one.engine.use(SECTION, "b")
        await one.until("start a.gguf", "end a.gguf", "start b.gguf")


@pytest.mark.parametrize("tight", [False, True])
async def test_a_model_that_does_not_load_leaves_the_one_before(tmp_path: Path, tight: bool) -> None:
    async with box(tmp_path) as one:
        a = one.put("a.gguf")
        await one.engine.serve(SECTION)
        await one.until("start a.gguf")
        if tight:
            one.memory = Reading(total=10**9, available=1)
        one.put("bad.gguf")
        with pytest.raises(EngineUnusableError, match=r"bad\.gguf cannot be used.*cannot load.*a\.gguf goes on"):
            await one.engine.use(SECTION, "bad")
        again = ["end a.gguf", "start bad.gguf", "start a.gguf"] if tight else ["start bad.gguf"]
        await one.until("start a.gguf", *again)
        assert one.engine.path == a
        assert one.library.choice().active == ""
        assert one.said == "", "nobody is told of an engine that was only tried"


async def test_a_file_that_is_broken_or_not_what_was_fetched_is_refused_before_anything_ends(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.put("a.gguf")
        await one.engine.serve(SECTION)
        await one.until("start a.gguf")
        one.put("page.gguf", b"<html>")
        with pytest.raises(GgufError):
            await one.engine.use(SECTION, "page")
        changed = one.put("changed.gguf")
        one.library.lock.pin("changed.gguf", Pin("hf:a/b/changed.gguf", "0" * 64, changed.stat().st_size))
        with pytest.raises(PullError, match="is not the file that was fetched"):
            await one.engine.use(SECTION, "changed")
        assert one.log == ["start a.gguf"]


async def test_at_a_start_the_last_good_model_comes_in_place_of_one_that_does_not_load(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        good = one.put("good.gguf")
        one.library.choose(good)
        one.library.choose(one.put("bad.gguf"))
        await one.engine.serve(SECTION)
        await one.until("start bad.gguf", "start good.gguf")
        async with asyncio.timeout(5):
            while "answers instead" not in one.said:
                await asyncio.sleep(0.01)
        assert "bad.gguf cannot be used" in one.said
        assert "good.gguf answers instead" in one.said
        assert one.engine.path == good


async def test_one_crash_at_a_start_is_no_reason_for_another_model_but_one_on_trial_has_one_chance(
    tmp_path: Path,
) -> None:
    async with box(tmp_path) as one:
        one.library.choose(one.put("good.gguf"))
        once = one.put("once.gguf")
        one.library.choose(once)
        await one.engine.serve(SECTION)
        await one.until("start once.gguf", "start once.gguf")
        assert one.engine.path == once
        one.put("dies.gguf")
        with pytest.raises(EngineUnusableError, match="exit status 1"):
            await one.engine.use(SECTION, "dies")
        assert one.log == ["start once.gguf", "start once.gguf", "start dies.gguf"]


async def test_with_nothing_to_go_back_to_it_is_said_and_the_next_choice_works(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.put("broken.gguf", b"<html>")
        await one.engine.serve(SECTION)
        assert "broken.gguf cannot be used" in one.said
        assert one.log == []
        one.put("a.gguf")
        await one.engine.use(SECTION, "a")
        assert one.log == ["start a.gguf"]
        assert one.said == ""


async def test_a_choice_that_the_configuration_makes_or_forbids_is_refused_in_words(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.put("a.gguf")
        with pytest.raises(ChoiceError, match=r"homarus config unset models\.local\.path"):
            await one.engine.use(LocalModelSection(path="/x.gguf"), "a")
        with pytest.raises(ChoiceError, match=r"models\.local\.enabled"):
            await one.engine.use(LocalModelSection(enabled=False), "a")
        one.put("vectors.gguf", gguf({**KEYS, "llama.pooling_type": 1}))
        with pytest.raises(ChoiceError, match="makes vectors"):
            await one.engine.use(SECTION, "vectors")
        one.engines.home = EngineAbsent("the local engine is not set up: run scripts/engine")
        with pytest.raises(ChoiceError, match="scripts/engine"):
            await one.engine.use(SECTION, "a")
        assert one.log == []


async def test_the_model_that_answers_is_not_removed_and_another_one_goes_with_its_states(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.put("old.gguf")
        states = tmp_path / "engine" / "states" / "old"
        states.mkdir(parents=True)
        one.library.choose(one.put("a.gguf"))
        await one.engine.serve(SECTION)
        with pytest.raises(PullError, match="choose another one first"):
            await one.engine.remove("a")
        path, size = await one.engine.remove("old")
        assert (path.name, size > 1000) == ("old.gguf", True)
        assert not states.exists()


async def test_a_switched_off_model_ends(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.put("a.gguf")
        await one.engine.serve(SECTION)
        await one.until("start a.gguf")
        await one.engine.serve(LocalModelSection(enabled=False))
        await one.until("start a.gguf", "end a.gguf")
        assert one.engine.path is None


async def test_who_asks_before_a_slow_start_is_over_is_told_that_it_is_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engines_module._PATIENCE, ChildState.STARTING, 0.1)
    async with box(tmp_path) as one:
        process = await one.engines.start("local", ["--model", "slow.gguf"], _nothing)
        assert process is not None
        await one.until("start slow.gguf")
        with pytest.raises(ModelError, match="still starting"):
            await process.client.info()
        (tmp_path / "log.go").touch()
        await process.child.wait_ready()
        with pytest.raises(ModelError, match="not running"):  # this one never listens
            await process.client.info()


async def _nothing(client: EngineClient) -> None:
    """Do nothing with an engine that came up."""


def test_the_engine_is_started_with_what_the_configuration_and_the_state_say(tmp_path: Path) -> None:
    folders, model = EngineFolders(tmp_path), Path("/m/a.gguf")
    assert engine_arguments(SECTION, model, folders) == [
        "--model", "/m/a.gguf", "--embeddings", "--state", str(tmp_path / "states" / "a"),
    ]  # fmt: skip
    full = LocalModelSection(
        context_tokens=2048, threads=3, state_disk_mb=5, state_ram_mb=7, draft="/m/d.gguf", adapters=("/m/l.gguf:0.5",)
    )
    assert engine_arguments(full, model, folders)[3:] == [
        "--context", "2048", "--threads", "3",
        "--state", str(tmp_path / "states" / "a"), "--disk-bytes", "5000000", "--ram-bytes", "7000000",
        "--draft", "/m/d.gguf", "--lora", "/m/l.gguf:0.5",
    ]  # fmt: skip
    assert "--state" not in engine_arguments(LocalModelSection(state_disk_mb=0), model, folders)
