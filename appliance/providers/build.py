"""From settings to a working provider. A wire format is imported when the first provider that needs it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from appliance.foundation.clock import Clock, SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.generation import FailureKind, ModelError, ModelInfo
from appliance.providers.builtin import BUILT_IN, BuiltIn, guess
from appliance.providers.settings import Api, Auth, ModelSettings, ProviderSettings, Timeouts

if TYPE_CHECKING:
    from appliance.providers.cloud.dialer import Dialer
    from appliance.providers.cloud.family import Family
    from appliance.providers.cloud.provider import CloudProvider

_OFFICIAL_HOSTS = frozenset({"api.openai.com", "api.anthropic.com"})
_HEADER_RULES = "headers of a provider need plain names and values of one line each"


class ProviderSettingsError(ApplianceError):
    """A section of `models.providers` that cannot be used; `details` holds its path."""

    code = "provider_settings_invalid"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every cloud provider shares: connections, clock, chance and the switch for `offline`."""

    dialer: Dialer
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    clock: Clock = field(default_factory=SystemClock)
    chance: Callable[[], float] | None = None
    offline: Callable[[], bool] = lambda: False
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Settings with the gaps filled from the built-in service of the same name."""

    settings: ProviderSettings
    api: Api
    base_url: str
    key: str | None = field(repr=False)
    key_hint: str
    key_required: bool
    models: tuple[ModelSettings, ...]


def usable(settings: ProviderSettings, environ: Mapping[str, str]) -> bool:
    """Tell whether asking this provider has a chance: it has a key, or needs none."""
    plan = _planned(settings, environ)
    return bool(plan.key or settings.headers) or not plan.key_required


def build(settings: ProviderSettings, around: Surroundings) -> CloudProvider:
    """Make a provider. Raises ProviderSettingsError; no connection is opened yet."""
    from appliance.providers.cloud.address import BaseUrl, BaseUrlError
    from appliance.providers.cloud.provider import CloudProvider, KeyCredential
    from appliance.providers.cloud.retry import RetryRules
    from appliance.providers.cloud.transport import Transport

    plan = _planned(settings, around.environ)
    try:
        base = BaseUrl.parse(plan.base_url)
    except BaseUrlError as error:
        raise _invalid(settings.id, "baseUrl", str(error)) from error
    for name, value in settings.headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or not value.isprintable():
            raise _invalid(settings.id, "headers", _HEADER_RULES)
    if plan.key is not None and not (plan.key.isascii() and plan.key.isprintable() and plan.key.strip() == plan.key):
        raise _invalid(settings.id, "apiKey", "apiKey has spaces around it or characters that no header can carry")
    if plan.api is Api.OLLAMA and not base.path:
        base = replace(base, path="/v1")  # its OpenAI-compatible surface
    elif plan.api is Api.ANTHROPIC:
        base = base.without_suffix("/v1")
    family = _family(plan.api, official=base.host in _OFFICIAL_HOSTS)
    bearer = settings.auth is not Auth.API_KEY if settings.auth_header is None else settings.auth_header
    timeouts = around.timeouts
    if settings.timeout_s is not None:
        timeouts = replace(timeouts, total_s=settings.timeout_s, idle_s=min(timeouts.idle_s, settings.timeout_s))
    transport = Transport(
        dialer=around.dialer,
        base=base,
        credential=KeyCredential(
            plan.key,
            lambda key: family.credential_headers(key, bearer=bearer),
            _missing(plan) if plan.key_required and not settings.headers else None,
        ),
        headers={**family.headers(), **settings.headers},
        clock=around.clock,
        timeouts=timeouts,
        rules=RetryRules(attempts=family.attempts),
        offline=around.offline,
        chance=around.chance,
    )
    return CloudProvider(
        provider_id=settings.id,
        family=family,
        transport=transport,
        models=[describe(settings.id, model, local=base.loopback) for model in plan.models],
        key_hint=plan.key_hint,
        max_tokens=settings.max_tokens,
        local=base.loopback,
    )


def describe(provider: str, model: ModelSettings, *, local: bool = False) -> ModelInfo:
    """Turn settings into what the rest of the product reads; gaps are filled from the line of models."""
    window, images = guess(model.id)
    return ModelInfo(
        provider=provider,
        id=model.id,
        name=model.name or model.id,
        context_window=model.context_window or window,
        max_output_tokens=model.max_tokens,
        accepts_images=images if model.accepts_images is None else model.accepts_images,
        reasoning=bool(model.reasoning),
        embeds=model.embeds,
        local=local,
        cost_input=model.cost_input,
        cost_output=model.cost_output,
        cost_cache_read=model.cost_cache_read,
        cost_cache_write=model.cost_cache_write,
    )


def _planned(settings: ProviderSettings, environ: Mapping[str, str]) -> _Plan:
    built_in = BUILT_IN.get(settings.id)
    if built_in is not None and settings.base_url is not None and settings.base_url != built_in.base_url:
        # Another address under a known name: the key of the environment belongs to the service, not to it.
        environ = {}
    if settings.base_url is None and built_in is None:
        message = "baseUrl is missing; write the address of the service, like https://host:port/v1"
        raise _invalid(settings.id, "baseUrl", message)
    return _Plan(
        settings=settings,
        api=settings.api or (built_in.api if built_in else Api.OPENAI_CHAT),
        base_url=settings.base_url or (built_in.base_url if built_in else ""),
        key=settings.api_key or (built_in.key(environ) if built_in else None),
        key_hint=_hint(settings.id, built_in),
        # A service of one's own may well want no key; a built-in one says itself whether it does.
        key_required=built_in is not None and built_in.key_required and settings.base_url is None,
        models=settings.models or (built_in.suggested if built_in else ()),
    )


def _hint(provider: str, built_in: BuiltIn | None) -> str:
    path = f"models.providers.{provider}.apiKey"
    return f"{path} or {built_in.keys[0]}" if built_in and built_in.keys else path


def _missing(plan: _Plan) -> ModelError:
    message = f"{plan.settings.id} has no key; set {plan.key_hint}."
    details = {"provider": plan.settings.id, "kind": FailureKind.AUTH.value}
    return ModelError(FailureKind.AUTH, message, details=details)


def _family(api: Api, *, official: bool) -> Family:
    if api is Api.ANTHROPIC:
        from appliance.providers.cloud.anthropic import Anthropic

        return Anthropic(official)
    if api is Api.GOOGLE:
        from appliance.providers.cloud.google import Google

        return Google()
    if api is Api.OPENAI_RESPONSES:
        from appliance.providers.cloud.openai_responses import OpenAIResponses

        return OpenAIResponses(official)
    from appliance.providers.cloud.openai_chat import OpenAIChat

    return OpenAIChat(official)


def _invalid(provider: str, key: str, message: str) -> ProviderSettingsError:
    path = f"models.providers.{provider}.{key}"
    return ProviderSettingsError(f"{path}: {message.rstrip('.')}.", details={"path": path})
