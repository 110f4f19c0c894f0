"""homarus.models.pull and probe: downloads and probes in the background, one job at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from appliance.engine.models.catalogue.shelf import find
from appliance.engine.models.install import Offer
from appliance.engine.models.probe.record import ProbeResult
from appliance.engine.models.probe.scoring import Judged
from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.gateway.methods.pulls import Progress, Pulls
from appliance.protocol.errors import WireError
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.pulls import PullParams, PullResult


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

    def __init__(self, error: Exception | None = None) -> None:
        self.go = asyncio.Event()
        self.error = error
        self.asked: list[tuple[str, str | None, bool]] = []

    def name(self, source: str) -> str:
        if not source.endswith(".gguf"):
            raise ApplianceError(f"{source} is no model file")
        return source.rsplit("/", 1)[-1]

    def disk_free(self) -> int:
        return 5000

    async def look(self, source: str) -> Offer:
        return Offer(source, self.name(source), "ab" * 32, 100, "", find("qwen3-0.6b"))

    async def pull(
        self, source: str, sha256: str | None, on_progress: Callable[[Progress], None], *, update: bool
    ) -> File:
        self.asked.append((source, sha256, update))
        on_progress(Step(40, 100))
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return File()


class Box:
    """Remembers what was used; probes find one right answer, or fail."""

    def __init__(self, use_error: Exception | None = None, probe_error: Exception | None = None) -> None:
        self.used: list[str] = []
        self.probed = 0
        self._use_error, self._probe_error = use_error, probe_error

    async def use(self, name: str) -> None:
        self.used.append(name)
        if self._use_error:
            raise self._use_error

    def file(self) -> str:
        if not self.used:
            raise ApplianceError("nothing answers")
        return self.used[-1]

    async def run(self, on_progress: Callable[[int, int], None]) -> ProbeResult:
        self.probed += 1
        on_progress(7, 30)
        if self._probe_error:
            raise self._probe_error
        return ProbeResult("ab" * 32, self.file(), 1, 4, 0.25, (Judged("a", True, 0.9, tools=3),))


def started(puller: HeldPuller, box: Box) -> Pulls:
    puller.go.set()
    return Pulls(puller, box.use, box)


async def ended(pulls: Pulls, job_id: str) -> PullResult:
    async with asyncio.timeout(5):
        while (state := pulls.status(job_id)).state == "running":
            await asyncio.sleep(0)
    return state


class Refusal(ApplianceError):
    code = "model_choice"


async def test_a_download_tells_its_progress_then_the_model_is_loaded_and_probed() -> None:
    puller, box = HeldPuller(), Box()
    pulls = Pulls(puller, box.use, box)
    job = pulls.start(PullParams(source="https://example.org/small.gguf", update=True))
    assert (job.file, job.state, job.phase) == ("small.gguf", "running", "download")
    await asyncio.sleep(0)
    assert (pulls.status(job.job_id).done_bytes, pulls.status(job.job_id).total_bytes) == (40, 100)
    puller.go.set()
    end = await ended(pulls, job.job_id)
    assert (end.state, end.phase, end.done_bytes, end.sha256) == ("done", "probe", 100, "ab" * 32)
    assert end.asked == 7
    assert end.probe is not UNSET
    assert (end.probe.calls_right, end.probe.tools_per_turn, end.probe.by_tools) == (1, 4, {"3": [1, 1]})
    assert box.used == ["small.gguf"]
    assert puller.asked == [("https://example.org/small.gguf", None, True)]
    await pulls.aclose()


async def test_neither_use_nor_probe_unless_they_are_wanted() -> None:
    box = Box()
    pulls = started(HeldPuller(), box)
    assert (await ended(pulls, pulls.start(PullParams(source="a.gguf", use=False)).job_id)).phase == "download"
    assert (box.used, box.probed) == ([], 0)
    assert (await ended(pulls, pulls.start(PullParams(source="a.gguf", probe=False)).job_id)).phase == "load"
    assert (box.used, box.probed) == (["a.gguf"], 0)


async def test_a_model_that_does_not_load_fails_the_job_and_is_not_probed() -> None:
    box = Box(use_error=ApplianceError("a.gguf cannot be used. b.gguf goes on answering."))
    pulls = started(HeldPuller(), box)
    end = await ended(pulls, pulls.start(PullParams(source="a.gguf")).job_id)
    assert (end.state, end.error) == ("failed", "a.gguf cannot be used. b.gguf goes on answering.")
    assert box.probed == 0


async def test_a_setting_in_the_way_is_a_warning_because_the_file_is_there() -> None:
    box = Box(use_error=Refusal("`models.local.path` names another."))
    pulls = started(HeldPuller(), box)
    end = await ended(pulls, pulls.start(PullParams(source="a.gguf")).job_id)
    assert (end.state, end.sha256) == ("done", "ab" * 32)
    assert end.warning == "It does not answer yet. `models.local.path` names another."


async def test_probes_that_break_off_do_not_fail_the_download() -> None:
    pulls = started(HeldPuller(), Box(probe_error=ApplianceError("it is busy")))
    end = await ended(pulls, pulls.start(PullParams(source="a.gguf")).job_id)
    assert end.state == "done"
    assert "it is busy" in str(end.warning)
    assert "homarus models probe" in str(end.warning)


async def test_a_second_job_waits_for_the_first() -> None:
    box = Box()
    pulls = Pulls(HeldPuller(), box.use, box)
    pulls.start(PullParams(source="a.gguf"))
    with pytest.raises(OverloadedError, match=r"a\.gguf is being downloaded"):
        pulls.start(PullParams(source="b.gguf"))
    await box.use("c.gguf")
    with pytest.raises(OverloadedError):
        pulls.probe()
    await pulls.aclose()


async def test_the_model_that_answers_can_be_probed_again() -> None:
    box = Box()
    pulls = started(HeldPuller(), box)
    with pytest.raises(ApplianceError, match="nothing answers"):
        pulls.probe()
    await box.use("c.gguf")
    end = await ended(pulls, pulls.probe().job_id)
    assert (end.file, end.state, end.phase) == ("c.gguf", "done", "probe")
    failing = Box(probe_error=OSError("the disk is full"))
    await failing.use("c.gguf")
    pulls = started(HeldPuller(), failing)
    end = await ended(pulls, pulls.probe().job_id)
    assert (end.state, end.error) == ("failed", "the disk is full")


@pytest.mark.parametrize("error", [ApplianceError("the checksum differs"), OSError("the disk is full")])
async def test_a_failed_download_says_why(error: Exception) -> None:
    box = Box()
    pulls = started(HeldPuller(error), box)
    end = await ended(pulls, pulls.start(PullParams(source="a.gguf")).job_id)
    assert (end.state, end.error) == ("failed", str(error))
    assert box.used == []
    assert pulls.start(PullParams(source="a.gguf")).state == "running"
    await pulls.aclose()


@pytest.mark.parametrize("job", ["download", "probe"])
async def test_a_fault_of_ours_ends_the_job_so_that_the_next_may_begin(job: str) -> None:
    fault = KeyError("x")
    box = Box(probe_error=fault)
    await box.use("c.gguf")
    pulls = started(HeldPuller(fault), box)
    begun = pulls.start(PullParams(source="a.gguf")) if job == "download" else pulls.probe()
    end = await ended(pulls, begun.job_id)
    assert (end.state, "homarus logs" in str(end.error)) == ("failed", True)
    assert pulls.start(PullParams(source="a.gguf")).state == "running"
    await pulls.aclose()


async def test_a_look_shows_hash_size_and_what_the_catalogue_knows() -> None:
    box = Box()
    found = await Pulls(HeldPuller(), box.use, box).look("a.gguf")
    assert (found.file, found.sha256, found.size_bytes, found.disk_free_bytes) == ("a.gguf", "ab" * 32, 100, 5000)
    assert found.revision is UNSET
    assert found.catalogue is not UNSET
    assert found.catalogue.kv_bytes_per_token == 114_688


async def test_a_wrong_source_and_an_unknown_job_are_refused() -> None:
    box = Box()
    pulls = Pulls(HeldPuller(), box.use, box)
    with pytest.raises(ApplianceError, match="no model file"):
        pulls.start(PullParams(source="https://example.org/"))
    with pytest.raises(WireError, match="unknown jobId"):
        pulls.status("nope")


async def test_a_download_that_is_cancelled_ends_at_once_and_another_may_begin() -> None:
    puller, box = HeldPuller(), Box()
    pulls = Pulls(puller, box.use, box)
    job = pulls.start(PullParams(source="small.gguf"))
    await asyncio.sleep(0)
    assert pulls.cancel(job.job_id).state == "cancelled"
    assert pulls.status(None).job_id == job.job_id, "a screen that was opened later asks for the newest job"
    puller.go.set()
    again = pulls.start(PullParams(source="small.gguf", use=False))
    assert (await ended(pulls, again.job_id)).state == "done"
    assert pulls.cancel(again.job_id).state == "done", "what has ended stays as it is"
    assert pulls.status(job.job_id).state == "cancelled"
    assert box.used == []
    with pytest.raises(ApplianceError, match="unknown jobId"):
        pulls.cancel("nobody")
    await pulls.aclose()


async def test_a_model_that_is_being_loaded_is_not_broken_off_and_before_the_first_job_there_is_none() -> None:
    puller, box = HeldPuller(), Box()
    going = asyncio.Event()

    async def use(name: str) -> None:
        await going.wait()

    pulls = Pulls(puller, use, box)
    with pytest.raises(ApplianceError, match="nothing was downloaded"):
        pulls.status(None)
    puller.go.set()
    job = pulls.start(PullParams(source="small.gguf", probe=False))
    async with asyncio.timeout(5):
        while pulls.status(job.job_id).phase != "load":
            await asyncio.sleep(0)
    with pytest.raises(ApplianceError, match="being loaded"):
        pulls.cancel(job.job_id)
    going.set()
    assert (await ended(pulls, job.job_id)).state == "done"
    await pulls.aclose()
