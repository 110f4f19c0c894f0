"""What the embedded model learned on this box, and how it forgets."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocol.methods.base import UNSET, Name200, Params, Result, Unset


class LearningParams(Params, frozen=True):
    """With `fit` the model is fitted to the examples now instead of in a quiet minute; that needs operator.admin."""

    fit: bool = False


class LastFit(Result, frozen=True):
    """The last re-fit. `why` says why it was not taken; `left_out` counts examples that would have done harm.

    `right_before` and `right_after`: sentences without a fault of those that ship with the package to judge by.
    """

    taken: bool
    at_ms: int
    examples: int
    left_out: int
    right_before: int
    right_after: int
    why: str | Unset = UNSET


class LearningResult(Result, frozen=True):
    """`examples` counts by tool; `heard` is how many are in the weights in use, 0: the shipped ones."""

    enabled: bool
    examples: dict[str, int]
    heard: int
    last: LastFit | Unset = UNSET
    unable: str | Unset = UNSET


class ForgetParams(Params, frozen=True):
    """Exactly one of the three: everything, the examples of a tool, those that hold every one of these words."""

    all: bool = False
    tool: Name200 | None = None
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=400)] | None = None


class ForgetResult(Result, frozen=True):
    """How many examples went, by tool, and how learning stands now. `problem`: the rest could not be fitted."""

    removed: dict[str, int]
    now: LearningResult
    problem: str | Unset = UNSET
