"""homarus.models.tune and tuning: measure how this box runs the model that answers, and show what was found."""

from __future__ import annotations

from typing import Literal, Protocol

from appliance.engine.tuning.record import Row, Tuning
from appliance.gateway.method import Call, Method
from appliance.protocol.methods.base import UNSET, Empty
from appliance.protocol.methods.tuning import MeasuredRow, ProfileRow, TuneParams, TuneResult, TuningRow


class Standing(Protocol):
    """Where a tuning stands (daemon.local.tuning)."""

    file: str
    state: Literal["none", "waiting", "measuring", "done", "failed"]
    doing: str
    done: int
    of: int
    stops: int
    error: str
    states_kept: bool


class Tuner(Protocol):
    """Tunes the model that answers."""

    @property
    def standing(self) -> Standing: ...

    @property
    def file(self) -> str:
        """The file that answers, "" while none does."""
        ...

    def start(self, seconds: float | None) -> Standing:
        """Begin anew. Raises ApplianceError."""
        ...

    async def stored(self) -> Tuning | None:
        """Return what holds for the file that answers."""
        ...


def tuning_row(tuning: Tuning) -> TuningRow:
    """Return a tuning as clients read it."""
    return TuningRow(
        name=tuning.name,
        profile=ProfileRow(
            threads=tuning.threads,
            threads_batch=tuning.threads_batch,
            flash_attention=tuning.flash_attention,
            type_k=tuning.type_k,
            type_v=tuning.type_v,
            chunk_alone=tuning.chunk_alone,
            chunk_shared=tuning.chunk_shared,
            batch=tuning.batch,
        ),
        at_ms=tuning.at_ms,
        seconds=tuning.seconds,
        busy=tuning.busy,
        unsure=list(tuning.unsure),
        cpu=tuning.hardware.cpu,
        cores=tuning.hardware.cores,
        memory_mb=tuning.hardware.memory_mb,
        measured=[_measured(row) for row in tuning.rows],
        gain_read=tuning.gain.read or UNSET,
        gain_write=tuning.gain.write or UNSET,
        advice=tuning.advice or UNSET,
    )


def _measured(row: Row) -> MeasuredRow:
    return MeasuredRow(
        axis=row.axis,
        option=row.option,
        chosen=row.chosen,
        read_rate=round(row.read, 1) or UNSET,
        write_rate=round(row.write, 1) or UNSET,
        step_ms=round(row.step_ms, 1) or UNSET,
        ratio=row.ratio or UNSET,
        pairs=row.pairs or UNSET,
        note=row.note or UNSET,
    )


def methods(*, tuner: Tuner) -> tuple[Method, ...]:
    """Return the methods about tuning."""

    async def result() -> TuneResult:
        standing, tuning = tuner.standing, await tuner.stored()
        return TuneResult(
            state=standing.state,
            file=standing.file or tuner.file or UNSET,
            doing=standing.doing or UNSET,
            done=standing.done,
            of=standing.of,
            stops=standing.stops,
            states_kept=standing.states_kept,
            error=standing.error or UNSET,
            tuning=tuning_row(tuning) if tuning is not None else UNSET,
        )

    async def tune(_: Call, params: TuneParams) -> TuneResult:
        tuner.start(params.seconds)
        return await result()

    async def tuning(_: Call, __: Empty) -> TuneResult:
        return await result()

    return (
        Method("homarus.models.tune", "operator.admin", TuneParams, tune, result=TuneResult),
        Method("homarus.models.tuning", "operator.read", Empty, tuning, result=TuneResult),
    )
