"""The seam between those who want an answer and whoever can give one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from appliance.generation import GenerateRequest, ModelInfo, StreamItem


class Provider(Protocol):
    """A source of models. Implementations promise what `tests/contract/` checks for all of them alike."""

    @property
    def id(self) -> str:
        """The first part of a model reference, for example `anthropic`."""

    def models(self) -> tuple[ModelInfo, ...]:
        """Return what is known without asking anyone. A model that is not listed may still be requested."""

    def generate(self, request: GenerateRequest) -> AsyncIterator[StreamItem]:
        """Stream one answer; an async generator.

        `Finished` is the last item of a stream that did not fail and nothing follows it. Tool calls come
        whole, with an id that is unique in the stream. `Usage.input_tokens` counts the whole prompt, cached
        tokens included; `Usage.output_tokens` includes thinking. Raises ModelError and no other error of the
        outside world. Closing the generator or cancelling the task that reads it ends the call at the source.
        """

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, in order. Raises ModelError (INVALID_REQUEST without such a model)."""

    async def aclose(self) -> None:
        """Give up connections. Calls that are still running fail; a second call does nothing."""


class Credential(Protocol):
    """Who pays. Asked before every attempt, so that a key may rotate between two of them."""

    async def get_headers(self) -> Mapping[str, str]:
        """Return the headers that carry the secret. Raises ModelError (AUTH) when there is none."""
