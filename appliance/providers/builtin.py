"""The well-known services: what their section of the configuration would say, so that a key alone is enough."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.providers.settings import Api, ModelSettings


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One service. `keys` are environment variables, the first that is set counts; none means no key is needed.

    `suggested` are models to offer before anybody asked the service what it has; the first is its default.
    """

    id: str
    base_url: str
    api: Api
    keys: tuple[str, ...] = ()
    key_required: bool = True
    suggested: tuple[ModelSettings, ...] = ()

    def key(self, environ: Mapping[str, str]) -> str | None:
        """Return the key that the environment holds."""
        return next((environ[name] for name in self.keys if environ.get(name)), None)


def _model(model_id: str, name: str, window: int | None = None, output: int | None = None) -> ModelSettings:
    return ModelSettings(model_id, name, reasoning=True, accepts_images=True, context_window=window, max_tokens=output)


BUILT_IN: Mapping[str, BuiltIn] = {
    one.id: one
    for one in (
        BuiltIn(
            "anthropic",
            "https://api.anthropic.com",
            Api.ANTHROPIC,
            ("ANTHROPIC_API_KEY",),
            suggested=(
                _model("claude-sonnet-5-5", "Claude Sonnet 5.5", 1_000_000, 128_000),
                _model("claude-opus-5-5", "Claude Opus 5.5", 1_000_000, 128_000),
                _model("claude-haiku-5-5", "Claude Haiku 5.5"),
            ),
        ),
        BuiltIn(
            "openai",
            "https://api.openai.com/v1",
            Api.OPENAI_RESPONSES,
            ("OPENAI_API_KEY",),
            suggested=(
                _model("gpt-6.1-terra", "GPT-6.1 Terra"),
                _model("gpt-6.1-sol", "GPT-6.1 Sol"),
                _model("gpt-6-luna", "GPT-6 Luna"),
            ),
        ),
        BuiltIn(
            "google",
            "https://generativelanguage.googleapis.com/v1beta",
            Api.GOOGLE,
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            suggested=(
                _model("gemini-3.8-flash", "Gemini 3.8 Flash", 1_048_576, 65_536),
                _model("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", 1_048_576, 65_536),
            ),
        ),
        BuiltIn(
            "openrouter",
            "https://openrouter.ai/api/v1",
            Api.OPENAI_CHAT,
            ("OPENROUTER_API_KEY",),
            suggested=(ModelSettings("openrouter/auto", "OpenRouter chooses"),),
        ),
        BuiltIn("ollama", "http://127.0.0.1:11434", Api.OLLAMA, ("OLLAMA_API_KEY",), key_required=False),
    )
}

# Whole lines of models share a window, so that a name which is newer than this file is not unknown. Lower
# bounds.
_LINES: tuple[tuple[re.Pattern[str], int, bool], ...] = (
    (re.compile(r"(?:.*/)?claude-(?:fable|mythos|opus|sonnet)-(?:4[-.][6-9]|[5-9])"), 1_000_000, True),
    (re.compile(r"(?:.*/)?claude-"), 200_000, True),
    (re.compile(r"(?:.*/)?gemini-[2-9]"), 1_048_576, True),
    (re.compile(r"(?:.*/)?gpt-[5-9]"), 400_000, True),
    (re.compile(r"(?:.*/)?gpt-4\.1"), 1_047_576, True),
    (re.compile(r"(?:.*/)?gpt-4o"), 128_000, True),
    (re.compile(r"(?:.*/)?o[1-9](?:-|$)"), 200_000, True),
)


def guess(model_id: str) -> tuple[int | None, bool]:
    """Return (window in tokens, sees images) for a model that nobody described; (None, False) if unknown."""
    return next(((window, images) for line, window, images in _LINES if line.match(model_id)), (None, False))
