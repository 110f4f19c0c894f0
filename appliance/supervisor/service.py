"""What the supervisor starts and stops."""

from __future__ import annotations

from typing import Protocol


class Service(Protocol):
    """A part of the program with a life of its own."""

    @property
    def name(self) -> str:
        """Return the name for logs and errors."""

    async def start(self) -> None:
        """Begin. Raises what makes the program useless; a part that may be missing reports that as health."""

    async def ready(self) -> None:
        """Wait until it serves. Raises if it never will."""

    async def stop(self) -> None:
        """End and free everything. Called once, also after a `start` that failed half-way."""
