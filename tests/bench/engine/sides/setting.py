"""What both sides are told, so that they do the same work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

NICENESS = 10  # of the engine, so of the peers too


@dataclass(frozen=True, slots=True)
class Setting:
    """`cells` tokens of cache for all `sessions`; steps of at most `batch` tokens. No flash attention, f16 states.

    `adaptive`, of the engine alone: its threads follow the load of the machine; 0 `threads` are as many as it likes.
    """

    model: Path
    threads: int = 1
    sessions: int = 1
    cells: int = 4096
    batch: int = 256
    adaptive: bool = False

    def profile(self) -> dict[str, Any]:
        """Return what the engine's tuner would write."""
        return {
            "name": "bench",
            "threads": self.threads,
            "threads_batch": self.threads,
            "adaptive": self.adaptive,
            "batch": self.batch,
        }

    def arguments(self) -> list[str]:
        """Return the arguments that llama-bench and llama-server share."""
        return [
            *("--model", str(self.model), "--threads", str(self.threads), "--flash-attn", "off"),
            *("--batch-size", str(self.batch), "--ubatch-size", str(self.batch)),
        ]
