"""The HTTP endpoints of the OpenAI form; loaded at the first request for one of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from aiohttp import web

from appliance.config.errors import Refused
from appliance.daemon.wire.parts import Parts
from appliance.gateway.bearer import Bearer
from appliance.gateway.http.on_demand import on_demand
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.sending import Sender

if TYPE_CHECKING:
    from appliance.gateway.http.exchange import Exchanges


class OpenAiRoutes:
    """The routes that the configuration enables."""

    def __init__(self, parts: Parts, bearer: Bearer, addressing: Addressing, sender: Sender) -> None:
        self._parts = parts
        self._bearer = bearer
        self._addressing = addressing
        self._sender = sender

    def routes(self) -> list[web.RouteDef]:
        """Return them; none while the section gateway cannot be read."""
        gateway = self._parts.config.config.gateway
        if isinstance(gateway, Refused):
            return []
        endpoints, check, found = gateway.http.endpoints, self._bearer.check, []
        if endpoints.chat_completions.enabled:
            found.append(on_demand("POST", "/v1/chat/completions", self._chat, check))
        if endpoints.responses.enabled:
            found.append(on_demand("POST", "/v1/responses", self._responses, check))
        return found

    @cached_property
    def _exchanges(self) -> Exchanges:
        from appliance.gateway.http.exchange import Exchanges
        from appliance.gateway.http.run_streams import RunStreams

        parts = self._parts
        return Exchanges(
            store=parts.store,
            dispatcher=parts.dispatcher,
            sender=self._sender,
            streams=RunStreams(parts.bus),
            blobs=parts.blobs,
            addressing=self._addressing,
            models=parts.models,
            direct=parts.models,
            clock=parts.clock,
        )

    def _chat(self) -> Sequence[web.RouteDef]:
        from appliance.gateway.http import chat_completions

        return chat_completions.routes(bearer=self._bearer, exchanges=self._exchanges, clock=self._parts.clock)

    def _responses(self) -> Sequence[web.RouteDef]:
        from appliance.gateway.http import responses

        return responses.routes(bearer=self._bearer, exchanges=self._exchanges, clock=self._parts.clock)
