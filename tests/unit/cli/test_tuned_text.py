"""What a tuning looks like on a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.cli.models.tuned import tuned

PROFILE = {
    "threads": 0, "threadsBatch": 0, "flashAttention": False, "typeK": "f16", "chunkShared": 64, "chunkAlone": 512,
}  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "choice"),
    [
        ({}, "Choice  a thread on every core but one; plain attention"),
        ({"threads": 3}, "Choice  3 threads; plain attention"),
        ({"threads": 3, "threadsBatch": 4}, "Choice  3 threads, 4 for reading; plain attention"),
        ({"threadsBatch": 4}, "Choice  a thread on every core but one, 4 for reading; plain attention"),
    ],
)
def test_the_choice_of_threads_is_said_in_words(profile: dict[str, Any], choice: str) -> None:
    tuning = {
        "measured": [], "atMs": 0, "seconds": 12.0, "cores": 4, "memoryMb": 4000, "cpu": "a cpu", "unsure": [],
        "busy": False, "profile": PROFILE | profile,
    }  # fmt: skip
    assert choice in tuned({"file": "m.gguf", "tuning": tuning})
