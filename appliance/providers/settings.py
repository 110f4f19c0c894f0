"""What the configuration says about models, as plain values. Whoever reads the file fills them in."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Api(enum.StrEnum):
    """The wire formats; the values are those of `models.providers.<id>.api`."""

    OPENAI_CHAT = "openai-completions"
    OPENAI_RESPONSES = "openai-responses"
    ANTHROPIC = "anthropic-messages"
    GOOGLE = "google-generative-ai"
    OLLAMA = "ollama"  # spoken through Ollama's own OpenAI-compatible surface


class Auth(enum.StrEnum):
    """How the secret travels: the header of the family, or `Authorization: Bearer`."""

    API_KEY = "api-key"
    TOKEN = "token"
    OAUTH = "oauth"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One entry of `models.providers.<id>.models`. Tokens; US dollars per million tokens."""

    id: str
    name: str = ""
    reasoning: bool | None = None
    accepts_images: bool | None = None
    embeds: bool = False
    context_window: int | None = None
    max_tokens: int | None = None
    cost_input: float | None = None
    cost_output: float | None = None
    cost_cache_read: float | None = None
    cost_cache_write: float | None = None


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One section of `models.providers`. What is None keeps the value of the built-in family of that id.

    `base_url` is itself the permission to reach exactly its scheme, host and port.
    `timeout_s` bounds one attempt.
    """

    id: str
    base_url: str | None = None
    api: Api | None = None
    api_key: str | None = field(default=None, repr=False)
    auth: Auth = Auth.API_KEY
    auth_header: bool | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    max_tokens: int | None = None
    timeout_s: float | None = None
    models: tuple[ModelSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    """The section `models`. `replace` drops what is built in and leaves only what the file names."""

    providers: tuple[ProviderSettings, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of one attempt, in seconds. `idle_s` is the longest silence once the answer has begun.

    Before that only `total_s` counts: a small box that reads a long prompt may be silent for minutes.
    """

    connect_s: float = 5.0
    total_s: float = 600.0
    idle_s: float = 120.0
