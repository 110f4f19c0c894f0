"""A text as a picture that a camera reads."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocol.methods.base import Params, Result


class QrParams(Params, frozen=True):
    """`text` is what the camera finds; more than 1024 characters make a picture that phones fail to read."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class QrResult(Result, frozen=True):
    """`path` draws the dark squares in a picture of `size` by `size` units, the quiet border included (SVG)."""

    size: int
    path: str
