"""POST /v1/embeddings, where a model that embeds is set up."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
from aiohttp import web

from appliance.gateway.bearer import Bearer, HttpCaller
from appliance.gateway.http.openai_frame import HttpError, bad_request, guarded, json_response, read_body

MAX_INPUTS = 256
MAX_INPUT_CHARS = 100_000
_MODEL_NAMES = ("openclaw", "homarus")


class Embedded(NamedTuple):
    """Vectors in the order of the texts, and the reference of the model that made them."""

    model: str
    vectors: Sequence[Sequence[float]]


class Embedder(Protocol):
    """Finds a model that embeds and asks it."""

    async def embed(self, model: str | None, texts: Sequence[str]) -> Embedded | None:
        """Return the vectors; None when no model that embeds is set up. Raises ModelError."""
        ...


class EmbeddingsBody(msgspec.Struct, frozen=True):
    """`model` openclaw means whichever model the box has for it; a reference `provider/model` means that one."""

    input: str | list[Any]
    model: str = "openclaw"
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None
    user: str | None = None


def _texts(given: str | list[Any]) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not texts or len(texts) > MAX_INPUTS:
        raise bad_request(f"`input` must hold 1 to {MAX_INPUTS} texts.", param="input")
    for text in texts:
        if not isinstance(text, str) or not text:
            raise bad_request("`input` must be text that is not empty; token numbers are not supported.", param="input")
        if len(text) > MAX_INPUT_CHARS:
            raise bad_request(f"A text may have {MAX_INPUT_CHARS} characters at most.", param="input")
    return texts


def _encoded(vector: Sequence[float], encoding: str | None) -> Any:
    if encoding != "base64":
        return list(vector)
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def routes(*, bearer: Bearer, embedder: Embedder) -> list[web.RouteDef]:
    """Return the route of embeddings."""

    async def embed(request: web.Request, _: HttpCaller) -> web.Response:
        body = await read_body(request, EmbeddingsBody)
        if body.dimensions is not None:
            raise bad_request("`dimensions` cannot be chosen here.", param="dimensions")
        wanted = request.headers.get("x-openclaw-model")
        if not wanted and body.model.partition("/")[0] not in _MODEL_NAMES:
            wanted = body.model
        made = await embedder.embed(wanted or None, _texts(body.input))
        if made is None:
            named = f"The model {wanted} cannot" if wanted else "No model on this box can"
            text = f"{named} make embeddings. Set up one that does under models.providers or models.local."
            raise HttpError(400, text, code="embeddings_unavailable", param="model")
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(vector, body.encoding_format)}
            for index, vector in enumerate(made.vectors)
        ]
        # Providers do not report tokens for embeddings through this seam; clients require the member.
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return json_response({"object": "list", "data": data, "model": made.model, "usage": usage})

    return [web.post("/v1/embeddings", guarded(bearer, embed))]
