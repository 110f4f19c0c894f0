"""homarus.models.pull: downloads in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.gateway.methods.pulls import Progress, Pulls
from appliance.protocol.errors import WireError
from appliance.protocol.methods.pulls import PullResult


@dataclass(frozen=True)
class Step:
    done: int
    total: int | None


@dataclass(frozen=True)
class File:
    sha256: str = "ab" * 32
    size_bytes: int = 100


class HeldPuller:
    """Reports a step, then waits for `go`; fails when told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.error: Exception | None = None

    def name(self, source: str) -> str:
        if not source.endswith(".gguf"):
            raise ApplianceError(f"{source} is no model file")
        return source.rsplit("/", 1)[-1]

    async def pull(self, source: str, sha256: str | None, on_progress: Callable[[Progress], None]) -> File:
        on_progress(Step(40, 100))
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return File()


async def ended(pulls: Pulls, job_id: str) -> PullResult:
    async with asyncio.timeout(5):
        while (state := pulls.status(job_id)).state == "running":
            await asyncio.sleep(0)
    return state


async def test_a_download_tells_its_progress_and_its_end() -> None:
    puller, arrived = HeldPuller(), []

    async def changed() -> None:
        arrived.append(1)

    pulls = Pulls(puller, changed)
    job = pulls.start("https://example.org/small.gguf", None)
    assert (job.file, job.state) == ("small.gguf", "running")
    await asyncio.sleep(0)
    assert (pulls.status(job.job_id).done_bytes, pulls.status(job.job_id).total_bytes) == (40, 100)
    puller.go.set()
    end = await ended(pulls, job.job_id)
    assert (end.state, end.done_bytes, end.sha256) == ("done", 100, "ab" * 32)
    await asyncio.sleep(0)
    assert arrived == [1]
    await pulls.aclose()


async def test_a_second_download_waits_for_the_first() -> None:
    pulls = Pulls(HeldPuller(), lambda: asyncio.sleep(0))
    pulls.start("a.gguf", None)
    with pytest.raises(OverloadedError, match=r"a\.gguf is being downloaded"):
        pulls.start("b.gguf", None)
    await pulls.aclose()


@pytest.mark.parametrize("error", [ApplianceError("the checksum differs"), OSError("the disk is full")])
async def test_a_failed_download_says_why(error: Exception) -> None:
    puller = HeldPuller()
    puller.error = error
    puller.go.set()
    pulls = Pulls(puller, lambda: asyncio.sleep(0))
    end = await ended(pulls, pulls.start("a.gguf", None).job_id)
    assert (end.state, end.error) == ("failed", str(error))
    assert pulls.start("a.gguf", None).state == "running"
    await pulls.aclose()


async def test_a_wrong_source_and_an_unknown_job_are_refused() -> None:
    pulls = Pulls(HeldPuller(), lambda: asyncio.sleep(0))
    with pytest.raises(ApplianceError, match="no model file"):
        pulls.start("https://example.org/", None)
    with pytest.raises(WireError, match="unknown jobId"):
        pulls.status("nope")
