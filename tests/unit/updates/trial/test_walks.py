"""Lives that nobody thought of: installs, starts, failures, commits, rollbacks and power cuts in any order.

Whatever happened: a version that may start finds a database that it can use, and everything that was said is in it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.storage import Migration
from appliance.updates.trial import record
from appliance.updates.trial.model import Release, TrialState
from tests.unit.updates.trial.box import SCHEMAS, Box, Disk

_STEPS = 16
_FIRST = Migration("walk:0000", "CREATE TABLE entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")


def _release(slot: str, number: int) -> Release:
    """Return a version whose schema is that of the one before and a little more."""
    release = Release(slot, f"1.{number}.0")
    more = (
        Migration(
            f"walk:{each:04d}",
            f"ALTER TABLE entries ADD COLUMN c{each} TEXT; CREATE TABLE t{each} (a);"
            f"CREATE TRIGGER g{each} AFTER INSERT ON entries BEGIN INSERT INTO t{each} VALUES (NEW.id); END",
        )
        for each in range(1, number + 1)
    )
    SCHEMAS[release] = (_FIRST, *more)
    return release


@dataclass
class Walk:
    box: Box
    chance: random.Random
    monkeypatch: pytest.MonkeyPatch
    slots: dict[str, Release] = field(default_factory=dict)
    running: str = "A"
    newest: int = 0
    said: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.slots["A"] = _release("A", 0)
        self.start("A")

    def step(self) -> None:
        other = "B" if self.running == "A" else "A"
        trial = record.trial(self.box.places)
        choices = [self.speak, lambda: self.start(self.running), self.cut]
        if other in self.slots:
            choices += [lambda: self.start(other)] * 2
        if trial is None:
            choices += [lambda: self.install(other)] * 2
        elif trial.state is TrialState.RUNNING:
            choices += [self.commit] * 2
        self.chance.choice(choices)()

    def install(self, slot: str) -> None:
        self.newest += 1
        self.slots[slot] = _release(slot, self.newest)
        self.log.append(f"install {self.slots[slot]}")

    def start(self, slot: str) -> None:
        self.running = slot
        prepared = self.box.boot(self.slots[slot])
        self.log.append(f"start {self.slots[slot]}: {', '.join(prepared.steps)}")
        assert prepared.refusal == ""
        self.box.run(self.slots[slot])
        assert self.box.texts() == self.said

    def cut(self) -> None:
        slot = self.chance.choice(list(self.slots))
        with Disk(self.box.root, self.monkeypatch).until(self.chance.randrange(90)):
            self.box.boot(self.slots[slot])
        self.log.append(f"cut in {self.slots[slot]}")
        self.start(self.chance.choice(list(self.slots)))

    def speak(self) -> None:
        self.said.append(f"word {len(self.said)}")
        self.box.run(self.slots[self.running], f"INSERT INTO entries (text) VALUES ('{self.said[-1]}')")

    def commit(self) -> None:
        self.log.append(f"commit {self.slots[self.running]}: {self.box.commit(self.slots[self.running])}")


def _walk(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Walk(Box(folder), random.Random(seed), monkeypatch)
    try:
        walk.begin()
        for _ in range(_STEPS):
            walk.step()
    except BaseException as error:
        error.add_note(f"walk {seed}:\n" + "\n".join(walk.log))
        raise


@pytest.mark.parametrize("seed", range(8))
def test_nothing_that_was_said_is_lost_on_any_way(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _walk(seed, tmp_path, monkeypatch)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_nothing_that_was_said_is_lost_on_many_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(100, 400):
        _walk(seed, tmp_path / str(seed), monkeypatch)
