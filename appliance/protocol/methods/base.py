"""What the parameters and results of all methods have in common."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec

UNSET = msgspec.UNSET
Unset: TypeAlias = msgspec.UnsetType

Json: TypeAlias = dict[str, Any]

NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]
KeyText = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
LabelText = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Name200 = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Params(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Parameters of a method as a closed object: an unknown member is an error (protocol.md 2).

    Optional members may also be null: laxer than the reference, never stricter.
    """


class OpenParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Parameters that the reference reads by hand or lets grow: unknown members are ignored."""


class Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a method answers. Members that are UNSET are absent on the wire, None is null."""


class Empty(OpenParams, frozen=True):
    """Parameters of a method that takes none; absent and null count as `{}`."""


def or_unset(value: Any) -> Any:
    """Return `value`, or UNSET for None: on the wire what is unknown is absent."""
    return UNSET if value is None else value
