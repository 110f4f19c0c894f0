"""When the tuner runs: while nobody talks, by command, again after a busy hour. Its work is a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.config.sections.models import LocalModelSection
from appliance.daemon.local.arguments import EngineFolders
from appliance.daemon.local.tuning import Tuner, TuningError
from appliance.engine import api
from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineAbsent, EngineHome
from appliance.engine.tuning.hardware import read_hardware, read_shape
from appliance.engine.tuning.record import Tuning, partial_of, write_tuning
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import OverloadedError
from appliance.foundation.tasks import TaskSet
from appliance.generation import FailureKind, ModelError

# Stands for the Python of the engine: writes the result that was laid out for it, once it may.
_TUNER = """#!/bin/sh
while [ "$1" != --out ]; do shift; done
echo start >> {folder}/log
echo '{{"done": 1, "of": 7, "doing": "attention"}}'
trap 'echo stopped >> {folder}/log; exit 75' TERM
while [ ! -e {folder}/go ]; do sleep 0.02; done
[ -e {folder}/broken ] && echo "tuner: it broke" >&2 && exit 66
mkdir -p $(dirname "$2"); cp {folder}/result "$2"
"""


_DEADLINE_S = 60.0  # for what takes a moment on a machine that is not busy


class Talk(EngineClient):
    """An engine that is asked how busy it is."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.active = 0
        self.answers = True

    async def info(self) -> api.Info:
        if not self.answers:
            raise ModelError(FailureKind.UNAVAILABLE, "away")
        return _info(self.active)


def _info(active: int) -> api.Info:
    return api.Info(
        name="a", model="a.gguf", description="", architecture="llama", parameters=1, size_bytes=1, context=1,
        trained_context=1, vocabulary=1, embeddings=False, generates=True, template="", tool_format="", threads=1,
        active=active, waiting=0, resident_sequences=0, pid=1, build="",
    )  # fmt: skip


class Engine:
    """A local engine (daemon.local.tuning.Tunable)."""

    def __init__(self, folder: Path) -> None:
        self.folders = EngineFolders(folder / "engine", folder)
        self.path: Path | None = folder / "a.gguf"
        self.talk = Talk()
        self.fits = True
        self.retuned: list[bool] = []

    @property
    def client(self) -> EngineClient:
        return self.talk

    def fits_beside(self, path: Path) -> bool:
        return self.fits

    async def retune(self, section: LocalModelSection, path: Path, *, changed: bool) -> None:
        self.retuned.append(changed)


class Box:
    """A tuner with all that it needs; `result` is what its process will find."""

    def __init__(self, folder: Path, tasks: TaskSet) -> None:
        self.folder = folder
        (folder / "a.gguf").write_bytes(b"GGUF")
        (folder / "libllama.so").write_bytes(b"build")
        python = folder / "python"
        python.write_text(_TUNER.format(folder=folder))
        python.chmod(0o700)
        self.engine = Engine(folder)
        self.section = LocalModelSection()
        self.home: EngineHome | EngineAbsent = EngineHome(python, folder)
        environ = {"PATH": "/usr/bin:/bin"}
        self.tuner = Tuner(self.engine, self.home, lambda: self.section, environ, SystemClock(), tasks, calm_s=0.05)
        self.lay(self.tuning())

    def tuning(self) -> Tuning:
        hardware, shape = read_hardware(self.folder), read_shape(self.folder / "a.gguf")
        return Tuning(flash_attention=True, name="tuned", hardware=hardware, model=shape, complete=True)

    def lay(self, tuning: Tuning) -> None:
        write_tuning(self.folder / "result", tuning)

    def go(self) -> None:
        (self.folder / "go").touch()

    @property
    def model(self) -> Path:
        return self.folder / "a.gguf"

    @property
    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    async def until(self, look: Callable[[], bool]) -> None:
        async with asyncio.timeout(_DEADLINE_S):
            while not look():
                await asyncio.sleep(0.01)

    async def state(self, state: str) -> None:
        await self.until(lambda: self.tuner.standing.state == state)


@asynccontextmanager
async def box(folder: Path) -> AsyncIterator[Box]:
    tasks = TaskSet("test")
    try:
        yield Box(folder, tasks)
    finally:
        await tasks.aclose()


