"""What can go wrong with a model, in one sentence each that names the fix.

The sentences are ours; at most a short, scrubbed excerpt is the service's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.foundation.errors import ApplianceError
from appliance.generation import FailureKind, ModelError

_MAX_EXCERPT_CHARS = 200

# Shapes of keys and tokens, in case a service repeats one that we did not send ourselves, masked or not.
_KEY_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|key|xai|gsk|hf|or)[-_][-_.*A-Za-z0-9]{8,}|\bAIza[-_*A-Za-z0-9]{8,}|\bya29\.\S+|"
    r"\bBearer\s+\S+|[A-Za-z0-9]{32,}",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who failed, and where its owner would repair the key."""

    provider: str
    model: str = ""
    key_hint: str = ""

    @property
    def ref(self) -> str:
        return f"{self.provider}/{self.model}" if self.model else self.provider


class AllFailed(ApplianceError):
    """No candidate gave an answer. `attempts` holds (model reference, error) in the order tried."""

    code = "all_models_failed"

    def __init__(self, attempts: tuple[tuple[str, ModelError], ...]) -> None:
        super().__init__(
            _whole_story(attempts), details={"attempts": [_attempt(ref, error) for ref, error in attempts]}
        )
        self.attempts = attempts

    @property
    def only_escalated(self) -> bool:
        """True when nothing is broken: at most the embedded model was there, and it handed over."""
        return all(error.kind is FailureKind.ESCALATE for _, error in self.attempts)

    @property
    def retryable(self) -> bool:
        """True when the same request may succeed later without anyone repairing anything."""
        return any(error.kind in TRANSIENT for _, error in self.attempts)


class AnswerBroken(ModelError):
    """A candidate failed after the user had seen a part of its answer; nobody else may go on from there."""

    code = "answer_broken"

    @classmethod
    def after(cls, ref: str, error: ModelError) -> AnswerBroken:
        """Say that `ref` stopped in the middle, and why."""
        message = f"{ref} stopped in the middle of its answer ({str(error).rstrip('.')}). Ask again."
        broken = cls(error.kind, message, status=error.status, details=error.details)
        broken.retry_after_s = error.retry_after_s
        return broken


TRANSIENT = frozenset(
    {
        FailureKind.RATE_LIMIT,
        FailureKind.OVERLOADED,
        FailureKind.NETWORK,
        FailureKind.TIMEOUT,
        FailureKind.UNAVAILABLE,
    }
)


def _attempt(ref: str, error: ModelError) -> dict[str, object]:
    return {"ref": ref, "kind": error.kind.value, "status": error.status, "message": str(error)}


def _whole_story(attempts: tuple[tuple[str, ModelError], ...]) -> str:
    failed = [(ref, error) for ref, error in attempts if error.kind is not FailureKind.ESCALATE]
    if not failed:
        return (
            "No model that could answer this is set up: give this box a larger one with "
            "`homarus models pull`, or a key, for example in ANTHROPIC_API_KEY or "
            "models.providers.anthropic.apiKey."
        )
    return "No model could answer: " + "; ".join(str(error).rstrip(".") for _, error in failed) + "."


def failure(
    kind: FailureKind,
    origin: Origin,
    *,
    reason: str = "",
    status: int | None = None,
    retry_after_s: float | None = None,
) -> ModelError:
    """Build the one-sentence error of `kind`. `reason` must be scrubbed already; it is left out for AUTH."""
    message = _SENTENCES[kind].format(
        ref=origin.ref,
        provider=origin.provider,
        key=origin.key_hint or f"models.providers.{origin.provider}.apiKey",
        wait=f" for {retry_after_s:.0f} s" if retry_after_s else "",
        # A service that rejects a key likes to repeat parts of it: its words are not shown then.
        reason=f": {reason}" if reason and kind is not FailureKind.AUTH else "",
        status=f" (HTTP {status})" if status else "",
    )
    details = {"provider": origin.provider, "model": origin.model, "kind": kind.value, "status": status}
    return ModelError(kind, message, status=status, retry_after_s=retry_after_s, details=details)


_SENTENCES: Mapping[FailureKind, str] = {
    FailureKind.RATE_LIMIT: "{ref} is limiting the rate{wait}; wait, or add a fallback model.",
    FailureKind.OVERLOADED: "{ref} is overloaded{status}; try again soon, or add a fallback model.",
    FailureKind.AUTH: "{provider} does not accept the credentials{status}; check {key}.",
    FailureKind.BILLING: "{provider} wants its account paid{status}; add credit, or change {key}.",
    FailureKind.CONTEXT_OVERFLOW: "The conversation is too long for {ref}; start a new one, or use a larger model.",
    FailureKind.REFUSED: "{ref} refused this request{reason}; word it differently, or ask another model.",
    FailureKind.NETWORK: "{provider} could not be reached{reason}; check the network and "
    "models.providers.{provider}.baseUrl.",
    FailureKind.TIMEOUT: "{ref} took too long{reason}; try again, or raise models.providers.{provider}.timeoutSeconds.",
    FailureKind.INVALID_REQUEST: "{ref} rejected the request{status}{reason}; check the model's settings.",
    FailureKind.NOT_FOUND: "{ref} does not exist there{reason}; check the model's name and "
    "models.providers.{provider}.baseUrl.",
    FailureKind.BAD_RESPONSE: "{ref} sent an answer that cannot be read{reason}; check that "
    "models.providers.{provider}.api fits the service.",
    FailureKind.UNAVAILABLE: "{ref} is not working now{status}{reason}; try again soon, or add a fallback.",
    FailureKind.OFFLINE: "{ref} is not on this box and `offline` is true; set it to false, or go local.",
    FailureKind.ESCALATE: "{ref} handed the request over to a larger model; set one up.",
}


def excerpt(text: str, secrets: Iterable[str] = ()) -> str:
    """Return at most 200 printable characters of `text`, on one line, without what looks like a key."""
    # Cut early: the text is the service's and may be long; but not so early that half a secret stays
    # unrecognised.
    text = text[:4096]
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret, "[secret]")
    text = _KEY_SHAPES.sub("[secret]", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split()).rstrip(".")
    return text if len(text) <= _MAX_EXCERPT_CHARS else text[: _MAX_EXCERPT_CHARS - 1] + "…"
