"""Any order of accept, begin, fold, end, cancel and restart keeps the promises of a run."""

from __future__ import annotations

import sqlite3
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.sessions import rows, runs
from appliance.sessions.errors import RunEndedError, RunMissingError, SessionBusyError
from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.model import RunStatus
from appliance.storage.migrations import statements
from tests.unit.sessions.conftest import inbound, said

_KEYS = ("agent:main:a", "agent:main:b")
_ENDS = (RunStatus.OK, RunStatus.ERROR, RunStatus.ABORTED, RunStatus.TIMEOUT)
_place = st.integers(0, 30)


class Conversations(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        for migration in MIGRATIONS:
            assert isinstance(migration.change, str)
            for statement in statements(migration.change):
                self.connection.execute(statement)
        self.model: dict[str, tuple[str, RunStatus]] = {}
        self.asked: dict[str, list[str]] = {key: [] for key in _KEYS}
        self.ended_with: dict[str, int] = {}
        self.numbers = count()
        tokens = count()
        self.token = lambda: str(next(tokens))

    def teardown(self) -> None:
        self.connection.close()

    def pick(self, place: int) -> str:
        return f"r{place % (len(self.model) + 1)}"

    def active(self, key: str) -> list[str]:
        return [run for run, (of, status) in self.model.items() if of == key and status is RunStatus.RUNNING]

    @rule(key=st.sampled_from(_KEYS))
    def accept(self, key: str) -> None:
        run_id = f"r{next(self.numbers)}"
        rows.ensure(self.connection, key, "main", 1, self.token)
        assert runs.accept(self.connection, inbound(run_id, run_id, key=key)).new
        self.model[run_id] = (key, RunStatus.QUEUED)

    @precondition(lambda self: self.model)
    @rule(place=_place)
    def replay(self, place: int) -> None:
        run_id = self.pick(place)
        if run_id in self.model:
            key, status = self.model[run_id]
            assert runs.accept(self.connection, inbound(run_id, run_id, key=key)) == (False, run_id, status)

    @rule(place=_place, merged=st.lists(_place, max_size=3))
    def begin(self, place: int, merged: list[int]) -> None:
        run_id = self.pick(place)
        key, status = self.model.get(run_id, ("", None))
        merge = [
            each
            for each in dict.fromkeys(map(self.pick, merged))
            if each != run_id and self.model.get(each, ("", None))[0] == key
        ]
        try:
            _, entries = runs.begin(self.connection, run_id, merge, 2, self.token)
        except RunMissingError:
            assert status is None
        except RunEndedError:
            assert status is not None
            assert status.ended
        except SessionBusyError:
            assert self.active(key)
        else:
            assert status is RunStatus.QUEUED
            assert not self.active(key)
            self.take([run_id, *merge], run_id, entries)
            self.model[run_id] = (key, RunStatus.RUNNING)

    @rule(place=_place, folded=st.lists(_place, max_size=3))
    def fold(self, place: int, folded: list[int]) -> None:
        into = self.pick(place)
        key, status = self.model.get(into, ("", None))
        waiting = list(dict.fromkeys(map(self.pick, folded)))
        try:
            entries = runs.fold(self.connection, waiting, into, 3, self.token)
        except (RunMissingError, RunEndedError, SessionBusyError):
            assert status is not RunStatus.RUNNING
        else:
            assert status is RunStatus.RUNNING
            self.take([each for each in waiting if self.model.get(each, ("",))[0] == key], into, entries)

    def take(self, candidates: list[str], into: str, entries: list[object]) -> None:
        taken = sorted(
            (run for run in candidates if self.model[run][1] is RunStatus.QUEUED),
            key=lambda run: int(run[1:]),
        )
        assert [entry.message["content"] for entry in entries] == taken
        for run_id in taken:
            self.model[run_id] = (self.model[run_id][0], RunStatus.MERGED)
            self.asked[self.model[run_id][0]].append(run_id)

    @rule(place=_place, status=st.sampled_from(_ENDS))
    def finish(self, place: int, status: RunStatus) -> None:
        run_id = self.pick(place)
        key, before = self.model.get(run_id, ("", None))
        try:
            runs.finish(
                self.connection, run_id, status, messages=[said(f"end of {run_id}")], error=None, result=None,
                usage=None, now_ms=4, token=self.token,
            )  # fmt: skip
        except RunMissingError:
            assert before is None
        except RunEndedError:
            assert before is not None
            assert before.ended
        else:
            assert before in (RunStatus.QUEUED, RunStatus.RUNNING)
            self.model[run_id] = (key, status)
            self.ended_with[run_id] = 1

    @rule(place=_place)
    def cancel(self, place: int) -> None:
        run_id = self.pick(place)
        waits = self.model.get(run_id, ("", None))[1] is RunStatus.QUEUED
        assert runs.cancel_queued(self.connection, run_id, 5) == waits
        if waits:
            self.model[run_id] = (self.model[run_id][0], RunStatus.ABORTED)

    @rule()
    def restart(self) -> None:
        ended, notes = runs.recover(self.connection, 6, self.token)
        running = [run for key in _KEYS for run in self.active(key)]
        assert sorted(run.run_id for run in ended) == sorted(running)
        assert len(notes) == len(running)
        for run_id in running:
            self.model[run_id] = (self.model[run_id][0], RunStatus.ERROR)

    @invariant()
    def rows_tell_the_same(self) -> None:
        found = dict(self.connection.execute("SELECT run_id, status FROM runs").fetchall())
        assert found == {run_id: status.value for run_id, (_, status) in self.model.items()}
        waiting = [one.run_id for one in runs.queued(self.connection, None)]
        assert waiting == [run for run, (_, status) in self.model.items() if status is RunStatus.QUEUED]

    @invariant()
    def a_session_has_at_most_one_active_run(self) -> None:
        assert all(len(self.active(key)) <= 1 for key in _KEYS)

    @invariant()
    def every_question_is_written_once_and_numbers_have_no_gap(self) -> None:
        for key in _KEYS:
            written = self.connection.execute(
                "SELECT seq, role, message ->> '$.content' FROM entries WHERE session_key = ? ORDER BY seq",
                (key,),
            ).fetchall()
            assert [text for _, role, text in written if role == "user"] == self.asked[key]
            assert [seq for seq, _, _ in written] == list(range(1, len(written) + 1))


Conversations.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestConversations = Conversations.TestCase
