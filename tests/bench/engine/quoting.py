"""What prompt look-up brings where an answer quotes: the same answer with and without it."""

from __future__ import annotations

from tests.bench.engine.bench import Bench
from tests.bench.engine.paired import in_turns
from tests.bench.engine.sides.ours import Ours
from tests.bench.engine.sides.setting import Setting
from tests.bench.report import Figure

_QUOTED, _OWN = 40, 15  # tokens of the answer that are in the prompt, and of those between that are not
_QUOTES = 3


async def quoting(rig: Bench) -> list[Figure]:
    """Measure an answer of which three quarters are quotes, as when a tool's result is told."""
    setting = Setting(rig.model.path, threads=rig.threads)
    quotes = rig.amount(_QUOTES)
    length = quotes * (_QUOTED + _OWN)
    guessed = []
    with rig.folder() as folder, Ours(setting, folder) as engine:
        await engine.stream(rig.part(1), 8)

        async def rate(speculate: bool) -> float:
            answer = await engine.stream(_prompt(rig, quotes), length, speculate=speculate)
            if speculate:
                guessed.append((answer.drafted, answer.accepted))
            return answer.rate

        pairs = await in_turns(lambda: rate(True), lambda: rate(False), rig.amount(5))
    drafted, accepted = map(sum, zip(*guessed, strict=True))
    return [
        Figure("quoting with look-up, of without", pairs.ratio, "x", 1.3, more_is_better=True),
        Figure("quoting with look-up", pairs.ours, "/s", more_is_better=True, peer=pairs.peers),
        Figure("guesses that were right", 100 * accepted / max(drafted, 1), "%", more_is_better=True),
    ]


def _prompt(rig: Bench, quotes: int) -> list[int]:
    """Return a prompt that holds the quotes, then the first token of the answer."""
    text = rig.part(quotes * (_QUOTED + _OWN))
    parts = [text[start : start + _QUOTED] for start in range(0, len(text), _QUOTED + _OWN)]
    return [*rig.part(8), *(token for part in parts for token in (*part, *rig.part(4))), text[0]]
