"""Speculation and monitoring over real llama.cpp; run by test_guessing.py, which must not load it.

`python -m tests.integration.engine.guessing_side FOLDER` runs every function named `check_…` and prints for each its
traceback, or nothing when it holds.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np

from appliance.engine.monitor.judge import Reason
from appliance.engine.monitor.signals import Signals
from appliance.engine.monitor.watch import Watch
from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.model import Model
from appliance.engine.speculation.drafting import Drafting
from appliance.engine.speculation.length import VerifyCost
from appliance.engine.speculation.native import DraftError, open_draft
from appliance.engine.speculation.verify import verified
from appliance.engine.tinymodel import TinyModel
from appliance.foundation.clock import SystemClock

_LENGTH = 120


class _Greedy:
    """One answer on a context of its own, with or without guesses."""

    def __init__(self, model: Model) -> None:
        self._context = Context(model, cells=1024, batch=256, sequences=1, threads=1, outputs=8)
        self._size = model.size
        self.steps = 0

    def _decode(self, tokens: list[int], start: int, wanted: int) -> list[int]:
        first = len(tokens) - wanted
        entries = [Entry(token, start + at, 0, at >= first) for at, token in enumerate(tokens)]
        assert self._context.decode(entries) is Outcome.OK
        self.steps += 1
        return [int(self._context.logits(at).argmax()) for at in range(first, len(tokens))]

    def answer(self, prompt: list[int], drafting: Drafting | None) -> list[int]:
        text = list(prompt)
        text.append(self._decode(text, 0, 1)[0])
        if drafting is not None:
            drafting.take(text[-1:])
        while len(text) < len(prompt) + _LENGTH:
            room = len(prompt) + _LENGTH - len(text) - 1
            drafts = [] if drafting is None else drafting.draft(text, room)
            held = len(text) - 1
            choices = self._decode([text[-1], *drafts], held, len(drafts) + 1)
            taken = verified(drafts, choices.__getitem__)
            if drafting is not None:
                drafting.take(taken)
            text += taken
            assert self._context.cut(0, len(text) - 1)
        self._context.close()
        return text[len(prompt) :]


class _Cheap(VerifyCost):
    """Verifying costs nothing, so that as much as possible is guessed."""

    def of(self, rows: int) -> float:
        return 1.0 + rows / 1000


def check_a_guessed_answer_is_the_plain_answer(folder: Path) -> None:
    for seed in range(1, 5):
        model = Model(TinyModel(seed=seed, quantisation="f32").write(folder / "plain.gguf"))
        prompt = model.tokenize("tell me: one two three, one two three, one two", special=False)
        plain = _Greedy(model)
        expected = plain.answer(prompt, None)
        drafting = Drafting(prompt, _Cheap())
        guessed = _Greedy(model)
        assert guessed.answer(prompt, drafting) == expected
        assert guessed.steps == plain.steps - drafting.accepted
        model.close()


def check_a_draft_model_guesses_what_the_same_model_says(folder: Path) -> None:
    # a chain without repetition: look-up finds nothing in it
    path = TinyModel(reply=tuple(f" piece{number}" for number in range(100))).write(folder / "target.gguf")
    model = Model(path)
    drafter = open_draft(path, model, lanes=2, cells=1024, threads=1, ticks=SystemClock(), forced=True)
    prompt = model.tokenize("a story\n", special=False)
    expected = _Greedy(model).answer(prompt, None)
    drafting = Drafting(prompt, _Cheap(), drafter=drafter, key=7)
    assert _Greedy(model).answer(prompt, drafting) == expected
    assert drafting.accepted > 60
    assert drafter.seconds > 0
    drafting.close()
    drafter.close()
    model.close()


def check_a_draft_model_that_does_not_fit_is_refused_with_the_reason(folder: Path) -> None:
    target = Model(TinyModel().write(folder / "target.gguf"))
    same = TinyModel(seed=9).write(folder / "same.gguf")
    other = TinyModel(words=("seldom",)).write(folder / "other.gguf")
    for path, forced, wanted in ((same, False, "3B"), (other, True, "token ")):
        try:
            open_draft(path, target, lanes=1, cells=256, threads=1, ticks=SystemClock(), forced=forced)
        except DraftError as error:
            reason = str(error)
        else:
            reason = "taken"
        assert wanted in reason, reason
    open_draft(same, target, lanes=1, cells=256, threads=1, ticks=SystemClock(), forced=True).close()
    target.close()


def check_signals_agree_with_a_plain_softmax(folder: Path) -> None:
    random = np.random.default_rng(2)
    signals = Signals(151_936)
    for scale in (0.0, 0.3, 1.0, 3.0, 8.0, 40.0):
        logits = (random.standard_normal(151_936) * scale).astype(np.float32)
        signal = signals.read(logits, 77)
        values = logits.astype(np.float64)
        log_weights = values - values.max() - np.log(np.exp(values - values.max()).sum())
        weights = np.exp(log_weights)
        assert abs(signal.entropy - -(weights * log_weights).sum()) < 2e-3, (scale, signal)
        assert abs(signal.top - weights.max()) < 1e-4
        assert abs(signal.chosen - log_weights[77]) < 1e-3


def check_signals_bear_tokens_that_are_ruled_out(folder: Path) -> None:
    logits = np.full(1000, -np.inf, np.float32)
    logits[:4] = 2.0
    signal = Signals(1000).read(logits, 3)
    assert abs(signal.entropy - np.log(4)) < 1e-5
    assert abs(signal.top - 0.25) < 1e-6
    assert abs(signal.chosen - np.log(0.25)) < 1e-6
    logits[1:4] = -np.inf
    alone = Signals(1000).read(logits, 0)
    assert (alone.entropy, alone.top, alone.chosen) == (0.0, 1.0, 0.0)


def check_a_looping_answer_of_a_real_model_is_halted(folder: Path) -> None:
    path = TinyModel(reply=("one", "two", "three")).write(folder / "loop.gguf")
    model = Model(path)
    context = Context(model, cells=1024, batch=256, sequences=1, threads=1)
    # after a token outside its chain this model says any of its pieces; feed it a loop and look at what it sees
    watch = Watch(Signals(model.size))
    verdict = None
    loop = [model.tokenize(word, special=False)[0] for word in "ab"]
    for at in range(400):
        assert context.decode([Entry(loop[at % 2], at, 0, True)]) is Outcome.OK
        verdict = watch.step(context.logits(0), loop[at % 2])
        if verdict is not None:
            break
    assert verdict is not None
    assert verdict.reason is Reason.REPETITION
    assert verdict.since_token == 2
    assert 0 < watch.confidence < 1
    context.close()
    model.close()


def main(folder: Path) -> None:
    """Run every check and print a JSON object of name and traceback."""
    checks = {name: check for name, check in globals().items() if name.startswith("check_")}
    print(json.dumps({name: _run(check, folder) for name, check in checks.items()}))


def _run(check: Callable[[Path], None], folder: Path) -> str:
    try:
        check(folder)
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
