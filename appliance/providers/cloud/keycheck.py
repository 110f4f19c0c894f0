"""Asks a service whether it takes a key, with the request that costs nothing there: what may this key see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from appliance.foundation.errors import ApplianceError
from appliance.providers.builtin import BUILT_IN
from appliance.providers.classification import MAX_ERROR_BODY_BYTES, model_error, read_problem
from appliance.providers.cloud.address import BaseUrl, BaseUrlError
from appliance.providers.cloud.dialer import Dialer, OfflineError
from appliance.providers.errors import Origin

_TIMEOUT_S: Final = 15.0


class KeyRefusedError(ApplianceError):
    """The service does not take the key, or could not be asked; the text says which."""

    code = "key_refused"


@dataclass(frozen=True, slots=True)
class _Question:
    """A request without cost that needs a key. OpenRouter lists its models to anybody, so there it asks for the key."""

    path: str
    headers: Callable[[str], Mapping[str, str]]


def _bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


_QUESTIONS: Final[Mapping[str, _Question]] = {
    "anthropic": _Question("/v1/models", lambda key: {"x-api-key": key, "anthropic-version": "2023-06-01"}),
    "openai": _Question("/models", _bearer),
    "google": _Question("/models", lambda key: {"x-goog-api-key": key}),
    "openrouter": _Question("/key", _bearer),
}


async def check(service: str, key: str, *, base_url: str | None = None, offline: Callable[[], bool]) -> None:
    """Return when `service` takes `key`. Raises KeyRefusedError; nothing is dialled while `offline`."""
    question = _QUESTIONS[service]
    try:
        base = BaseUrl.parse(base_url or BUILT_IN[service].base_url)
    except BaseUrlError as error:
        raise KeyRefusedError(str(error)) from error
    if service == "anthropic":
        base = base.without_suffix("/v1")
    dialer = Dialer(offline=offline)
    try:
        async with (
            asyncio.timeout(_TIMEOUT_S),
            dialer.session.get(
                base.join(question.path),
                headers={"User-Agent": "homarus", "Accept": "application/json", **question.headers(key)},
                allow_redirects=False,  # it would carry the key elsewhere
            ) as response,
        ):
            if response.status == 200:
                return
            body = await response.content.read(MAX_ERROR_BODY_BYTES)
            problem = read_problem(response.status, body, response.headers)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise KeyRefusedError(_unreachable(service, base.host, error)) from None
    finally:
        await dialer.aclose()
    raise KeyRefusedError(str(model_error(problem, Origin(service, "", "the key"), [key])))


def _unreachable(service: str, host: str, error: Exception) -> str:
    """Say why nobody answered, in our words: such errors may quote headers."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OfflineError):
        return "`offline` is true: nothing is dialled."
    why = "no answer in time" if isinstance(error, TimeoutError) else "no connection"
    return f"{service} could not be asked at {host} ({why}): look at the network of the box."
