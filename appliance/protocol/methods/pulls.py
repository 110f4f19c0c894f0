"""Downloads of model files."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, NonEmpty, Params, Result, Unset


class PullParams(Params, frozen=True):
    """`source` is an http(s) address or `hf:owner/name/file.gguf`."""

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{64}$")] | None = None


class PullStatusParams(Params, frozen=True):
    job_id: NonEmpty


class PullResult(Result, frozen=True):
    """Where a download stands; `total_bytes` is absent while the server has not said it."""

    job_id: NonEmpty
    file: str
    state: Literal["running", "done", "failed"]
    done_bytes: int
    total_bytes: int | Unset = UNSET
    sha256: str | Unset = UNSET
    error: str | Unset = UNSET
