"""Reads the static beginnings of prompts into an engine that came up, so that the first answer does not wait for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from appliance.context.prompt import system_prompt
from appliance.generation import GenerateRequest, ModelError, ModelInfo
from appliance.messages import Message, Role, Text
from appliance.providers.local import LocalProvider
from appliance.tools.selection import Kit

_log = logging.getLogger(__name__)
# Every message of a person begins with its time stamp, so this much is the same in all of them.
_FIRST_WORDS = "["


class Prewarm:
    """Warms each provider once: `run` after every change of the models, or of the owner's name that prompts hold.

    `kits` are those that a model may see.
    """

    def __init__(self, kits: Callable[[ModelInfo], Sequence[Kit]], owner: Callable[[], str]) -> None:
        self._kits = kits
        self._owner = owner
        self._warmed: tuple[LocalProvider, str] | None = None

    async def run(self, provider: object) -> int:
        """Have every kit's beginning read in the background; return how many were. Gives up when the engine does."""
        if not isinstance(provider, LocalProvider) or not provider.models():
            return 0
        owner = self._owner()
        if self._warmed is not None and self._warmed[0] is provider and self._warmed[1] == owner:
            return 0
        self._warmed = (provider, owner)
        model, done = provider.models()[0], 0
        try:
            for request in beginnings(model, self._kits(model), owner):
                await provider.warm(request)
                done += 1
        except ModelError as error:
            _log.info("the beginnings of prompts were not all read ahead: %s", error)
        return done


def beginnings(model: ModelInfo, kits: Sequence[Kit], owner: str = "") -> list[GenerateRequest]:
    """Return one request per kit whose prompt begins like every prompt with that kit, the likeliest kit last.

    Last, because an engine with little memory keeps what it read last.
    """
    return [
        GenerateRequest(
            model=model.id,
            system=system_prompt(owner),
            messages=(Message(Role.USER, (Text(_FIRST_WORDS),)),),
            tools=kit.tools,
            session_key=f"kit:{kit.name}",
            background=True,
        )
        for kit in reversed(kits)
    ]
