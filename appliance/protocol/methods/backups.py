"""A copy of the database that the gateway makes for a program on the same machine."""

from __future__ import annotations

from appliance.protocol.methods.base import NonEmpty, Params, Result


class TakeParams(Params, frozen=True):
    """Nothing is asked."""


class TakeResult(Result, frozen=True):
    """`path`: a checked copy below the state directory, which whoever asked removes. `box`: the id of this box."""

    path: NonEmpty
    box: NonEmpty
    name: str
    version: NonEmpty
