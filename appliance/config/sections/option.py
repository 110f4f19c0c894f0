"""How an option is declared: in the annotation of its field, once, for schema, documentation and checks alike."""

from __future__ import annotations

import enum
from typing import Any, Final

import msgspec


class Reload(enum.StrEnum):
    """Whether a changed value counts at once or after a restart."""

    HOT = "hot"
    RESTART = "restart"


HOT: Final = Reload.HOT


class Section(msgspec.Struct, frozen=True, rename="camel"):
    """The base of every section: frozen, snake_case here, camelCase in the file."""


def opt(
    meaning: str,
    *,
    unit: str = "",
    reload: Reload = Reload.RESTART,
    ge: float | None = None,
    le: float | None = None,
    pattern: str | None = None,
    max_length: int | None = None,
) -> msgspec.Meta:
    """Declare what an option means, its unit and bounds, and whether it counts without a restart.

    `pattern` is matched by Python's `re.search`, so it carries its own anchors.
    """
    extra: dict[str, Any] = {"unit": unit, "reload": reload}
    constraints: dict[str, Any] = {"ge": ge, "le": le, "pattern": pattern, "max_length": max_length}
    given = {name: value for name, value in constraints.items() if value is not None}
    return msgspec.Meta(description=meaning, extra=extra, **given)
