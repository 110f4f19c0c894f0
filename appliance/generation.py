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


class StopReason(enum.StrEnum):
    """Why a model stopped."""

    END = "stop"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    REFUSED = "refused"


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
class Finished:
    """The last item of every stream that did not fail."""

    stop: StopReason
    usage: Usage = field(default_factory=Usage)


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


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of one model. Tokens for windows, US dollars per million tokens for costs; None is unknown."""

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

    @property
    def ref(self) -> str:
        """The model reference of the configuration: `provider/model`."""
        return f"{self.provider}/{self.id}"
