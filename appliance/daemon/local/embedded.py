"""The embedded model: its process arguments, its provider, and understanding for those who ask for it alone.

`appliance.understanding` is imported only where the configuration enables it: its grammars cost 50 ms of a start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineHome
from appliance.foundation.clock import Clock
from appliance.generation import FailureKind, ModelError
from appliance.providers.base import Provider

if TYPE_CHECKING:
    from appliance.understanding.ngram import NgramModel
    from appliance.understanding.understander import Understander, Understanding


class Embedded:
    """The embedded model of this gateway; its engine may come and go."""

    def __init__(self, clock: Clock, zone: Callable[[], ZoneInfo]) -> None:
        self._clock = clock
        self._zone = zone
        self._understander: Understander | None = None
        self._ngram: NgramModel | None = None
        self._shipped: NgramModel | None = None
        self._learned: NgramModel | None = None
        self._embedder: EngineClient | None = None

    @staticmethod
    def embeddings(home: EngineHome) -> Path:
        """Return where scripts/embeddings puts the model file of the sentence embeddings."""
        return home.python.parent.parent / "minilm.gguf"

    @staticmethod
    def embedding_arguments(path: Path) -> list[str]:
        """Return the arguments of the process that makes sentence embeddings."""
        return ["--model", str(path), "--embeddings", "--threads", "1"]

    @staticmethod
    def arguments() -> list[str]:
        """Return the arguments of its engine process: one thread is enough for five million parameters."""
        from appliance.understanding.understander import model_path

        return ["--model", str(model_path()), "--threads", "1"]

    def provider(self, client: EngineClient) -> Provider:
        """Return the provider that asks the engine behind `client`. Raises WeightsError."""
        from appliance.understanding.provider import MiniProvider
        from appliance.understanding.understander import Understander, load_weights

        weights = load_weights()
        self._shipped = weights.ngram
        self._understander = Understander(client, weights, self._clock)
        self.hear_with(self._learned)
        self.embed_with(self._embedder)
        return MiniProvider(self._understander, self._clock, self._zone)

    def hear_with(self, learned: NgramModel | None) -> None:
        """Let an n-gram part vote that was fitted on this box, None: the shipped one."""
        self._learned = learned
        self._ngram = learned or self._shipped
        if self._understander is not None and self._ngram is not None:
            self._understander.hear_with(self._ngram)

    def embed_with(self, embedder: EngineClient | None) -> None:
        """Let the sentence embeddings of a process vote too, None: no more. Raises WeightsError."""
        self._embedder = embedder
        if self._understander is None:
            return
        if embedder is None:
            self._understander.vote_with(None)
            return
        from appliance.understanding.understander import weights_folder
        from appliance.understanding.voting.embedded import load_voter

        self._understander.vote_with(load_voter(embedder, weights_folder()))

    def tool_scores(self, text: str) -> Mapping[str, float]:
        """Return how likely a sentence asks for each tool: the n-gram part alone, at once and in this process."""
        from appliance.understanding.text import MAX_CHARS, clean, lowered

        words = lowered(clean(text[:MAX_CHARS]).split())
        return self._ngram.probabilities(" ".join(words)) if self._ngram is not None and words else {}

    async def understand(self, text: str, lang: str | None) -> Understanding:
        """Return what a sentence means (gateway.methods.seams.Understanding). Raises ModelError."""
        if self._understander is None:
            raise ModelError(FailureKind.UNAVAILABLE, "The embedded model does not run. `homarus doctor` says why.")
        return await self._understander.understand(text, self._clock.now_ms(), self._zone(), lang)
