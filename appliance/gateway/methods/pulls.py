"""homarus.models.look, pull, probe, pullStatus and cancel: fetch a model file, load and probe it, one job at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from appliance.engine.models.install import Offer
from appliance.engine.models.probe.record import ProbeResult
from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.foundation.ids import new_id
from appliance.foundation.tasks import TaskSet
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.local_models import catalogue_row, probe_row
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.pulls import (
    LookParams,
    LookResult,
    ProbeParams,
    PullCancelParams,
    PullParams,
    PullResult,
    PullStatusParams,
)

_FAULT = "Something went wrong inside the box. `homarus logs` has the details."
_MAX_JOBS = 32  # old ones are forgotten; only one runs at a time
# What stands in the way is the owner's own setting or set-up: the file is there, and that was the job.
_NOT_NOW = frozenset({"model_choice"})


class Progress(Protocol):
    """How far a download is (engine.models.fetch)."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int | None: ...


class Fetched(Protocol):
    """A finished download (engine.models.pull)."""

    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...


class Puller(Protocol):
    """Fetches a file and checks it."""

    def name(self, source: str) -> str:
        """Return the name of the file. Raises ApplianceError for a source that cannot be one."""
        ...

    def disk_free(self) -> int:
        """Return how many bytes are free where models go."""
        ...

    async def look(self, source: str) -> Offer:
        """Return what a server has under a source. Raises ApplianceError."""
        ...

    async def pull(
        self, source: str, sha256: str | None, on_progress: Callable[[Progress], None], *, update: bool
    ) -> Fetched: ...


class Probes(Protocol):
    """Probes the model that answers."""

    def file(self) -> str:
        """Return the name of the file that answers. Raises ApplianceError when none does."""
        ...

    async def run(self, on_progress: Callable[[int, int], None]) -> ProbeResult:
        """Ask all of them. Raises ApplianceError."""
        ...


@dataclass(slots=True)
class _Job:
    id: str
    file: str
    phase: Literal["download", "load", "probe"] = "download"
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    done: int = 0
    total: int | None = None
    sha256: str | None = None
    asked: int | None = None
    probe: ProbeResult | None = None
    warning: str | None = None
    error: str | None = None
    task: asyncio.Task[None] | None = None

    def progress(self, progress: Progress) -> None:
        self.done, self.total = progress.done, progress.total

    def probed(self, done: int, _total: int) -> None:
        self.asked = done

    def settle(self) -> None:
        """Fail a job that a fault of ours broke off (the log has it), so that the next one may begin."""
        if self.state == "running":
            self.state, self.error = "failed", _FAULT

    def row(self) -> PullResult:
        return PullResult(
            job_id=self.id,
            file=self.file,
            state=self.state,
            phase=self.phase,
            done_bytes=self.done,
            total_bytes=or_unset(self.total),
            sha256=or_unset(self.sha256),
            asked=or_unset(self.asked),
            probe=probe_row(self.probe) if self.probe else UNSET,
            warning=or_unset(self.warning),
            error=or_unset(self.error),
        )


