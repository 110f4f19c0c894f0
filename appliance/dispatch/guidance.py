"""What the owner reads when a request is beyond this box: what it can do now and how it can do more."""

from __future__ import annotations

_ABILITIES = (
    "I can tell times and dates, set timers, alarms and reminders, keep notes and lists, do sums, convert units "
    "and tell how the box is doing."
)
_MORE = (
    "For everything else give me a larger model (`homarus models pull hf:REPOSITORY/FILE.gguf`) or the key of a "
    "cloud model (`homarus config set models.providers.anthropic.apiKey KEY`)."
)


def no_candidate_text() -> str:
    """Return the answer to a request that the embedded model handed over while nobody stands behind it."""
    return f"That is more than this box can do on its own at the moment. {_ABILITIES} {_MORE}"
