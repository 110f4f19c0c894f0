"""Looks for the best profile one axis after another, each time from what the axes before have found.

Threads first, because everything else depends on them; then attention with the types of the cache, then how much of
a prompt is read in one step. What cannot be judged keeps its default, and the result says which that was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from appliance.engine.profile import EngineProfile
from appliance.engine.tuning import decide
from appliance.engine.tuning.decide import Pair, State, Verdict
from appliance.engine.tuning.record import Gain, Row
from appliance.engine.tuning.rounds import Bench, Rounds, Ticks
from appliance.foundation.errors import ApplianceError

WRITING, READING, ATTENTION = "threads", "threads for reading", "attention"
SHARED, ALONE, QUANT, CHECK = "chunk beside answers", "chunk alone", "quantisation", "against the defaults"
# share of the time of each axis
AXES = {WRITING: 20, READING: 20, ATTENTION: 28, SHARED: 10, ALONE: 10, CHECK: 14, QUANT: 8}
_LONGEST_CHUNK_S = 3.0  # a larger chunk of a prompt is not even tried
_PLAIN, _FLASH = (False, "f16"), (True, "f16")
_COARSE = (True, "q8_0")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the search has to know: cores of the process, whether memory is short, quantisation of the file."""

    cores: int
    memory_short: bool = False
    quantisation: str = ""
    step_bound_s: float = decide.STEP_BOUND_S


@dataclass(slots=True)
class Findings:
    """What was found so far; the next axis goes on from here, also in another process."""

    profile: EngineProfile
    rows: list[Row] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)  # axes that others disturbed
    gain: Gain = Gain()
    advice: str = ""

    @property
    def busy(self) -> bool:
        """Whether half of the axes could not be judged because others used the box."""
        return bool(self.unsure) and 2 * len(self.unsure) >= len([axis for axis in self.settled if axis != QUANT])


def beginning(cores: int) -> EngineProfile:
    """Return the defaults with their threads written out: all cores but one."""
    threads = max(1, cores - 1)
    return EngineProfile(threads=threads, threads_batch=threads)


