"""What is asked of a model and what comes back, for every model alike: local, cloud or embedded.

Values only; who sends a request and over which wire is the business of the providers and the engine.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from appliance.foundation.errors import ApplianceError
from appliance.messages import JsonObject, Message, ToolCall, Usage


class Effect(enum.StrEnum):
    """What a tool may do to the world: a READ can be repeated at will, a WRITE leaves a trace."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it. `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: JsonObject
    effect: Effect = Effect.READ


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One call of a model.

    `model` is the id inside the provider (without the provider's name). `session_key` is for cache affinity
    only. `max_tokens` None leaves the limit to the provider; `temperature` None leaves the default of the model.
    With `min_confidence` above 0 a model of a box that is less sure of its first words (geometric mean of their
    probabilities) hands over instead of answering. `background` work gives way to a person's at any token.
    """

    model: str
    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    session_key: str = ""
    response_schema: JsonObject | None = None
    logprobs: bool = False
    min_confidence: float = 0.0
    background: bool = False


class StopReason(enum.StrEnum):
    """Why a model stopped."""

    END = "stop"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    REFUSED = "refused"
    DEGENERATED = "degenerated"  # the monitor of the engine halted it: what came last is not worth keeping


@dataclass(frozen=True, slots=True)
class TextDelta:
    """New visible text. `logprobs` holds one natural-log probability per token when asked for."""

    text: str
    logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """New text of the model's thinking; never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallReady:
    """A complete tool call, arguments parsed as JSON."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life before the first token: `done` of `total` prompt tokens were read."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine measured of one answer; see engine.api.Done. Times in milliseconds."""

    queue_ms: float = 0.0
    prompt_ms: float = 0.0
    generate_ms: float = 0.0
    restored: str = ""
    drafted: int = 0
    accepted: int = 0
    confidence: float = 0.0
    window: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The last item of every stream that did not fail. `reason` says why an answer degenerated."""

    stop: StopReason
    usage: Usage = field(default_factory=Usage)
    reason: str = ""
    engine: EngineFacts | None = None


StreamItem: TypeAlias = TextDelta | ReasoningDelta | ToolCallReady | Progress | Finished


class FailureKind(enum.StrEnum):
    """Why a model could not answer; decides between retry, next candidate and giving up."""

    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    AUTH = "auth"
    BILLING = "billing"
    CONTEXT_OVERFLOW = "context_overflow"
    REFUSED = "refused"
    NETWORK = "network"
    TIMEOUT = "timeout"
    INVALID_REQUEST = "invalid_request"
    NOT_FOUND = "not_found"
    BAD_RESPONSE = "bad_response"
    UNAVAILABLE = "unavailable"
    OFFLINE = "offline"
    ESCALATE = "escalate"  # the embedded model hands over on purpose: this is not a fault


class ModelError(ApplianceError):
    """A model call failed. The message is one sentence for the owner and holds no secret."""

    code = "model_failed"

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, details=details)
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s


class Tier(enum.StrEnum):
    """Where an answer came from, the nearest first."""

    MINI = "mini"
    LOCAL = "local"
    REMOTE = "remote"  # another box of the same network
    CLOUD = "cloud"


EMBEDDED_PROVIDER = "homarus"
_PER_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of one model. Tokens for windows, US dollars per million tokens for costs; None is unknown.

    `local` models need no way out of the house; `box` names the paired box that runs one, "" for this one.
    `least_confidence` is the handover threshold that the probe of the model found, 0 for none.
    """

    provider: str
    id: str
    name: str
    context_window: int | None = None
    max_output_tokens: int | None = None
    accepts_images: bool = False
    reasoning: bool = False
    embeds: bool = False
    local: bool = False
    cost_input: float | None = None
    cost_output: float | None = None
    cost_cache_read: float | None = None
    cost_cache_write: float | None = None
    box: str = ""
    least_confidence: float = 0.0

    @property
    def ref(self) -> str:
        """The model reference of the configuration: `provider/model`."""
        return f"{self.provider}/{self.id}"

    @property
    def tier(self) -> Tier:
        if self.provider == EMBEDDED_PROVIDER:
            return Tier.MINI
        if self.box:
            return Tier.REMOTE
        return Tier.LOCAL if self.local else Tier.CLOUD

    def price(self, usage: Usage) -> float | None:
        """Return what a call cost in US dollars; None when prices or counts are not known. A box costs nothing.

        Cached input without a price of its own is counted at the full price: a bill may be lower, never higher.
        """
        if self.local:
            return 0.0
        if self.cost_input is None or self.cost_output is None or usage.input_tokens is None:
            return None
        read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
        fresh = max(0, usage.input_tokens - read - written)
        total = fresh * self.cost_input + (usage.output_tokens or 0) * self.cost_output
        total += read * (self.cost_input if self.cost_cache_read is None else self.cost_cache_read)
        total += written * (self.cost_input if self.cost_cache_write is None else self.cost_cache_write)
        return total / _PER_MILLION
