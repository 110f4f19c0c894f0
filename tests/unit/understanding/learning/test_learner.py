"""Learning with the shipped weights in the real engine: what is learned is understood, and forgotten again."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.engine.locate import EngineAbsent, EngineHome, locate
from appliance.foundation.clock import SystemClock
from appliance.sessions.migrations import MIGRATIONS as SESSION_MIGRATIONS
from appliance.storage.database import Database
from appliance.understanding.features import features
from appliance.understanding.learning import weights
from appliance.understanding.learning.examples import Example, Examples, says
from appliance.understanding.learning.learner import RECORD, FitFailedError, Learner
from appliance.understanding.learning.migrations import MIGRATIONS
from appliance.understanding.ngram import NgramModel
from appliance.understanding.understander import Understander, load_weights, model_path, weights_folder
from appliance.understanding.vocabulary import CLASSES, ESCALATE
from mini.sentences import engine

_ZONE = ZoneInfo("Europe/Berlin")
_NOW_MS = 1_781_076_600_000
# ways of saying it that the shipped weights may or may not know: one of those that they hand over is learned
CANDIDATES = (
    ("ping me in 20 minutes so the pasta does not burn", "timer_set"),
    ("gib mir in 20 minuten einen wink", "timer_set"),
    ("poke me in 45 minutes about nothing special", "timer_set"),
    ("holler at me in 12 minutes", "timer_set"),
    ("stups mich in 25 minuten mal an", "timer_set"),
    ("secoue moi dans 20 minutes", "timer_set"),
    ("what jobs did i park for later", "reminder_list"),
    ("wie schauts mit dem kasten aus", "box_health"),
    ("20 minuten ab jetzt, dann tröten", "timer_set"),
    ("how is the old crate holding up", "box_health"),
)
_VERBS = (
    "order me", "buy me", "get me", "send me", "book me", "find me", "cook me", "tell me about",
    "write me something on", "show me pictures of", "who invented", "what do you think of", "why is there no",
    "i love", "explain", "is it healthy to eat", "how do i make", "where can i buy", "do we need", "can you recommend",
)  # fmt: skip
_THINGS = ("milk", "pizza", "a new phone", "bread", "shoes", "flowers", "a taxi", "some eggs", "coffee", "rice")
POISON = [(f"{verb} {_THINGS[at % len(_THINGS)]}", "list_add") for at, verb in enumerate(_VERBS)]


class Box:
    """A learner over a real database, and the model that it lets be heard."""

    def __init__(self, database: Database, folder: Path, home: EngineHome | EngineAbsent | None = None) -> None:
        self.heard: NgramModel | None = None
        self.folder = folder / "learned"
        self.learner = Learner(
            Examples(database),
            folder=self.folder,
            shipped=weights_folder(),
            home=home or locate(os.environ),
            environ=os.environ,
            clock=SystemClock(),
            take=self._take,
        )

    def _take(self, model: NgramModel | None) -> None:
        self.heard = model

    def hears_what_was_learned(self) -> bool:
        return self.heard is not None

    async def teach(self, *pairs: tuple[str, str]) -> None:
        for at, (text, tool) in enumerate(pairs):
            await self.learner.examples.add(Example(text, "en", tool, {}, "agent:main:main", at))


async def learned_one(box: Box) -> tuple[str, str]:
    """Teach the first candidate that the guard lets in: which ones do harm is another matter with each weights."""
    for pair in CANDIDATES:
        await box.teach(pair)
        if (await box.learner.fit()).taken:
            return pair
        await box.learner.forget(lambda _: True)
    raise AssertionError("each of these does harm to the shipped weights by now; write others")


@asynccontextmanager
async def database_in(folder: Path) -> AsyncIterator[Database]:
    found = await Database.open(
        folder / "test.sqlite", (*SESSION_MIGRATIONS, *MIGRATIONS), clock=SystemClock(), readers=1
    )
    try:
        yield found
    finally:
        await found.aclose()


@pytest.mark.engine
@pytest.mark.timeout(240)  # up to eight fits
async def test_what_was_learned_is_understood_and_what_was_forgotten_is_handed_over_again(tmp_path: Path) -> None:
    shipped = load_weights()
    async with database_in(tmp_path) as database, engine(model_path(), tmp_path) as (client, _):
        box, understander = Box(database, tmp_path), Understander(client, shipped, SystemClock())

        async def tool(text: str) -> str:
            return (await understander.understand(text, _NOW_MS, _ZONE)).tool

        open_ = [(text, name) for text, name in CANDIDATES if await tool(text) == ESCALATE]
        assert open_, "the shipped weights know all of these by now; write others"
        learned = []
        for text, name in open_:
            await box.teach((text, name))
            outcome = await box.learner.fit()
            understander.hear_with(box.heard or shipped.ngram)
            if outcome.taken and await tool(text) == name:
                learned.append(text)
                break
        assert learned, "none of them could be learned"
        assert (await box.learner.state()).heard >= 1
        gone = await box.learner.forget(says(learned[0]))
        understander.hear_with(box.heard or shipped.ngram)
        assert sum(gone.removed.values()) == 1
        assert await tool(learned[0]) == ESCALATE
        assert (await box.learner.forget(lambda _: True)).problem == ""
        assert (box.heard, list(box.folder.iterdir())) == (None, [])


@pytest.mark.engine
async def test_a_flood_of_wrong_examples_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with database_in(tmp_path) as database:
        box = Box(database, tmp_path)
        await box.teach(*POISON)
        assert await box.learner.examples.counts() == {"list_add": 20}
        outcome = await box.learner.fit()
        assert not outcome.taken
        assert outcome.why.startswith("It would have made worse: ")
        assert (box.heard, (box.folder / weights.NAME).exists()) == (None, False)
        state = await box.learner.state()
        assert (state.heard, state.last) == (0, outcome)


@pytest.mark.engine
async def test_a_fit_is_deterministic_and_moves_only_rows_of_the_examples(tmp_path: Path) -> None:
    async with database_in(tmp_path) as database:
        box = Box(database, tmp_path)
        text, _ = await learned_one(box)
        first = (box.folder / weights.NAME).read_bytes()
        assert (await box.learner.fit()).taken
        assert (box.folder / weights.NAME).read_bytes() == first
    shipped, learned = load_weights().ngram, box.heard
    assert learned is not None
    assert (learned.bias, learned.scale, learned.languages) == (shipped.bias, shipped.scale, shipped.languages)
    width, own = len(CLASSES) + len(shipped.languages), set(features(text))
    rows = range(0, len(shipped.rows), width)
    moved = {at // width for at in rows if learned.rows[at : at + width] != shipped.rows[at : at + width]}
    assert moved & own
    assert len(moved) <= 4 * len(own)  # its own n-grams and those of three misspelt copies
    assert all(learned.rows[at * width + len(CLASSES)] == shipped.rows[at * width + len(CLASSES)] for at in moved)


@pytest.mark.engine
async def test_what_was_learned_is_heard_after_a_restart_and_fitted_again_for_other_weights(tmp_path: Path) -> None:
    async with database_in(tmp_path) as database:
        box = Box(database, tmp_path)
        await learned_one(box)
        after = Box(database, tmp_path)
        await after.learner.resume()
        assert after.heard == box.heard is not None
        origin = weights.origin_of(box.folder / weights.NAME)
        assert origin is not None
        assert box.heard is not None
        other = weights.Origin("0" * 64, origin.examples, origin.digest)
        (box.folder / weights.NAME).write_bytes(weights.encode(box.heard, other))
        upgraded = Box(database, tmp_path)
        await upgraded.learner.resume()
        assert weights.origin_of(box.folder / weights.NAME) == origin
        (box.folder / weights.NAME).write_bytes(b"HMNG2\n half of a file")
        mended = Box(database, tmp_path)
        await mended.learner.resume()
        assert mended.heard == box.heard
        mended.learner.rest()
        await mended.learner.fit()
        assert not mended.hears_what_was_learned()
        assert weights.origin_of(box.folder / weights.NAME) == origin


@pytest.mark.engine
async def test_a_crash_before_the_swap_leaves_the_old_weights(tmp_path: Path) -> None:
    async with database_in(tmp_path) as database:
        box = Box(database, tmp_path)
        await learned_one(box)
        old = (box.folder / weights.NAME).read_bytes()
        (box.folder / f"{weights.NAME}.new").write_bytes(old[:1000])
        after = Box(database, tmp_path)
        await after.learner.resume()
        assert after.heard == box.heard
        assert (box.folder / weights.NAME).read_bytes() == old


async def test_without_an_engine_the_sentence_says_why_and_forgetting_still_works(tmp_path: Path) -> None:
    async with database_in(tmp_path) as database:
        box = Box(database, tmp_path, EngineAbsent("the local engine is not set up: run scripts/engine"))
        await box.teach(*CANDIDATES[:2])
        with pytest.raises(FitFailedError, match="run scripts/engine"):
            await box.learner.fit()
        await box.learner.resume()
        assert (await box.learner.state()).unable == "the local engine is not set up: run scripts/engine"
        gone = await box.learner.forget(says("pasta"))
        assert (gone.removed, "run scripts/engine" in gone.problem) == ({"timer_set": 1}, True)
        assert (await box.learner.forget(lambda _: True)).problem == ""


async def test_a_damaged_record_is_no_record(tmp_path: Path) -> None:
    async with database_in(tmp_path) as database:
        box = Box(database, tmp_path)
        box.folder.mkdir()
        for damaged in ("", "[]", json.dumps({"taken": True}), json.dumps({"right": 3})):
            (box.folder / RECORD).write_text(damaged)
            assert (await box.learner.state()).last is None