class Search:
    """One tuning. `settled` is called after each axis."""

    def __init__(
        self, bench: Bench, facts: Facts, ticks: Ticks, found: Findings, settled: Callable[[Findings], None]
    ) -> None:
        self._bench = bench
        self._facts = facts
        self._found = found
        self._settled = settled
        self._start = beginning(facts.cores)
        self._rounds = Rounds(bench, ticks, self._start)

    def run(self, until: float) -> Findings:
        """Go through the axes that are not settled yet."""
        work: dict[str, Callable[[float], None]] = {
            WRITING: lambda end: self._threads(WRITING, end),
            READING: lambda end: self._threads(READING, end),
            ATTENTION: self._attention,
            SHARED: self._shared,
            ALONE: self._alone,
            CHECK: self._check,
            QUANT: self._quant,
        }
        for axis, tune in work.items():
            if axis in self._found.settled:
                continue
            left = sum(share for name, share in AXES.items() if name not in self._found.settled)
            now = self._rounds.now
            tune(now + max(0.0, until - now) * AXES[axis] / left)
            self._found.settled.append(axis)
            self._settled(self._found)
        return self._found

    # ---- axes

    def _threads(self, axis: str, until: float) -> None:
        """Climb from the default: up while more threads are clearly faster, else down while fewer are as fast."""
        name = "threads" if axis == WRITING else "threads_batch"
        work = self._rounds.writing if axis == WRITING else self._rounds.reading
        steps = decide.ladder(self._facts.cores)
        index = steps.index(getattr(self._start, name))
        first = len(self._found.rows)
        self._note(axis, str(steps[index]), self._timed(axis, work(self._found.profile)))
        moved = False
        for direction, need in ((1, decide.FASTER), (-1, decide.EQUAL)):
            while not moved or direction > 0:
                following = index + direction
                if not 0 <= following < len(steps):
                    break
                other = replace(self._found.profile, **{name: steps[following]})
                if not self._try(axis, str(steps[following]), work, other, need, until):
                    break
                index, moved = following, moved or direction > 0
        self._choose(axis, str(getattr(self._found.profile, name)), first)

    def _attention(self, until: float) -> None:
        first = len(self._found.rows)
        work = self._rounds.turn
        self._note(ATTENTION, _attention_name(self._found.profile), Row(ATTENTION, ""))
        now = self._rounds.now
        flash = _with(self._found.profile, *_FLASH)
        self._try(ATTENTION, _attention_name(flash), work, flash, decide.FASTER, now + (until - now) / 2)
        coarse = _with(self._found.profile, *_COARSE)
        need = decide.STILL_GOOD if self._facts.memory_short else decide.CLEARLY_FASTER
        self._try(ATTENTION, _attention_name(coarse), work, coarse, need, until)
        self._choose(ATTENTION, _attention_name(self._found.profile), first)

    def _shared(self, until: float) -> None:
        steps: dict[int, float] = {}
        sizes = decide.SHARED_CHUNKS
        for number, size in enumerate(sizes):
            now = self._rounds.now
            end = now + (until - now) / (len(sizes) - number)
            taken = self._rounds.samples(lambda count: self._bench.mixed(self._found.profile, count), (size,), end)
            seconds = decide.quiet_median(taken[size])
            if seconds is None:
                break
            steps[size] = seconds
            row = Row(SHARED, str(size), step_ms=seconds * 1000, read=size / seconds, pairs=len(taken[size]))
            self._found.rows.append(row)
            if seconds > self._facts.step_bound_s:
                break  # a larger one takes longer still
        if not steps:
            self._found.unsure.append(SHARED)
            return
        chunk = decide.shared_chunk(steps, self._facts.step_bound_s)
        self._found.profile = replace(self._found.profile, chunk_shared=chunk)
        self._choose(SHARED, str(chunk))

    def _alone(self, until: float) -> None:
        default = self._start.chunk_alone
        limit = max(decide.ALONE_CHUNKS[0], self._found.profile.chunk_shared)
        per_token = self._rounds.read_s
        fitting = [size for size in decide.ALONE_CHUNKS if size >= limit and size * per_token <= _LONGEST_CHUNK_S]
        sizes = fitting or [limit]
        taken = self._rounds.samples(lambda count: self._bench.read(self._found.profile, count), sizes, until)
        medians = {size: decide.quiet_median(one) for size, one in taken.items()}
        seconds = {size: value for size, value in medians.items() if value is not None}
        for size, value in seconds.items():
            row = Row(ALONE, str(size), read=size / value, step_ms=value * 1000, pairs=len(taken[size]))
            self._found.rows.append(row)
        if len(seconds) < len(sizes):
            self._found.unsure.append(ALONE)
        chunk = decide.alone_chunk(seconds) if len(seconds) == len(sizes) else default
        chunk = max(chunk, self._found.profile.chunk_shared)
        batch = decide.batch_for(chunk, self._found.profile.chunk_shared)
        self._found.profile = replace(self._found.profile, chunk_alone=chunk, batch=batch)
        self._choose(ALONE, str(chunk))

    def _quant(self, until: float) -> None:
        if self._rounds.now >= until:
            return
        self._bench.others()
        taken = self._bench.quants(self._found.profile)
        calm = self._rounds.calm()
        note = "one layer" if calm else _NOTES[State.BUSY]
        for name, (reading, writing) in taken.items():
            self._found.rows.append(Row(QUANT, name, read=1 / reading, write=1 / writing, note=note))
        if calm:
            turns = {name: decide.turn_seconds(*seconds) for name, seconds in taken.items()}
            self._found.advice = decide.quant_advice(turns, self._facts.quantisation)

    def _check(self, until: float) -> None:
        """Compare the result with the defaults once more, and take the defaults where it is not better."""
        found, start = self._found, self._start
        if found.busy or found.profile == start:
            found.gain = Gain() if found.busy else Gain(1.0, 1.0)
            return
        now = self._rounds.now
        half = now + (until - now) / 2
        reading, _ = self._rounds.duel(
            self._rounds.reading, start, found.profile, decide.EQUAL, half, decide.LEAST_PAIRS
        )
        writing, _ = self._rounds.duel(
            self._rounds.writing, start, found.profile, decide.EQUAL, until, decide.LEAST_PAIRS
        )
        for option, verdict in (("read", reading), ("write", writing)):
            note = "" if verdict.ratio else "not judged"
            found.rows.append(Row(CHECK, option, ratio=round(verdict.ratio, 3), pairs=verdict.pairs, note=note))
        if State.BUSY in (reading.state, writing.state):
            found.unsure.append(CHECK)
        if reading.ratio and writing.ratio:
            cost = decide.turn_seconds(self._rounds.read_s * reading.ratio, self._rounds.write_s * writing.ratio)
            if cost > decide.turn_seconds(self._rounds.read_s, self._rounds.write_s) and not self._facts.memory_short:
                found.profile = start
                found.gain = Gain(1.0, 1.0)
                return
        found.gain = Gain(_inverse(reading.ratio), _inverse(writing.ratio))

    # ---- one comparison

    def _try(
        self,
        axis: str,
        option: str,
        work: Callable[[EngineProfile], float],
        other: EngineProfile,
        need: float,
        until: float,
    ) -> bool:
        """Compare `other` with what holds, note it, and let it hold if it wins."""
        try:
            verdict, pairs = self._rounds.duel(work, self._found.profile, other, need, until)
        except ApplianceError as error:  # llama.cpp cannot do this with this model
            self._found.rows.append(Row(axis, option, note=str(error)[:200]))
            return False
        if verdict.state is State.BUSY and axis not in self._found.unsure:
            self._found.unsure.append(axis)
        self._note(axis, option, self._row(axis, verdict, pairs))
        if verdict.wins:
            self._found.profile = other
        return verdict.wins

    def _row(self, axis: str, verdict: Verdict, pairs: list[Pair]) -> Row:
        quiet = [pair.other for pair in pairs if pair.quiet]
        row = self._timed(axis, min(quiet)) if quiet and axis != ATTENTION else Row(axis, "")
        note = "" if verdict.state is State.CLEAR else _NOTES[verdict.state]
        return replace(row, ratio=round(verdict.ratio, 3), pairs=verdict.pairs, note=note)

    @staticmethod
    def _timed(axis: str, seconds: float) -> Row:
        rate = 1 / seconds if seconds > 0 else 0.0
        return Row(axis, "", write=rate) if axis == WRITING else Row(axis, "", read=rate)

    def _note(self, axis: str, option: str, row: Row) -> None:
        self._found.rows.append(replace(row, axis=axis, option=option))

    def _choose(self, axis: str, option: str, start: int = 0) -> None:
        """Mark the row of the option that holds."""
        for index in range(start, len(self._found.rows)):
            row = self._found.rows[index]
            if row.axis == axis and row.option == option:
                self._found.rows[index] = replace(row, chosen=True)
                return


_NOTES = {
    State.UNCLEAR: "the pairs contradict each other",
    State.BUSY: "others used the cores",
    State.SHORT: "no time",
}


def _with(profile: EngineProfile, flash: bool, kind: str) -> EngineProfile:
    return replace(profile, flash_attention=flash, type_k=kind, type_v=kind)


def _attention_name(profile: EngineProfile) -> str:
    return f"{'flash' if profile.flash_attention else 'plain'}, cache {profile.type_k}"


def _inverse(ratio: float) -> float:
    return round(1 / ratio, 2) if ratio else 0.0
