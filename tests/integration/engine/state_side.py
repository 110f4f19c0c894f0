"""Checks of saved and restored states that need native code: run by the engine's Python, reported as JSON.

`python -m tests.integration.engine.state_side FOLDER` runs every function named `check_…` and prints for each its
traceback, empty when it held. What is compared are the greedy tokens and logits of a plain run of llama.cpp.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from appliance.engine.cache.files.writer import Files
from appliance.engine.cache.fingerprint import Identity
from appliance.engine.cache.opened import open_store
from appliance.engine.cache.store import PrefixStore
from appliance.engine.cache.transfer import Restored, Transfer
from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.facts import facts_of, rules_of
from appliance.engine.native.library import llama
from appliance.engine.native.model import Model
from appliance.engine.native.state import SequenceStates
from appliance.engine.profile import EngineProfile
from appliance.engine.tinymodel import TinyModel
from appliance.foundation.clock import SystemClock
from tests.integration.engine import shapes
from tests.unit.engine.cache.carried import accept, pack

_PROMPT = [int(token) for token in np.random.default_rng(1).integers(0, 255, 300)]
_ANSWER_TOKENS = 16
_SCRATCH = 7
_PROFILES = (
    EngineProfile(),
    EngineProfile(flash_attention=True),
    EngineProfile(type_k="q8_0"),
    EngineProfile(type_k="q8_0", type_v="q8_0", flash_attention=True),
)


class Run:
    """A context of its own and the greedy answers that it gives."""

    def __init__(self, model: Model, profile: EngineProfile = _PROFILES[0], cells: int = 1024) -> None:
        self.context = Context(model, cells=cells, batch=256, sequences=8, threads=1, profile=profile)
        self.states = SequenceStates(self.context)

    def read(self, tokens: Sequence[int], start: int, sequence: int) -> Any:
        """Decode tokens; return a copy of the logits after the last one."""
        for at in range(0, len(tokens), 200):
            part = tokens[at : at + 200]
            last = len(part) - 1
            entries = [Entry(token, start + at + i, sequence, i == last) for i, token in enumerate(part)]
            assert self.context.decode(entries) is Outcome.OK
        return self.context.logits(last).copy()

    def answer(self, tokens: Sequence[int], known: int, sequence: int) -> tuple[list[int], Any]:
        """Return the greedy answer to `tokens` of which `known` are in the sequence, and its logits."""
        logits = [self.read(tokens[known:], known, sequence)]
        answer: list[int] = []
        for number in range(_ANSWER_TOKENS):
            answer.append(int(logits[-1].argmax()))
            logits.append(self.read(answer[-1:], len(tokens) + number, sequence))
        return answer, np.array(logits)

    def plain(self, tokens: Sequence[int]) -> tuple[list[int], Any]:
        """Read all of it and answer."""
        self.read(tokens[:-1], 0, 0)
        return self.answer(tokens, len(tokens) - 1, 0)

    def close(self) -> None:
        self.context.close()


def _memory_only(model: Model) -> PrefixStore:
    return open_store(rules_of(model), ram_bytes=1 << 28, files=None, ticks=SystemClock())


def _restored(run: Run, store: PrefixStore, tokens: Sequence[int], sequence: int) -> Restored:
    found = store.longest(tokens)
    assert found is not None
    return Transfer(store, run.states, _SCRATCH).restore(sequence, found)


def _saved_in_turns(run: Run, store: PrefixStore, ends: Sequence[int]) -> None:
    transfer = Transfer(store, run.states, _SCRATCH)
    for start, end in zip((0, *ends), ends, strict=False):
        run.read(_PROMPT[start:end], start, 0)
        assert transfer.save(0, _PROMPT[:end])
        assert not transfer.save(0, _PROMPT[:end]), "once is enough"


def check_pieces_join_to_the_bits_of_a_plain_run(folder: Path) -> None:
    for architecture in ("llama", "qwen2", "qwen3"):
        model = Model(TinyModel(architecture=architecture, width=128).write(folder / f"{architecture}.gguf"))
        for profile in _PROFILES:
            expected, logits = Run(model, profile).plain(_PROMPT)
            writer, reader, store = Run(model, profile), Run(model, profile), _memory_only(model)
            writer.read(_PROMPT[:-1], 0, 0)
            for end in (100, 171, 299):
                assert Transfer(store, writer.states, _SCRATCH).save(0, _PROMPT[:end])
            restored = _restored(reader, store, _PROMPT, 1)
            assert restored == Restored(299, "ram", 0)
            answer, again = reader.answer(_PROMPT, 299, 1)
            assert answer == expected, (architecture, profile)
            assert np.array_equal(again, logits), (architecture, profile)
            assert writer.answer(_PROMPT, 299, 0)[0] == expected, "saving changed nothing"


def check_a_piece_may_be_used_in_part_and_behind_what_is_resident(folder: Path) -> None:
    model = Model(TinyModel(quantisation="f32").write(folder / "part.gguf"))
    other = [*_PROMPT[:150], *_PROMPT[:100]]
    expected, _ = Run(model).plain(other)
    writer, reader, store = Run(model), Run(model), _memory_only(model)
    _saved_in_turns(writer, store, (100, 299))
    assert _restored(reader, store, other, 1) == Restored(150, "ram", 0)
    assert reader.answer(other, 150, 1)[0] == expected
    reader.read(other[:120], 0, 2)
    found = store.longest(other)
    assert found is not None
    assert Transfer(store, reader.states, _SCRATCH).restore(2, found, have=120) == Restored(150, "ram", 0)
    assert reader.answer(other, 150, 2)[0] == expected


def check_restored_beside_others_in_scattered_cells_the_answer_is_the_same(folder: Path) -> None:
    model = Model(TinyModel(quantisation="f32").write(folder / "scattered.gguf"))
    expected, _ = Run(model).plain(_PROMPT)
    writer, reader, store = Run(model), Run(model), _memory_only(model)
    _saved_in_turns(writer, store, (100, 171, 299))
    for at in range(100):
        for sequence in (2, 3):
            reader.read(_PROMPT[at : at + 1], at, sequence)
    reader.context.drop(2)
    assert _restored(reader, store, _PROMPT, 1).length == 299
    assert reader.answer(_PROMPT, 299, 1)[0] == expected
    assert reader.states.range(3) == (0, 99), "the other sequence is as it was"


def check_a_sliding_window_goes_on_where_a_piece_ends(folder: Path) -> None:
    model = Model(shapes.sliding(folder / "sliding.gguf"))
    assert rules_of(model).window == shapes.WINDOW
    for profile in _PROFILES[:2]:
        expected, _ = Run(model, profile).plain(_PROMPT)
        writer, reader, store = Run(model, profile), Run(model, profile), _memory_only(model)
        _saved_in_turns(writer, store, (100, 120, 171, 299))  # one piece is shorter than the window
        assert _restored(reader, store, _PROMPT, 1) == Restored(299, "ram", 299)
        assert reader.answer(_PROMPT, 299, 1)[0] == expected
        other = [*_PROMPT[:130], *_PROMPT[:60]]
        assert _restored(reader, store, other, 2) == Restored(120, "ram", 120), "not in the middle of a piece"
        assert reader.answer(other, 120, 2)[0] == Run(model, profile).plain(other)[0]


def check_the_rule_of_the_sliding_window_is_needed(folder: Path) -> None:
    """Where llama.cpp would be wrong without a word; once it is not, the rule can go."""
    model = Model(shapes.sliding(folder / "rule.gguf"))
    writer, reader = Run(model), Run(model)
    writer.read(_PROMPT[:200], 0, 0)
    assert reader.states.insert(1, writer.states.export(0), 0, 200, exact=False)
    assert not reader.context.cut(1, 120), "ours says no"
    assert llama.llama_memory_seq_rm(reader.context._memory, 1, 120, -1), "llama.cpp says yes"
    other = [*_PROMPT[:120], *_PROMPT[:20]]
    _, logits = reader.answer(other, 120, 1)
    _, expected = Run(model).plain(other)
    assert np.abs(logits[0] - expected[0]).max() > 0.1, "and is wrong"


def check_recurrent_and_hybrid_states_come_back_whole(folder: Path) -> None:
    for shape in (shapes.recurrent, shapes.hybrid):
        model = Model(shape(folder / f"{shape.__name__}.gguf"))
        assert not model.can_rewind
        expected, logits = Run(model).plain(_PROMPT)
        writer, reader, store = Run(model), Run(model), _memory_only(model)
        _saved_in_turns(writer, store, (100, 299))
        assert _restored(reader, store, _PROMPT, 1) == Restored(299, "ram", 299)
        answer, again = reader.answer(_PROMPT, 299, 1)
        assert answer == expected
        assert np.array_equal(again, logits)
        other = [*_PROMPT[:130], *_PROMPT[:60]]
        assert _restored(reader, store, other, 2) == Restored(100, "ram", 100)
        assert reader.answer(other, 100, 2)[0] == Run(model).plain(other)[0]


def check_a_whole_state_that_is_shared_is_copied_when_one_goes_on(folder: Path) -> None:
    for shape in (shapes.recurrent, shapes.hybrid):
        model = Model(shape(folder / f"shared-{shape.__name__}.gguf"))
        expected, _ = Run(model).plain(_PROMPT)
        run = Run(model)
        run.read(_PROMPT[:-1], 0, 0)
        run.context.share(0, 1, 299)
        assert run.answer(_PROMPT, 299, 1)[0] == expected
        assert run.answer(_PROMPT, 299, 0)[0] == expected


def check_without_cells_less_comes_back_and_others_are_left_alone(folder: Path) -> None:
    model = Model(TinyModel().write(folder / "cells.gguf"))
    writer, store = Run(model), _memory_only(model)
    _saved_in_turns(writer, store, (100, 299))
    reader = Run(model, cells=256)
    reader.read(_PROMPT[:100], 0, 0)
    assert _restored(reader, store, _PROMPT, 1) == Restored(100, "ram", 0)
    assert reader.states.range(0) == (0, 99)
    assert reader.states.range(1) == (0, 99)
    assert reader.states.range(_SCRATCH) == (-1, -1)
    reader.context.drop(0)
    assert store.longest(_PROMPT) is not None, "it was not the fault of the piece"
    found = store.longest(_PROMPT)
    assert found is not None
    assert found.length == 299


def check_what_does_not_hold_what_was_promised_is_emptied(folder: Path) -> None:
    model = Model(TinyModel().write(folder / "promise.gguf"))
    run = Run(model)
    run.read(_PROMPT[:50], 0, 0)
    blob = run.states.export(0)
    for start, end, exact in ((1, 50, True), (0, 49, True), (0, 51, False), (0, 49, False)):
        assert not run.states.insert(1, blob, start, end, exact=exact)
        assert run.states.range(1) == (-1, -1)
    assert not run.states.insert(1, bytes(blob)[:-1], 0, 50, exact=True)
    assert not run.states.insert(1, b"", 0, 50, exact=True)
    assert run.states.insert(1, blob, 0, 50, exact=True)
    assert run.states.range(1) == (0, 49)


def check_files_bring_the_same_bits_into_another_engine(folder: Path) -> None:
    model = Model(TinyModel().write(folder / "files.gguf"))
    expected, logits = Run(model).plain(_PROMPT)
    identity = Identity(model=model.path, facts=facts_of(model, _PROFILES[0]))
    state = folder / "state"
    state.mkdir()
    made = Files(state, identity, 1 << 28, lambda: bytes(32), reserve_bytes=0)
    store = open_store(rules_of(model), ram_bytes=1 << 28, files=made, ticks=SystemClock())
    writer = Run(model)
    writer.read(_PROMPT[:-1], 0, 0)
    for end in (100, 299):
        assert Transfer(store, writer.states, _SCRATCH).save(0, _PROMPT[:end])
    assert store.settle(30)
    store.close()
    store = open_store(rules_of(model), ram_bytes=1 << 28, files=made, ticks=SystemClock())
    reader = Run(model)
    assert _restored(reader, store, _PROMPT, 1) == Restored(299, "disk", 0)
    answer, again = reader.answer(_PROMPT, 299, 1)
    assert answer == expected
    assert np.array_equal(again, logits)
    store.close()
    # another type of the cache is another fingerprint: nothing is found, nothing reaches native code
    other = Identity(model=model.path, facts=facts_of(model, _PROFILES[2]))
    store = open_store(
        rules_of(model),
        ram_bytes=1 << 28,
        files=Files(state, other, 1 << 28, lambda: bytes(32), reserve_bytes=0),
        ticks=SystemClock(),
    )
    assert store.longest(_PROMPT) is None
    store.close()


def check_a_sequence_goes_on_in_another_box_with_the_same_bits(folder: Path) -> None:
    model = Model(TinyModel().write(folder / "boxes.gguf"))
    expected, logits = Run(model).plain(_PROMPT)
    identity = Identity(model=model.path, facts=facts_of(model, _PROFILES[0]))
    stores = []
    for name in ("here", "there"):
        (folder / name).mkdir()
        files = Files(folder / name, identity, 1 << 28, lambda: bytes(32), reserve_bytes=0)
        stores.append(open_store(rules_of(model), ram_bytes=1 << 28, files=files, ticks=SystemClock()))
        assert stores[-1].settle(30)
    here, there = stores
    writer, reader = Run(model), Run(model, cells=2048)
    writer.read(_PROMPT[:-1], 0, 5)
    parts = pack(here, writer.states, 5, _PROMPT[:-1], b"k" * 32)
    assert parts is not None
    assert accept(there, bytearray(b"".join(parts)), b"k" * 32) == 299
    assert _restored(reader, there, _PROMPT, 2) == Restored(299, "peer", 0)
    answer, again = reader.answer(_PROMPT, 299, 2)
    assert answer == expected
    assert np.array_equal(again, logits)
    for store in stores:
        store.close()


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
