"""The gateway's log file, read piece by piece."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocol.methods.base import UNSET, Natural, NonEmpty, Params, Result, Unset


class LogsTailParams(Params, frozen=True):
    """`cursor` is what the last answer gave; without it the end of the file is read."""

    cursor: Natural | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 500
    max_bytes: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 250_000


class LogsTailResult(Result, frozen=True):
    """`cursor` and `size` are bytes. `reset`: the cursor did not fit this file (it was rotated)."""

    file: NonEmpty
    cursor: Natural
    size: Natural
    lines: list[str]
    truncated: bool = False
    reset: bool = False
    skipped_bytes: Natural | Unset = UNSET
