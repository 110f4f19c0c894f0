"""What is too small to be seen from outside, timed within a process of its own and printed as JSON.

`python -m tests.bench.engine.sides.inside MODEL THREADS ROUNDS TOKENS`, run by the engine's Python. Every time is a
median in ms; logits are scripted over the real vocabulary, since a model of random weights follows no grammar.
"""

from __future__ import annotations

import datetime
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from appliance.engine import api
from appliance.engine.answering.answering import Answering
from appliance.engine.answering.preparing import prepared
from appliance.engine.cache.files.writer import Files
from appliance.engine.cache.fingerprint import Identity
from appliance.engine.cache.opened import open_store
from appliance.engine.cache.store import PrefixStore
from appliance.engine.cache.transfer import Transfer
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.template import SpecialTexts
from appliance.engine.monitor.signals import Signals
from appliance.engine.monitor.watch import Watch
from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.facts import facts_of, rules_of
from appliance.engine.native.model import Model
from appliance.engine.native.state import SequenceStates
from appliance.engine.profile import EngineProfile
from appliance.foundation.clock import SystemClock
from tests.integration.engine.asking import LISTS, TIMER

_WINDOW = 8192
_BATCH = 256
_PATH = 48  # tokens of a call
_CERTAIN, _NEXT = 20.0, 18.0  # logits of the model's wish and of its second thought
_STEPS = 24
_SETTLE_S = 60.0


def main(path: Path, threads: int, rounds: int, tokens: int) -> None:
    model = Model(path)
    found = {
        "vocabulary": float(model.size),
        **_grammar(model, rounds),
        **_watching(model, threads, rounds),
        **_restoring(model, threads, rounds, tokens),
    }
    print(json.dumps(found))


def _ms(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1e3


def _noise(model: Model) -> Any:
    return np.random.default_rng(1).standard_normal(model.size).astype(np.float32) * 2


# ---- grammar


def _grammar(model: Model, rounds: int) -> dict[str, float]:
    prompts = PromptMaker(model.template, SpecialTexts.of(model.specials, bos="", eos=""), _today)

    def answering(**options: Any) -> Answering:
        chat = api.Chat([{"role": "user", "content": "eggs"}], tools=[TIMER, LISTS], **options)
        return prepared(api.Generate(chat, seed=1), model, prompts, _WINDOW)[1]

    noise = _noise(model)
    path = _path(answering(tool_choice="required"), noise)
    bound = [_written(answering(tool_choice="required"), path, noise) for _ in range(rounds)]
    free = [_written(answering(tool_choice="none"), path, noise) for _ in range(rounds)]
    refused = [_written(answering(tool_choice="required"), path, noise, wish=_refused(model)) for _ in range(rounds)]
    whole = median(_ms(lambda: answering(tool_choice="required")) for _ in range(rounds))
    plain = median(_ms(lambda: answering(tool_choice="none")) for _ in range(rounds))
    return {
        "grammar_token": median(bound) - median(free),
        "grammar_refused": median(refused) - median(free),
        "grammar_request": whole - plain,
        "choose": median(free),
    }


def _today() -> datetime.datetime:
    return datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)


def _path(answer: Answering, noise: Any) -> list[int]:
    """Return the tokens of a call that the grammar allows, chosen by chance."""
    path: list[int] = []
    random = np.random.default_rng(2)
    while len(path) < _PATH and not answer.ends(token := answer.choose(random.permutation(noise))):
        answer.take(token, noise)
        path.append(token)
    answer.close()
    return path


def _refused(model: Model) -> int:
    return model.tokenize("!", special=False)[0]  # outside strings and at the begin of keys it is never right


def _written(answer: Answering, path: list[int], noise: Any, *, wish: int | None = None) -> float:
    """Return the median ms per token of choosing and taking `path`; with `wish` the model wants that one more."""
    times = []
    for token in path:
        logits = noise.copy()
        logits[token] = _CERTAIN if wish is None else _NEXT
        if wish is not None and token != wish and not answer.allows(wish):
            logits[wish] = _CERTAIN
        elif wish is not None:
            logits[token] = _CERTAIN
        began = time.perf_counter()
        chosen = answer.choose(logits)
        answer.take(chosen, logits)
        times.append((time.perf_counter() - began) * 1e3)
        if chosen != token:
            raise RuntimeError(f"token {chosen} was chosen, {token} was expected")
    answer.close()
    return median(times)


# ---- the watch


def _watching(model: Model, threads: int, rounds: int) -> dict[str, float]:
    """Return ms of one watched token and of decoding one, in turns."""
    context = _context(model, threads)
    watch, noise = Watch(Signals(model.size)), _noise(model)
    decoded, watched = [], []
    for position in range(max(_STEPS, rounds)):
        decoded.append(_ms(lambda position=position: _read(context, [position], position, 0)))
        watched.append(_ms(lambda position=position: watch.step(noise, position)))
    context.close()
    return {"watch": median(watched), "decode": median(decoded)}


# ---- attention states


def _restoring(model: Model, threads: int, rounds: int, count: int) -> dict[str, float]:
    """Return ms to save `count` tokens, and to bring them back from memory and from a file."""
    context = _context(model, threads)
    states, text = SequenceStates(context), list(range(count + 1))
    for start in range(0, count, _BATCH):
        _read(context, text[start : min(start + _BATCH, count)], start, 0)
    with tempfile.TemporaryDirectory(prefix="hb") as name:
        identity = Identity(model=model.path, facts=facts_of(model, EngineProfile()))
        files = Files(Path(name), identity, 1 << 32, lambda: bytes(32), bytes_per_hour=1 << 40, reserve_bytes=0)
        first = _opened(model, files)
        saved = _ms(lambda: Transfer(first, states, 3).save(0, text[:count]))
        if not first.settle(_SETTLE_S):
            raise RuntimeError(f"the state was not written: {first.problem}")
        memory = [_back(context, first, text, "ram") for _ in range(rounds)]
        first.close()
        disk = []
        for _ in range(rounds):
            store = _opened(model, files)
            store.settle(_SETTLE_S)
            disk.append(_back(context, store, text, "disk"))
            store.close()
    size = states.size(0) / 1e6
    context.close()
    return {"save": saved, "from_memory": median(memory), "from_file": median(disk), "megabytes": size}


def _opened(model: Model, files: Files) -> PrefixStore:
    return open_store(rules_of(model), ram_bytes=1 << 31, files=files, ticks=SystemClock())


def _back(context: Context, store: PrefixStore, text: list[int], tier: str) -> float:
    context.drop(1)
    transfer = Transfer(store, SequenceStates(context), 3)

    def bring() -> None:
        found = store.longest(text)
        if found is None or found.tier != tier or transfer.restore(1, found).length != len(text) - 1:
            raise RuntimeError(f"it did not come back from {tier}: {found}")

    return _ms(bring)


def _context(model: Model, threads: int) -> Context:
    return Context(model, cells=_WINDOW, batch=_BATCH, sequences=4, threads=threads)


def _read(context: Context, tokens: list[int], start: int, sequence: int) -> None:
    entries = list(_entries(tokens, start, sequence))
    if context.decode(entries) is not Outcome.OK:
        raise RuntimeError("llama.cpp did not decode")


def _entries(tokens: list[int], start: int, sequence: int) -> Iterator[Entry]:
    for position, token in enumerate(tokens, start):
        yield Entry(token, position, sequence, position == start + len(tokens) - 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
