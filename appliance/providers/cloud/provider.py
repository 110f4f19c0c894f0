"""A model service as a Provider: one transport, one wire format."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

from appliance.generation import FailureKind, GenerateRequest, ModelError, ModelInfo, StreamItem
from appliance.providers.classification import model_error
from appliance.providers.cloud.family import Family, ServiceProblem, Shape, Unfinished, Unreadable
from appliance.providers.cloud.transport import Reply, Transport
from appliance.providers.errors import Origin, failure
from appliance.providers.stream import ServerEvent, ServerEventParser, StreamTooLargeError


class KeyCredential:
    """A key that does not change while the configuration stands. The text of the object hides it."""

    def __init__(
        self, key: str | None, headers: Callable[[str], Mapping[str, str]], missing: ModelError | None
    ) -> None:
        self._key = key
        self._headers = headers
        self._missing = missing

    async def get_headers(self) -> Mapping[str, str]:
        """Return the key's headers; none for a service that needs no key."""
        if self._key:
            return self._headers(self._key)
        if self._missing is not None:
            # A new one each time: an exception that is raised twice collects tracebacks.
            raise ModelError(self._missing.kind, str(self._missing), details=self._missing.details)
        return {}


class CloudProvider:
    """Speaks to one service. It holds no state of a conversation."""

    def __init__(
        self,
        *,
        provider_id: str,
        family: Family,
        transport: Transport,
        models: Sequence[ModelInfo],
        key_hint: str = "",
        max_tokens: int | None = None,
        local: bool = False,
    ) -> None:
        self._id = provider_id
        self._family = family
        self._transport = transport
        self._models = {model.id: model for model in models}
        self._key_hint = key_hint
        self._max_tokens = max_tokens
        self.local = local  # the service runs on this box

    @property
    def id(self) -> str:
        return self._id

    def models(self) -> tuple[ModelInfo, ...]:
        return tuple(self._models.values())

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[StreamItem]:
        """Stream one answer; see `providers.base.Provider`."""
        origin = self._origin(request.model)
        payload = self._family.encode(request, self._shape(request.model))
        decoder = self._family.decoder(request)
        try:
            async with (
                self._transport.stream(self._family.path(request.model), payload, origin) as reply,
                aclosing(_events(reply)) as events,
            ):
                async for event in events:
                    for item in decoder.feed(event):
                        yield item
                    if decoder.done:
                        break
                if decoder.done:
                    await reply.drain()
            for item in decoder.end():
                yield item
        except ServiceProblem as error:
            raise model_error(error.problem, origin) from None
        except Unreadable as error:
            raise failure(FailureKind.BAD_RESPONSE, origin, reason=str(error)) from None
        except StreamTooLargeError as error:
            raise failure(FailureKind.BAD_RESPONSE, origin, reason=str(error)) from None
        except Unfinished:
            reason = "the connection ended before the answer did"
            raise failure(FailureKind.NETWORK, origin, reason=reason) from None

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text; see `providers.base.Provider`."""
        origin = self._origin(model)
        call = self._family.embedding(model, texts)
        if call is None:
            raise failure(FailureKind.INVALID_REQUEST, origin, reason="this service has no embeddings")
        if not texts:
            return []
        body = await self._transport.fetch(*call, origin)
        try:
            vectors = self._family.vectors(body)
        except Unreadable as error:
            raise failure(FailureKind.BAD_RESPONSE, origin, reason=str(error)) from None
        if len(vectors) != len(texts):
            raise failure(FailureKind.BAD_RESPONSE, origin, reason="it returned another number of vectors")
        return vectors

    async def reaches(self, *, routed: bool) -> bool:
        """Tell whether the service takes a connection now; `routed`: there is a default route."""
        return await self._transport.reaches(routed=routed)

    async def aclose(self) -> None:
        """Nothing of its own is open: the connections belong to the dialer that all providers share."""

    def _origin(self, model: str) -> Origin:
        return Origin(self._id, model, self._key_hint)

    def _shape(self, model: str) -> Shape:
        info = self._models.get(model)
        return Shape(self._max_tokens, info.max_output_tokens if info else None)


async def _events(reply: Reply) -> AsyncGenerator[ServerEvent]:
    """Yield the events of a reply; a service that answers with one JSON document gives one event."""
    parser = ServerEventParser()
    whole = bytearray()
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            if reply.is_json:
                whole += chunk
                if len(whole) > parser.max_event_bytes:
                    raise StreamTooLargeError(f"an answer is larger than {parser.max_event_bytes} bytes")
                continue
            for event in parser.feed(chunk):
                yield event
    if whole:
        yield ServerEvent("", whole.decode("utf-8", "replace"))
    for event in parser.close():
        yield event
