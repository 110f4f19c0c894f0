"""homarus.models.pull and pullStatus: fetch a model file in the background, one at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.foundation.ids import new_id
from appliance.foundation.tasks import TaskSet
from appliance.gateway.method import Call, Method
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import or_unset
from appliance.protocol.methods.pulls import PullParams, PullResult, PullStatusParams

_MAX_JOBS = 32  # old ones are forgotten; only one runs at a time


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
    """Fetches a file and checks it, then tells the engine."""

    def name(self, source: str) -> str:
        """Return the name of the file. Raises ApplianceError for a source that cannot be one."""
        ...

    async def pull(self, source: str, sha256: str | None, on_progress: Callable[[Progress], None]) -> Fetched: ...


@dataclass(slots=True)
class _Job:
    id: str
    file: str
    state: str = "running"
    done: int = 0
    total: int | None = None
    sha256: str | None = None
    error: str | None = None

    def progress(self, progress: Progress) -> None:
        self.done, self.total = progress.done, progress.total

    def row(self) -> PullResult:
        return PullResult(
            job_id=self.id,
            file=self.file,
            state="running" if self.state == "running" else ("done" if self.state == "done" else "failed"),
            done_bytes=self.done,
            total_bytes=or_unset(self.total),
            sha256=or_unset(self.sha256),
            error=or_unset(self.error),
        )


class Pulls:
    """The downloads of this gateway. `changed` is told when a file arrived."""

    def __init__(self, puller: Puller, changed: Callable[[], Awaitable[None]]) -> None:
        self._puller = puller
        self._changed = changed
        self._jobs: dict[str, _Job] = {}
        self._tasks = TaskSet("pulls")

    async def aclose(self) -> None:
        """End what runs; a download goes on from there when it is asked for again."""
        await self._tasks.aclose()

    def start(self, source: str, sha256: str | None) -> PullResult:
        """Begin a download. Raises ApplianceError for a wrong source and OverloadedError while another one runs."""
        file = self._puller.name(source)
        for job in self._jobs.values():
            if job.state == "running":
                raise OverloadedError(f"{job.file} is being downloaded; wait for its end.", retry_after_s=10)
        while len(self._jobs) >= _MAX_JOBS:
            del self._jobs[next(iter(self._jobs))]
        job = self._jobs.setdefault(job_id := new_id(), _Job(job_id, file))
        self._tasks.spawn(self._run(job, source, sha256), name=file)
        return job.row()

    async def _run(self, job: _Job, source: str, sha256: str | None) -> None:
        try:
            fetched = await self._puller.pull(source, sha256, job.progress)
        except (ApplianceError, OSError) as error:
            job.state, job.error = "failed", str(error)
            return
        job.done = job.total = fetched.size_bytes
        job.state, job.sha256 = "done", fetched.sha256
        await self._changed()

    def status(self, job_id: str) -> PullResult:
        """Return where a download stands. Raises WireError for an unknown id."""
        job = self._jobs.get(job_id)
        if job is None:
            raise invalid_request(f"unknown jobId: {job_id}")
        return job.row()


def methods(*, pulls: Pulls) -> tuple[Method, ...]:
    """Return the methods that download models."""

    async def pull(_: Call, params: PullParams) -> PullResult:
        return pulls.start(params.source, params.sha256)

    def status(_: Call, params: PullStatusParams) -> PullResult:
        return pulls.status(params.job_id)

    return (
        Method("homarus.models.pull", "operator.admin", PullParams, pull, result=PullResult),
        Method("homarus.models.pullStatus", "operator.read", PullStatusParams, status, result=PullResult),
    )
