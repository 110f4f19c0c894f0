"""Every model by its reference, and who serves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from appliance.foundation.errors import ApplianceError
from appliance.generation import ModelInfo
from appliance.providers.base import Provider
from appliance.providers.build import ProviderSettingsError, Surroundings, build, describe, usable
from appliance.providers.builtin import BUILT_IN
from appliance.providers.failover import Candidate
from appliance.providers.settings import ModelSettings, ModelsSettings, ProviderSettings

_MAX_ALIAS_STEPS = 8


class UnknownModelError(ApplianceError):
    """A reference that leads to no model."""

    code = "model_unknown"


class Catalog:
    """Providers by name. Those of the configuration and the built-in ones are made when first asked for.

    `ready` are providers that the caller made: the engine, the embedded model. They come first in every list.
    A section that cannot be used is left out and named in `issues`; the others work.
    """

    def __init__(
        self,
        settings: ModelsSettings,
        around: Surroundings,
        *,
        ready: Sequence[Provider] = (),
        make: Callable[[ProviderSettings, Surroundings], Provider] = build,
    ) -> None:
        self._around = around
        self._make = make
        self._aliases = dict(settings.aliases)
        self._ready = {provider.id: provider for provider in ready}
        self._sections = {one.id: one for one in settings.providers}
        self._configured = frozenset(self._sections)
        if not settings.replace:
            for name in BUILT_IN:
                self._sections.setdefault(name, ProviderSettings(name))
        self._made: dict[str, Provider] = {}
        self._issues: dict[str, ProviderSettingsError] = {}
        for name in self._configured:
            self._provider(name)

    @property
    def issues(self) -> tuple[ProviderSettingsError, ...]:
        """Sections of the configuration that cannot be used, with path and fix."""
        return tuple(self._issues.values())

    @property
    def aliases(self) -> Mapping[str, str]:
        return dict(self._aliases)

    def provider(self, name: str) -> Provider | None:
        """Return a provider by name; None when there is none or its section cannot be used."""
        return self._ready.get(name) or self._provider(name)

    def add(self, provider: Provider) -> None:
        """Add or replace a provider that the caller made, for example the engine once it says what it runs."""
        self._ready[provider.id] = provider

    def models(self) -> tuple[ModelInfo, ...]:
        """Return every model that could answer now: ready, configured, then built-in with a key."""
        providers: list[Provider] = list(self._ready.values())
        for name, section in self._sections.items():
            if name not in self._ready and name not in self._issues and self._listed(section):
                provider = self._provider(name)
                if provider is not None:
                    providers.append(provider)
        return tuple(model for provider in providers for model in provider.models())

    def find(self, wanted: str) -> ModelInfo | None:
        """Return the model of a reference or alias, or None."""
        try:
            return self.resolve(wanted).model
        except ApplianceError:
            return None

    def resolve(self, wanted: str) -> Candidate:
        """Return who answers for an alias, `provider/model`, or a model's name that only one provider lists.

        A provider may be asked for a model that it does not list: it knows best what it has. Raises
        UnknownModelError, or ProviderSettingsError when the provider's section cannot be used.
        """
        ref = self._unaliased(wanted.strip())
        name, slash, model_id = ref.partition("/")
        if slash and model_id and (provider := self.provider(name)) is not None:
            return Candidate(provider, _model_of(provider, model_id))
        if slash and name in self._issues:
            issue = self._issues[name]
            raise ProviderSettingsError(str(issue), details=issue.details)
        return self._by_bare_name(ref)

    def chain(self, primary: str, fallbacks: Iterable[str] = ()) -> tuple[Candidate, ...]:
        """Resolve a primary and its fallbacks, in order. Raises what `resolve` raises for the first wrong one."""
        return tuple(self.resolve(ref) for ref in (primary, *fallbacks))

    async def aclose(self) -> None:
        """Close every provider and the connections that they share."""
        for provider in (*self._ready.values(), *self._made.values()):
            await provider.aclose()
        await self._around.dialer.aclose()

    def _provider(self, name: str) -> Provider | None:
        if name in self._made or name not in self._sections or name in self._issues:
            return self._made.get(name)
        try:
            self._made[name] = self._make(self._sections[name], self._around)
        except ProviderSettingsError as error:
            self._issues[name] = error
        return self._made.get(name)

    def _listed(self, section: ProviderSettings) -> bool:
        return section.id in self._configured or (
            bool(BUILT_IN[section.id].suggested) and usable(section, self._around.environ)
        )

    def _unaliased(self, ref: str) -> str:
        for _ in range(_MAX_ALIAS_STEPS):
            if ref not in self._aliases:
                return ref
            ref = self._aliases[ref]
        raise UnknownModelError("models.aliases goes in a circle; let each alias end at provider/model.")

    def _by_bare_name(self, ref: str) -> Candidate:
        matches = [model for model in self.models() if model.id == ref]
        if len(matches) == 1:
            provider = self.provider(matches[0].provider)
            if provider is not None:
                return Candidate(provider, matches[0])
        known = ", ".join(sorted({*self._ready, *self._sections}))
        raise UnknownModelError(
            f"There is no model {_shown(ref)}; write provider/model, the providers are {known}.",
            details={"model": _shown(ref)},
        )


def _model_of(provider: Provider, model_id: str) -> ModelInfo:
    models = provider.models()
    for model in models:
        if model.id == model_id:
            return model
    unlisted = describe(provider.id, ModelSettings(model_id))
    return replace(unlisted, local=_is_local(provider, models), box=str(getattr(provider, "box", "")))


def _is_local(provider: Any, models: Sequence[ModelInfo]) -> bool:
    """A provider is on this box as a whole or not at all; a cloud provider says so even when it lists nothing."""
    return bool(getattr(provider, "local", False)) or any(model.local for model in models)


def _shown(ref: str) -> str:
    return "".join(c for c in ref if c.isprintable())[:100]
