"""homarus.models.local, use, remove and recommend: the model files on this box and what would suit it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.catalogue.shelf import catalogue
from appliance.engine.models.library import Installed
from appliance.engine.models.probe.record import ProbeResult
from appliance.engine.models.recommend.advice import Advice
from appliance.engine.models.recommend.box import Box
from appliance.gateway.method import Call, Method
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.local_models import (
    AdviceRow,
    BoxRow,
    CatalogueRow,
    InstalledRow,
    LocalModelsParams,
    LocalModelsResult,
    NameParams,
    ProbeRow,
    RecommendParams,
    RecommendResult,
    RemovedResult,
    SpeedRow,
    UsedResult,
)


class ModelFiles(Protocol):
    """The model files of this box and the engine that runs one of them."""

    @property
    def path(self) -> Path | None:
        """The file that answers."""
        ...

    @property
    def configured(self) -> str | None:
        """The file that the configuration names."""
        ...

    def installed(self) -> Sequence[Installed]:
        """Return every file. Blocks. Raises ApplianceError."""
        ...

    async def use(self, name: str) -> Path:
        """Let a file answer. Raises ApplianceError; the one before then stays."""
        ...

    async def remove(self, name: str) -> tuple[Path, int]:
        """Delete a file; return it and its size. Raises ApplianceError, OSError."""
        ...


class Adviser(Protocol):
    """Measures this box and estimates every model on it."""

    async def advise(self, language: str | None, seconds: float | None) -> tuple[Box, Sequence[Advice], set[str]]:
        """Return the box, its models best first, and the names of those that are here. Raises ApplianceError."""
        ...


def probe_row(result: ProbeResult) -> ProbeRow:
    """Return the result of probes as clients read it."""
    by_tools: dict[str, list[int]] = {}
    for one in result.judged:
        if one.tools:
            counts = by_tools.setdefault(str(one.tools), [0, 0])
            counts[0] += one.right
            counts[1] += 1
    return ProbeRow(
        calls_right=result.calls[0],
        calls=result.calls[1],
        answers_right=result.answers[0],
        answers=result.answers[1],
        by_tools=by_tools,
        tools_per_turn=result.tools_per_turn,
        least_confidence=result.least_confidence,
        prefill_rate=result.rates.prefill,
        decode_rate=result.rates.decode,
        seconds=result.seconds,
        at_ms=result.at_ms,
    )


def catalogue_row(entry: Entry) -> CatalogueRow:
    """Return an entry of the catalogue as clients read it."""
    return CatalogueRow(
        name=entry.name,
        title=entry.title,
        source=entry.source,
        quantisation=entry.quantisation,
        licence=entry.licence.id,
        licence_free=entry.licence.free,
        licence_note=entry.licence.note or UNSET,
        parameters=entry.parameters,
        context=entry.context,
        kv_bytes_per_token=entry.shape.kv_bytes_per_token(),
        tool_format=entry.tool_format,
        languages=list(entry.languages),
        minimum_ram_mb=entry.minimum_ram_mb,
        approximate_bytes=entry.approximate_bytes,
    )


def _installed_row(one: Installed, active: Path | None) -> InstalledRow:
    return InstalledRow(
        name=one.name,
        file=one.path.name,
        size_bytes=one.size_bytes,
        active=one.path == active,
        pinned=one.pin is not None,
        sha256=(one.pin.sha256 if one.pin else one.sha256) or UNSET,
        source=one.pin.source if one.pin else UNSET,
        revision=(one.pin.revision if one.pin else "") or UNSET,
        architecture=one.header.architecture if one.header else UNSET,
        parameters=one.header.parameters if one.header else UNSET,
        context=or_unset(one.header.context) if one.header else UNSET,
        licence=one.entry.licence.id if one.entry else UNSET,
        languages=list(one.entry.languages) if one.entry else UNSET,
        probe=probe_row(one.probe) if one.probe else UNSET,
        problem=one.problem or UNSET,
    )


def _advice_row(advice: Advice, here: set[str]) -> AdviceRow:
    entry, speed = advice.entry, advice.speed
    return AdviceRow(
        name=entry.name,
        title=entry.title,
        fits=advice.fits,
        comfortable=advice.comfortable,
        installed=entry.name in here,
        measured=speed.measured,
        first_answer_seconds=round(speed.first_answer_s, 1),
        next_answer_seconds=round(speed.next_answer_s, 1),
        prefill_rate=round(speed.prefill, 1),
        decode_rate=round(speed.decode, 1),
        memory_bytes=advice.memory_bytes,
        size_bytes=advice.size_bytes,
        window=advice.window,
        languages=list(entry.languages),
        licence=entry.licence.id,
        licence_free=entry.licence.free,
        reason=advice.reason or UNSET,
    )


def _box_row(box: Box) -> BoxRow:
    measured = box.measurement
    return BoxRow(
        cores=measured.cores,
        threads=measured.threads,
        memory_total_bytes=box.memory_total,
        memory_available_bytes=box.memory_available,
        disk_free_bytes=box.disk_free,
        speeds={name: SpeedRow(prefill=one.prefill, decode=one.decode) for name, one in measured.speeds.items()},
        seconds=measured.seconds,
    )


def methods(*, files: ModelFiles, adviser: Adviser) -> tuple[Method, ...]:
    """Return the methods about model files."""

    async def local(_: Call, params: LocalModelsParams) -> LocalModelsResult:
        active = files.path
        found = await asyncio.to_thread(files.installed)
        return LocalModelsResult(
            models=[_installed_row(one, active) for one in found],
            active=active.name if active else UNSET,
            configured=or_unset(files.configured),
            catalogue=[catalogue_row(entry) for entry in catalogue().values()] if params.catalogue else UNSET,
        )

    async def use(_: Call, params: NameParams) -> UsedResult:
        return UsedResult(file=(await files.use(params.name)).name)

    async def remove(_: Call, params: NameParams) -> RemovedResult:
        path, size = await files.remove(params.name)
        return RemovedResult(file=path.name, size_bytes=size)

    async def recommend(_: Call, params: RecommendParams) -> RecommendResult:
        box, advice, here = await adviser.advise(params.language, params.seconds)
        return RecommendResult(box=_box_row(box), models=[_advice_row(one, here) for one in advice])

    return (
        Method("homarus.models.local", "operator.read", LocalModelsParams, local, result=LocalModelsResult),
        Method("homarus.models.use", "operator.admin", NameParams, use, result=UsedResult),
        Method("homarus.models.remove", "operator.admin", NameParams, remove, result=RemovedResult),
        Method("homarus.models.recommend", "operator.write", RecommendParams, recommend, result=RecommendResult),
    )
