"""GET /v1/models: the agents of this box, in OpenAI's shape."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from appliance.gateway.bearer import Bearer, HttpCaller
from appliance.gateway.http.openai_frame import HttpError, guarded, json_response
from appliance.gateway.methods.seams import Agents


def model_ids(agents: Agents) -> list[str]:
    """Return the names that `model` may have in a request."""
    return ["openclaw", "openclaw/default", *(f"openclaw/{agent.id}" for agent in agents())]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "openclaw", "permission": []}


def routes(*, bearer: Bearer, agents: Agents) -> list[web.RouteDef]:
    """Return the routes that list models."""

    async def everything(_: web.Request, __: HttpCaller) -> web.Response:
        return json_response({"object": "list", "data": [_model(name) for name in model_ids(agents)]})

    async def one(request: web.Request, _: HttpCaller) -> web.Response:
        name = request.match_info["id"]
        if name not in model_ids(agents):
            raise HttpError(404, f"The model `{name}` does not exist.", code="model_not_found", param="model")
        return json_response(_model(name))

    return [
        web.get("/v1/models", guarded(bearer, everything, scope="operator.read")),
        web.get("/v1/models/{id:.+}", guarded(bearer, one, scope="operator.read")),
    ]