async def test_a_model_without_a_profile_is_tuned_in_the_background_once(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.tuner.consider(one.model)
        await one.until(lambda: one.tuner.standing.doing == "attention")
        one.tuner.consider(one.model)
        one.go()
        await one.state("done")
        assert (one.engine.retuned, one.log) == ([True], ["start"])
        assert not one.tuner.standing.states_kept, "flash attention changes what states look like"
        one.tuner.consider(one.model)
        await one.state("done")
        assert one.log == ["start"], "it has a profile by now"
        tuning = await one.tuner.stored()
        assert tuning is not None
        assert tuning.name == "tuned"


async def test_nothing_begins_while_somebody_talks_and_it_makes_way_when_they_begin(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.engine.talk.active = 1
        one.tuner.consider(one.model)
        await one.state("waiting")
        assert one.log == []
        one.engine.talk.active = 0
        await one.until(lambda: one.log == ["start"])
        one.engine.talk.active = 1
        await one.until(lambda: one.log == ["start", "stopped"])
        await one.until(lambda: one.tuner.standing.stops == 1)
        assert one.engine.retuned == []
        one.engine.talk.active = 0
        one.go()
        await one.state("done")
        assert one.log == ["start", "stopped", "start"]


async def test_an_engine_that_does_not_answer_counts_as_busy(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.tuner.consider(one.model)
        await one.until(lambda: one.log == ["start"])
        one.engine.talk.answers = False
        await one.until(lambda: one.log == ["start", "stopped"])


async def test_a_box_that_was_too_busy_is_tried_again_only_after_hours(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.go()
        path = one.engine.folders.profiles.path(one.model)
        now = SystemClock().now_ms()
        write_tuning(path, replace(one.tuning(), busy=True, at_ms=now - 7 * 3600 * 1000))
        one.tuner.consider(one.model)
        await one.state("done")
        assert one.log == ["start"]
        write_tuning(path, replace(one.tuning(), busy=True, at_ms=now))
        one.tuner.consider(one.model)
        await one.until(lambda: one.tuner.standing.state == "waiting")
        assert one.log == ["start"]
        one.tuner.start(5)
        await one.state("done")
        assert one.log == ["start", "start"], "the owner need not wait"


async def test_the_owner_can_switch_the_background_off_but_still_ask(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.section = LocalModelSection(tune=False)
        one.tuner.consider(one.model)
        assert one.tuner.standing.state == "none"
        one.tuner.start(None)
        await one.state("measuring")
        with pytest.raises(OverloadedError, match="is being tuned"):
            one.tuner.start(None)
        one.go()
        await one.state("done")


async def test_asking_begins_anew_and_not_where_the_background_stopped(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        partial = partial_of(one.engine.folders.profiles.path(one.model))
        write_tuning(partial, one.tuning())
        one.tuner.start(None)
        await one.state("measuring")
        assert not partial.exists()


async def test_a_tuner_that_fails_leaves_its_words(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        (tmp_path / "broken").touch()
        one.go()
        one.tuner.start(None)
        await one.state("failed")
        assert one.tuner.standing.error == "tuner: it broke"
        assert one.engine.retuned == []


async def test_another_model_ends_the_tuning_of_the_one_before(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.tuner.start(None)
        await one.until(lambda: one.log.count("start") == 1)  # it measures: not merely about to
        other = tmp_path / "b.gguf"
        other.write_bytes(b"GGUF b")
        one.engine.path = other
        one.tuner.consider(other)
        await one.until(lambda: one.tuner.standing.file == "b.gguf")
        await one.until(lambda: one.log.count("start") == 2)


async def test_it_says_what_is_missing(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.engine.fits = False
        one.tuner.start(None)
        await one.state("failed")
        assert "not enough memory" in one.tuner.standing.error
        one.engine.path = None
        with pytest.raises(TuningError, match="homarus models pull"):
            one.tuner.start(None)
        assert await one.tuner.stored() is None
        one.tuner._home = EngineAbsent("no engine")
        with pytest.raises(TuningError, match="no engine"):
            one.tuner.start(None)
