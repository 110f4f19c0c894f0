"""The probes as data: what is said, which tools are offered, what would be right."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

_FILE = Path(__file__).with_name("probes.json")
LEAST_TOOLS, MOST_TOOLS = 3, 6


class ProbeTool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool that exists only in the probes; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class CallProbe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`tools` of the tools are offered; `tool` "" means that none may be called.

    Of `arguments` numbers and truth values must be equal, and a text must contain the given word; more may be given.
    """

    id: str
    tools: Annotated[int, msgspec.Meta(ge=LEAST_TOOLS, le=MOST_TOOLS)]
    language: str
    say: str
    tool: str
    arguments: Mapping[str, str | bool | int]


class AnswerProbe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer is right when it contains one of `any` as a word or its beginning."""

    id: str
    language: str
    say: str
    any: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class Probes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`version` counts up with every change: results of different versions are not compared."""

    version: int
    tools: tuple[ProbeTool, ...]
    calls: tuple[CallProbe, ...]
    answers: tuple[AnswerProbe, ...]

    def offered(self, probe: CallProbe) -> tuple[ProbeTool, ...]:
        """Return the tools of a probe: always the first ones, so that the beginning of the prompt is kept."""
        return self.tools[: probe.tools]


@functools.cache
def probes() -> Probes:
    """Return the probes of this release."""
    return msgspec.json.decode(_FILE.read_bytes(), type=Probes)
