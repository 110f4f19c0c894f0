"""Downloads of models, and the probes of the one that runs: work in the background that is asked about by its id."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, NonEmpty, Params, Result, Unset
from appliance.protocol.methods.local_models import CatalogueRow, ProbeRow

Source = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{64}$")]


class LookParams(Params, frozen=True):
    """`source` is a name of the catalogue, an http(s) address or `hf:owner/name/file.gguf`."""

    source: Source


class LookResult(Result, frozen=True):
    """What is under a source; `sha256`, `size_bytes` and `revision` are absent where the server does not say them."""

    file: str
    source: str
    disk_free_bytes: int
    sha256: str | Unset = UNSET
    size_bytes: int | Unset = UNSET
    revision: str | Unset = UNSET
    catalogue: CatalogueRow | Unset = UNSET


class PullParams(Params, frozen=True):
    """Without `update` another content under a known name is refused. With `use` the model answers when it is there.

    With `probe` it is then asked the probes.
    """

    source: Source
    sha256: Sha256 | None = None
    update: bool = False
    use: bool = True
    probe: bool = True


class ProbeParams(Params, frozen=True):
    """Nothing is chosen: the model that answers is probed."""


class PullStatusParams(Params, frozen=True):
    """Without `job_id` the newest job: a screen that was opened later shows it as well."""

    job_id: NonEmpty | None = None


class PullCancelParams(Params, frozen=True):
    job_id: NonEmpty


class PullResult(Result, frozen=True):
    """Where a job stands. What a `cancelled` download has fetched stays, and goes on when it is asked for again.

    `phase` is what it does, or did last.

    `total_bytes` is absent while the server has not said it; `asked` of 30 probes were asked. `warning` says what was
    not done although the job did not fail.
    """

    job_id: NonEmpty
    file: str
    state: Literal["running", "done", "failed", "cancelled"]
    phase: Literal["download", "load", "probe"]
    done_bytes: int
    total_bytes: int | Unset = UNSET
    sha256: str | Unset = UNSET
    asked: int | Unset = UNSET
    probe: ProbeRow | Unset = UNSET
    warning: str | Unset = UNSET
    error: str | Unset = UNSET
