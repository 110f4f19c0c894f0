"""The decisions of one turn, without any input or output."""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from appliance.generation import StopReason
from appliance.messages import ToolCall


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """Bounds that no model may talk its way around."""

    max_steps: int = 12  # model calls in one turn
    max_calls_per_step: int = 8
    max_repeats: int = 2  # the same call with the same arguments


@dataclass(frozen=True, slots=True)
class Infer:
    """Ask the model."""


@dataclass(frozen=True, slots=True)
class RunTools:
    """Run these calls in order; `refused` are answered with the reason instead."""

    calls: tuple[ToolCall, ...]
    refused: tuple[tuple[ToolCall, str], ...] = ()


class Ending(enum.StrEnum):
    """How a turn ends when nothing failed."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"
    STEP_LIMIT = "step_limit"


@dataclass(frozen=True, slots=True)
class Finish:
    """The turn is over."""

    ending: Ending


Step: TypeAlias = Infer | RunTools | Finish

_ENDINGS = {StopReason.LENGTH: Ending.LENGTH, StopReason.REFUSED: Ending.REFUSED}


class Turn:
    """One turn: `start`, then `answered` after each model call and `ran` after each round of tools."""

    def __init__(self, limits: TurnLimits | None = None) -> None:
        self._limits = limits or TurnLimits()
        self._steps = 0
        self._seen: Counter[str] = Counter()

    def start(self) -> Step:
        """Return the first step."""
        self._steps = 1
        return Infer()

    def answered(self, calls: Sequence[ToolCall], stop: StopReason) -> Step:
        """Return what follows an answer of the model."""
        if not calls:
            return Finish(_ENDINGS.get(stop, Ending.STOP))
        wanted: list[ToolCall] = []
        refused: list[tuple[ToolCall, str]] = []
        for call in calls:
            signature = f"{call.name} {json.dumps(call.arguments, sort_keys=True, default=str)}"
            self._seen[signature] += 1
            if len(wanted) >= self._limits.max_calls_per_step:
                refused.append((call, f"Only {self._limits.max_calls_per_step} calls at a time."))
            elif self._seen[signature] > self._limits.max_repeats:
                refused.append(
                    (call, "This exact call was made already; its answer will not change. Answer the person.")
                )
            else:
                wanted.append(call)
        return RunTools(tuple(wanted), tuple(refused))

    def ran(self) -> Step:
        """Return what follows the results of the tools."""
        if self._steps >= self._limits.max_steps:
            return Finish(Ending.STEP_LIMIT)
        self._steps += 1
        return Infer()
