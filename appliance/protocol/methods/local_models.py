"""The model files on this box, the catalogue, and advice on which one suits it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocol.methods.base import UNSET, Name200, Params, Result, Unset


class ProbeRow(Result, frozen=True):
    """What the probes found. `by_tools`: right ones and all, by the number of tools that were offered.

    The rates are tokens a second that the engine measured meanwhile, 0 unknown.
    """

    calls_right: int
    calls: int
    answers_right: int
    answers: int
    by_tools: dict[str, list[int]]
    tools_per_turn: int
    least_confidence: float
    prefill_rate: float
    decode_rate: float
    seconds: float
    at_ms: int


class CatalogueRow(Result, frozen=True):
    """A well-known model. Its size is approximate until the hub is asked; `kv_bytes_per_token` at 16 bits."""

    name: str
    title: str
    source: str
    quantisation: str
    licence: str
    licence_free: bool
    parameters: int
    context: int
    kv_bytes_per_token: int
    tool_format: str
    languages: list[str]
    minimum_ram_mb: int
    approximate_bytes: int
    licence_note: str | Unset = UNSET


class InstalledRow(Result, frozen=True):
    """A file on this box. `problem` says why it cannot be used; `sha256` is absent while nobody read all of it.

    `pinned`: it was fetched, and is checked against its hash before it is loaded.
    """

    name: str
    file: str
    size_bytes: int
    active: bool
    pinned: bool
    sha256: str | Unset = UNSET
    source: str | Unset = UNSET
    revision: str | Unset = UNSET
    architecture: str | Unset = UNSET
    parameters: int | Unset = UNSET
    context: int | Unset = UNSET
    licence: str | Unset = UNSET
    languages: list[str] | Unset = UNSET
    probe: ProbeRow | Unset = UNSET
    problem: str | Unset = UNSET


class LocalModelsParams(Params, frozen=True):
    """`catalogue` asks for what could be fetched as well."""

    catalogue: bool = False


class LocalModelsResult(Result, frozen=True):
    """`active` is the file that answers; `configured` the one that the configuration names, in place of a choice."""

    models: list[InstalledRow]
    active: str | Unset = UNSET
    configured: str | Unset = UNSET
    catalogue: list[CatalogueRow] | Unset = UNSET


class NameParams(Params, frozen=True):
    """A name of the catalogue or of a file on this box."""

    name: Name200


class UsedResult(Result, frozen=True):
    """`file` answers now."""

    file: str


class RemovedResult(Result, frozen=True):
    """`file` is gone; `size_bytes` are free again."""

    file: str
    size_bytes: int


class RecommendParams(Params, frozen=True):
    """`language` leaves models that speak it; `seconds` is how long a first answer may take to be comfortable."""

    language: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}$")] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=1, le=3600)] | None = None


class SpeedRow(Result, frozen=True):
    """`prefill`: parameters x tokens a second, `decode`: bytes a second, of one quantisation."""

    prefill: float
    decode: float


class BoxRow(Result, frozen=True):
    """What was measured of this box."""

    cores: int
    threads: int
    memory_total_bytes: int
    memory_available_bytes: int
    disk_free_bytes: int
    speeds: dict[str, SpeedRow]
    seconds: float


class AdviceRow(Result, frozen=True):
    """One model on this box, the best first.

    `first_answer_seconds`: 600 tokens read, 80 written; `next_answer_seconds`: 60 read, as in a conversation.
    `measured`: the model ran here, else it is an estimate. `window` is the longest conversation that fits, in tokens.
    `memory_bytes` are weights, states of the window and buffers.
    """

    name: str
    title: str
    fits: bool
    comfortable: bool
    installed: bool
    measured: bool
    first_answer_seconds: float
    next_answer_seconds: float
    prefill_rate: float
    decode_rate: float
    memory_bytes: int
    size_bytes: int
    window: int
    languages: list[str]
    licence: str
    licence_free: bool
    reason: str | Unset = UNSET


class RecommendResult(Result, frozen=True):
    box: BoxRow
    models: list[AdviceRow]
