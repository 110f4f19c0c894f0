"""The engine of a paired box as a Provider: whole requests go there, with their state where that is faster."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import PurePath

from appliance.engine import api
from appliance.engine.remote.carrying import Carrier
from appliance.engine.remote.client import PeerClient
from appliance.generation import FailureKind, GenerateRequest, ModelError, ModelInfo, Progress, StreamItem
from appliance.providers.local import LocalProvider, model_info, request_frame
from appliance.providers.remote.relief import REMOTE_PREFIX

_log = logging.getLogger(__name__)
_GONE = frozenset({FailureKind.UNAVAILABLE, FailureKind.TIMEOUT, FailureKind.AUTH, FailureKind.OFFLINE})


class RemoteProvider(LocalProvider):
    """Speaks to the engine of one paired box. Closing the stream closes the connection, which ends the work there.

    While the box is `away` nobody waits for a connection: whoever looks after it says when it is back.
    """

    local = True  # no way out of the house is needed

    def __init__(self, client: PeerClient, carrier: Carrier | None) -> None:
        """Without `carrier` only text travels."""
        super().__init__(client, provider_id=f"{REMOTE_PREFIX}{client.name}", models=())
        self.name = f"The box {client.name}"
        self.box = client.name
        self.away: ModelError | None = None
        self.doubted = asyncio.Event()  # a request found it gone: whoever looks after it should look now
        self._carrier = carrier

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[StreamItem]:
        """Stream one answer; see `providers.base.Provider`."""
        if self.away is not None:
            raise ModelError(self.away.kind, str(self.away))
        if self._carrier is not None and request.session_key:
            yield Progress(0, 1)  # a sign of life: a state of some hundred megabytes takes seconds
            chat = request_frame(request).input
            if isinstance(chat, api.Chat):
                carried = await self._carrier.carry(chat, request.session_key)
                facts = {"tokens": carried.tokens, "bytes": carried.size, "reason": carried.reason}
                _log.info("a state for %s", self.box, extra=facts)
        try:
            async with aclosing(super().generate(request)) as items:
                async for item in items:
                    yield item
        except ModelError as error:
            if error.kind in _GONE:
                self.doubted.set()
            raise

    async def ask_what_runs(self) -> ModelInfo:
        """Ask the box for its model and list it. Raises ModelError."""
        info = await self._client.info()
        if not info.generates:
            raise ModelError(FailureKind.NOT_FOUND, f"{self.name} has no model that writes text.")
        model_id = PurePath(info.model).stem or info.name
        model = replace(model_info(info, provider_id=self.id), id=model_id, box=self.box, embeds=False)
        self._models = (model,)
        return model
