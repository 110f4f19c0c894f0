"""An answer that begins with what it answers: the person asked a while ago."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, cast

from appliance.agent.loop import ModelChain
from appliance.generation import GenerateRequest, ModelInfo, TextDelta
from appliance.providers.failover import ChainItem


class Prefaced:
    """A chain (agent.loop.ModelChain) whose first words of all calls come after `preface`.

    Nothing is said before a model speaks, so that a chain that fails may still be asked another time.
    """

    def __init__(self, chain: ModelChain, preface: str) -> None:
        self._chain = chain
        self._preface = preface

    def starting_at(self, ref: str, *, past: bool) -> ModelChain | None:
        """Return the rest of the chain; what is due to be said first still is."""
        rest = self._chain.starting_at(ref, past=past)
        return Prefaced(rest, self._preface) if rest is not None and self._preface else rest

    async def generate(self, build: Callable[[ModelInfo], GenerateRequest]) -> AsyncIterator[ChainItem]:
        """Stream the answer of the chain, its first text prefaced."""
        # ModelChain.generate is declared as an iterator, the form that a Protocol can state; it is a generator.
        async with aclosing(cast(Any, self._chain.generate(build))) as items:
            async for item in items:
                if isinstance(item, TextDelta) and item.text.strip() and self._preface:
                    item, self._preface = TextDelta(self._preface + item.text), ""
                yield item
