"""What the owner reads when no model took the request: what this box can do now and how it can do more."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.generation import FailureKind, ModelError

_ABILITIES = (
    "I can tell times and dates, set timers, alarms and reminders, keep notes and lists, do sums, convert units "
    "and tell how the box is doing."
)
_MORE = (
    "For everything else give me a larger model (`homarus models pull hf:REPOSITORY/FILE.gguf`) or the key of a "
    "cloud model (`homarus config set models.providers.anthropic.apiKey KEY`)."
)


def handed_over(errors: Sequence[ModelError]) -> bool:
    """Return whether nothing failed: the embedded model passed the request on and there was nobody behind it."""
    return bool(errors) and all(error.kind is FailureKind.ESCALATE for error in errors)


def no_candidate_text() -> str:
    """Return the answer to a request that only a larger model could take."""
    return f"That is more than this box can do on its own at the moment. {_ABILITIES} {_MORE}"


def all_failed_text(errors: Sequence[tuple[str, ModelError]]) -> str:
    """Return one clear sentence on what was tried, and the way out. `errors` names each model with its failure."""
    faults = [(ref, error) for ref, error in errors if error.kind is not FailureKind.ESCALATE]
    if not faults:
        return f"No model is set up. {_MORE}"
    tried = "; ".join(f"{ref}: {error}" for ref, error in faults)
    return f"No model could answer. Tried {tried}"
