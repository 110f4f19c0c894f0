"""Asking an engine in tests: frames in, everything that came out."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from appliance.engine import api
from appliance.engine.client import EngineClient

_READS_S = 60.0
TIMER = api.ToolDef(
    "timer_set",
    "Set a timer",
    {
        "type": "object",
        "properties": {
            "duration_s": {"type": "integer", "minimum": 0},
            "label": {"type": "string", "maxLength": 12},
            "loud": {"type": "boolean"},
        },
        "required": ["duration_s"],
    },
)
LISTS = api.ToolDef(
    "list_add",
    "Add to a list",
    {
        "type": "object",
        "properties": {
            "list": {"enum": ["shopping", "to do"]},
            "items": {"type": "array", "items": {"type": "string", "maxLength": 6}, "minItems": 1, "maxItems": 3},
            "where": {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"n": {"type": "number"}}}]},
        },
        "required": ["list", "items"],
    },
)


def chat(text: str, **options: Any) -> api.Chat:
    return api.Chat([{"role": "user", "content": text}], system="You are brief.", **options)


async def fingerprint(client: EngineClient) -> str:
    """Return the fingerprint of an engine when it has read its files for it, which it does beside its work."""
    async with asyncio.timeout(_READS_S):
        while not (found := (await client.info()).fingerprint):
            await asyncio.sleep(0.05)
    return found


@dataclass
class Heard:
    """All frames of one answer."""

    frames: list[api.StreamAnswer] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(frame.text for frame in self.frames if isinstance(frame, api.Token))

    @property
    def calls(self) -> list[api.Call]:
        return [frame for frame in self.frames if isinstance(frame, api.Call)]

    @property
    def done(self) -> api.Done:
        last = self.frames[-1]
        assert isinstance(last, api.Done)
        return last


async def ask(client: EngineClient, frame: api.Generate) -> Heard:
    heard = Heard()
    async with contextlib.aclosing(client.generate(frame)) as answer:
        async for item in answer:
            heard.frames.append(item)
    return heard
