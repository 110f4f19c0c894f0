"""What a way to start a child is given, and what it gives back."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

INHERITED: Final = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"})
EXIT_REFUSED: Final = 126  # as a shell says that something may not be run
EXIT_OS: Final = 71  # EX_OSERR of sysexits.h: it could not be started for want of something


class Place(enum.StrEnum):
    """Which slice of the box a child belongs to: models people wait for, or short work that goes last."""

    ENGINE = "engine"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: a program with its arguments, and variables on top of a few harmless ones.

    `stdin` says that the child is given something to read. `nice` and `oom_score_adj` count where we start it; systemd
    has them from its unit.
    """

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    nice: int = 10
    oom_score_adj: int = 500
    stdin: bool = False


class Running(Protocol):
    """A child that was started. `returncode` is negative for a signal, as in `subprocess`."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    @property
    def stdin(self) -> asyncio.StreamWriter | None: ...

    @property
    def stdout(self) -> asyncio.StreamReader: ...

    @property
    def stderr(self) -> asyncio.StreamReader: ...

    async def wait(self) -> int:
        """Wait for its end and return its exit status."""
        ...

    def terminate(self) -> None:
        """Ask it to end. Nothing happens when it has."""
        ...

    def kill(self) -> None:
        """End it with all that it started. Nothing happens when nothing is left."""
        ...

    async def aclose(self) -> None:
        """Kill what is left, wait for the end, and let go of pipes and connections."""
        ...


class Spawner(Protocol):
    """A way to start a child."""

    async def spawn(self, order: Order) -> Running:
        """Start it. Raises OSError."""
        ...