class Pulls:
    """The jobs of this gateway. `use` lets a file answer and fails when it cannot; the one before then stays."""

    def __init__(self, puller: Puller, use: Callable[[str], Awaitable[object]], probes: Probes) -> None:
        self._puller = puller
        self._use = use
        self._probes = probes
        self._jobs: dict[str, _Job] = {}
        self._tasks = TaskSet("pulls")

    async def aclose(self) -> None:
        """End what runs; a download goes on from there when it is asked for again."""
        await self._tasks.aclose()

    async def look(self, source: str) -> LookResult:
        """Return what a server has under a source. Raises ApplianceError."""
        offer = await self._puller.look(source)
        return LookResult(
            file=offer.name,
            source=offer.source,
            disk_free_bytes=self._puller.disk_free(),
            sha256=offer.sha256 or UNSET,
            size_bytes=or_unset(offer.size),
            revision=offer.revision or UNSET,
            catalogue=catalogue_row(offer.entry) if offer.entry else UNSET,
        )

    def start(self, params: PullParams) -> PullResult:
        """Begin a download. Raises ApplianceError for a wrong source and OverloadedError while another job runs."""
        job = self._begin(self._puller.name(params.source))
        job.task = self._tasks.spawn(self._run(job, params), name=job.file)
        return job.row()

    def probe(self) -> PullResult:
        """Begin to probe the model that answers. Raises ApplianceError, OverloadedError."""
        job = self._begin(self._probes.file())
        job.phase = "probe"
        job.task = self._tasks.spawn(self._probe_again(job), name=job.file)
        return job.row()

    def _begin(self, file: str) -> _Job:
        for job in self._jobs.values():
            if job.state == "running":
                doing = "downloaded" if job.phase == "download" else "loaded" if job.phase == "load" else "probed"
                raise OverloadedError(f"{job.file} is being {doing}; wait for its end.", retry_after_s=10)
        while len(self._jobs) >= _MAX_JOBS:
            del self._jobs[next(iter(self._jobs))]
        return self._jobs.setdefault(job_id := new_id(), _Job(job_id, file))

    async def _run(self, job: _Job, params: PullParams) -> None:
        try:
            fetched = await self._puller.pull(params.source, params.sha256, job.progress, update=params.update)
            job.done = job.total = fetched.size_bytes
            job.sha256 = fetched.sha256
            if params.use and await self._load(job) and params.probe:
                await self._probe(job)
        except (ApplianceError, OSError) as error:
            job.state, job.error = "failed", str(error)
        else:
            job.state = "done"
        finally:
            job.settle()

    async def _load(self, job: _Job) -> bool:
        """Let the file answer; False where a setting of the owner is in the way."""
        job.phase = "load"
        try:
            await self._use(job.file)
        except ApplianceError as error:
            if error.code not in _NOT_NOW:
                raise
            job.warning = f"It does not answer yet. {error}"
            return False
        return True

    async def _probe(self, job: _Job) -> None:
        """Probe what was loaded; the model answers whether this works or not."""
        job.phase, job.asked = "probe", 0
        try:
            job.probe = await self._probes.run(job.probed)
        except (ApplianceError, OSError) as error:
            job.warning = f"The probes did not end ({error}); `homarus models probe` asks them again."

    async def _probe_again(self, job: _Job) -> None:
        try:
            job.probe = await self._probes.run(job.probed)
        except (ApplianceError, OSError) as error:
            job.state, job.error = "failed", str(error)
        else:
            job.state = "done"
        finally:
            job.settle()

    def status(self, job_id: str | None) -> PullResult:
        """Return where a job stands, the newest one for None. Raises WireError for an unknown id."""
        return self._job(job_id).row()

    def cancel(self, job_id: str) -> PullResult:
        """End a job that runs; what was fetched stays for the next time.

        Raises WireError for an unknown id, and while the engine loads the file, which is not broken off half-way.
        """
        job = self._job(job_id)
        if job.phase == "load":
            raise invalid_request(f"{job.file} is being loaded; wait for its end.")
        if job.state == "running" and job.task is not None:
            job.state = "cancelled"
            job.task.cancel()
        return job.row()

    def _job(self, job_id: str | None) -> _Job:
        job = self._jobs.get(job_id or next(reversed(self._jobs), ""))
        if job is None:
            raise invalid_request("nothing was downloaded yet" if job_id is None else f"unknown jobId: {job_id}")
        return job


def methods(*, pulls: Pulls) -> tuple[Method, ...]:
    """Return the methods that download and probe models."""

    async def look(_: Call, params: LookParams) -> LookResult:
        return await pulls.look(params.source)

    async def pull(_: Call, params: PullParams) -> PullResult:
        return pulls.start(params)

    async def probe(_: Call, params: ProbeParams) -> PullResult:
        return pulls.probe()

    def status(_: Call, params: PullStatusParams) -> PullResult:
        return pulls.status(params.job_id)

    def cancel(_: Call, params: PullCancelParams) -> PullResult:
        return pulls.cancel(params.job_id)

    return (
        Method("homarus.models.cancel", "operator.admin", PullCancelParams, cancel, result=PullResult),
        Method("homarus.models.look", "operator.admin", LookParams, look, result=LookResult),
        Method("homarus.models.pull", "operator.admin", PullParams, pull, result=PullResult),
        Method("homarus.models.probe", "operator.admin", ProbeParams, probe, result=PullResult),
        Method("homarus.models.pullStatus", "operator.read", PullStatusParams, status, result=PullResult),
    )
