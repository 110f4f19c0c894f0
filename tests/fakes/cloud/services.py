"""The four fake services, and our own provider for each, ready to use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from appliance.foundation.clock import Clock, SystemClock
from appliance.providers.build import Surroundings, build
from appliance.providers.cloud.dialer import Dialer
from appliance.providers.cloud.provider import CloudProvider
from appliance.providers.settings import Api, ModelSettings, ProviderSettings, Timeouts
from tests.fakes.cloud.anthropic import AnthropicWire
from tests.fakes.cloud.google import GoogleWire
from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.openai_responses import OpenAIResponsesWire
from tests.fakes.cloud.server import KEY, FakeCloud, Wire, serve

WIRES: Mapping[Api, Callable[[], Wire]] = {
    Api.OPENAI_CHAT: OpenAIChatWire,
    Api.OPENAI_RESPONSES: OpenAIResponsesWire,
    Api.ANTHROPIC: AnthropicWire,
    Api.GOOGLE: GoogleWire,
}


@dataclass
class Service:
    """A fake service and the provider that speaks to it."""

    api: Api
    cloud: FakeCloud
    provider: CloudProvider


class HastyClock(SystemClock):
    """A clock on which every wait is over at once; it remembers how long each would have been."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)


@asynccontextmanager
async def service(
    api: Api,
    *,
    clock: Clock | None = None,
    chance: Callable[[], float] = lambda: 0.0,
    timeouts: Timeouts | None = None,
    key: str | None = KEY,
    offline: Callable[[], bool] = lambda: False,
    **settings: object,
) -> AsyncIterator[Service]:
    """Run the fake service of a wire format with a provider `test` whose model is `test-model`."""
    dialer = Dialer(offline=offline)
    async with serve(WIRES[api]()) as cloud:
        values: dict[str, object] = {
            "base_url": cloud.url,
            "api": api,
            "api_key": key,
            "models": (ModelSettings("test-model", accepts_images=True, context_window=8192),),
            **settings,
        }
        around = Surroundings(
            dialer,
            clock=clock or HastyClock(),
            chance=chance,
            offline=offline,
            timeouts=timeouts or Timeouts(),
        )
        provider = build(ProviderSettings("test", **values), around)  # type: ignore[arg-type] # given by name
        try:
            yield Service(api, cloud, provider)
        finally:
            await provider.aclose()
            await dialer.aclose()
