"""Our own way to change one option."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from appliance.protocol.methods.base import UNSET, NonEmpty, Params


class ConfigEditParams(Params, frozen=True):
    """Set the option at `path` to `value`; without a value the option is taken out and its default counts."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    value: Any = UNSET
    base_hash: NonEmpty | None = None
