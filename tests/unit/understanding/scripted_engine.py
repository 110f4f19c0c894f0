"""An engine that answers from a script and remembers what it was asked."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator

from appliance.engine import api
from appliance.generation import ModelError
from appliance.understanding.vocabulary import CLASSES


class ScriptedEngine:
    """`chances` are the language model's votes (the rest is shared out), `answer` the spans it copies."""

    def __init__(self, chances: dict[str, float], answer: str = "", error: ModelError | None = None) -> None:
        self.chances = chances
        self.answer = answer
        self.error = error
        self.frames: list[api.Generate] = []

    async def generate(self, frame: api.Generate) -> AsyncGenerator[api.StreamAnswer, None]:
        self.frames.append(frame)
        if self.error:
            raise self.error
        if frame.candidates:
            rest = (1 - sum(self.chances.values())) / (len(CLASSES) - len(self.chances))
            yield api.Scores([math.log(max(self.chances.get(tool, rest), 1e-12)) for tool in CLASSES])
        else:
            yield api.Token(self.answer)
        yield api.Done("stop", 1, 0, 1)
