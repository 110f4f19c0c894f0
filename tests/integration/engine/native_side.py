"""Checks that need native code in their own process: run by the engine's Python, reported as JSON.

`python -m tests.integration.engine.native_side FOLDER` runs every function named `check_…` and prints for each its
traceback, empty when it held.
"""

from __future__ import annotations

import datetime
import json
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from appliance.engine import api
from appliance.engine.build import Options, build
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.template import SpecialTexts
from appliance.engine.native.bound import Bound, GrammarError
from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.library import NativeError
from appliance.engine.native.model import Model
from appliance.engine.native.sampling import Sampling, UnusableError, choose, choose_within, likely, log_probabilities
from appliance.engine.scheduling.keeper import Keeper
from appliance.engine.scheduling.plan import Sizes
from appliance.engine.scheduling.scheduler import EngineFailure, Limits, Scheduler
from appliance.engine.scheduling.step import Stepper
from appliance.engine.threads import Threads
from appliance.engine.tinymodel import TinyModel
from appliance.foundation.clock import SystemClock


def _today() -> datetime.datetime:
    return datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)


def _context(model: Model, cells: int = 256) -> Context:
    return Context(model, cells=cells, batch=256, sequences=4, threads=1)


def check_every_return_code_is_told_apart(model: Model) -> None:
    context = _context(model)
    tokens = [Entry(token, token, 0, token == 99) for token in range(100)]
    assert context.decode(tokens) is Outcome.OK
    assert context.decode([Entry(5, 0, 0, True)]) is Outcome.INVALID, "the position is taken"
    assert context.decode([Entry(5, 100, 0, True)]) is Outcome.OK, "and the cache is as it was"
    assert context.decode([Entry(5, at, 1, False) for at in range(200)]) is Outcome.NO_SLOT
    assert [Outcome.of(code) for code in (0, 1, 2, -1, -2, -3, 7)] == [
        Outcome.OK, Outcome.NO_SLOT, Outcome.ABORTED, Outcome.INVALID, Outcome.FATAL, Outcome.FATAL, Outcome.FATAL,
    ]  # fmt: skip
    context.close()


def check_an_abort_ends_a_batch_and_the_cache_can_be_used_again(model: Model) -> None:
    context = _context(model)
    entries = [Entry(token, token, 0, token == 99) for token in range(100)]
    context.abort.set()
    assert context.decode(entries) is Outcome.ABORTED
    context.abort.clear()
    assert context.cut(0, 0)
    assert context.decode(entries) is Outcome.OK
    fresh = _context(model)
    assert fresh.decode(entries) is Outcome.OK
    assert np.array_equal(context.logits(99), fresh.logits(99))
    context.close()
    fresh.close()


def check_an_abort_from_another_thread_breaks_into_a_running_batch(model: Model) -> None:
    slow = Model(TinyModel(width=512, layers=8, heads=8, kv_heads=8).write(model.path.with_name("wide.gguf")))
    context = _context(slow)
    entries = [Entry(at, at, 0, at == 255) for at in range(256)]
    for _ in range(50):  # the moment is chance; set before or after the batch it shows in the same way
        timer = threading.Timer(0.002, context.abort.set)
        timer.start()
        outcome = context.decode(entries)
        timer.join()
        context.abort.clear()
        context.drop(0)
        if outcome is Outcome.ABORTED:
            break
    assert outcome is Outcome.ABORTED
    context.close()
    slow.close()


def check_a_batch_over_the_capacity_is_refused_before_native_code(model: Model) -> None:
    context = _context(model)
    for size in (0, 257):
        try:
            context.decode([Entry(1, at, 0, False) for at in range(size)])
        except ValueError:
            continue
        raise AssertionError(f"{size} entries were taken")
    context.close()


def check_a_grammar_never_ends_the_process(model: Model) -> None:
    bound = Bound(model, 'root ::= "ab"')
    a, b, c = (model.tokenize(letter, special=False)[0] for letter in "abc")
    assert bound.allows(a)
    assert not bound.allows(c)
    try:
        bound.accept(c)
    except NativeError:
        pass
    else:
        raise AssertionError("a token was accepted that the grammar forbids")
    bound.accept(a)
    assert list(bound.allowed(np.array([a, b, c, model.eos]))) == [False, True, False, False]
    bound.accept(b)
    assert bound.allows(model.eos)
    assert choose_within(np.zeros(model.size, np.float32), Sampling(), np.random.default_rng(1), bound) in (
        model.eos, model.specials["<|endoftext|>"],
    )  # fmt: skip
    bound.close()
    bound.close()
    for text in ("", " ", "root ::= x", "root ::= root", "root ::= \0"):
        try:
            Bound(model, text)
        except GrammarError:
            continue
        raise AssertionError(f"{text!r} was taken for a grammar")


def check_greedy_takes_the_best_and_chance_follows_the_weights(model: Model) -> None:
    logits = np.log(np.array([0.1, 0.6, 0.3], np.float32))
    chance = np.random.default_rng(3)
    assert choose(logits, Sampling(0.0), chance) == 1
    free = Sampling(1.0, top_k=0, top_p=1.0)
    counts = np.bincount([choose(logits, free, chance) for _ in range(4000)], minlength=3) / 4000
    assert np.allclose(counts, [0.1, 0.6, 0.3], atol=0.03)
    cut = Sampling(1.0, top_k=2, top_p=1.0)
    assert {choose(logits, cut, chance) for _ in range(200)} == {1, 2}
    nucleus = Sampling(1.0, top_k=0, top_p=0.5)
    assert {choose(logits, nucleus, chance) for _ in range(200)} == {1}
    values = log_probabilities(logits * 1 + 5, [0, 1, 2])
    assert np.allclose(np.exp(values), [0.1, 0.6, 0.3])
    assert all(type(value) is float for value in values)


def check_the_best_of_a_large_vocabulary_are_found_whatever_the_numbers(model: Model) -> None:
    size, random = 151_936, np.random.default_rng(4)
    kinds = {
        "spread": random.standard_normal(size),
        "one peak": np.concatenate([random.standard_normal(size - 1) * 0.01, [20.0]]),
        "all equal": np.zeros(size),
        "in order": np.arange(size),
        "in steps that the sample follows": np.arange(size) % 64,
        "the best ones behind the last whole row": np.r_[random.standard_normal(size), 9.0, 8.0, 7.0],
        "mostly ruled out": np.where(random.random(size) < 0.9999, -np.inf, random.random(size)),
    }
    for kind, values in kinds.items():
        logits = values.astype(np.float32)
        best = np.sort(logits)[::-1]
        for count in (1, 40, 1024):
            found = likely(logits, count)
            assert len(set(found.tolist())) == count, kind
            assert np.array_equal(np.sort(logits[found])[::-1], best[:count]), kind


def check_logits_that_are_no_numbers_are_refused_wherever_they_stand(model: Model) -> None:
    chance = np.random.default_rng(5)
    ways = (Sampling(0.0), Sampling(), Sampling(1.0, top_k=0), Sampling(1.0, top_k=0, top_p=1.0))
    for size in (300, 151_936, 151_939):
        fine = chance.standard_normal(size).astype(np.float32)
        fine[1:5] = -np.inf
        for way in ways:
            assert not 1 <= choose(fine, way, chance) < 5, "what is ruled out is never chosen"
            for place in (0, 7, size - 1):
                broken = fine.copy()
                broken[place] = np.nan
                assert _refused(broken, way), (size, way, place)
            assert _refused(np.full(size, -np.inf, np.float32), way)


def _refused(logits: Any, way: Sampling) -> bool:
    try:
        choose(logits, way, np.random.default_rng(5))
    except UnusableError:
        return True
    return False


def check_what_is_drawn_from_a_large_vocabulary_follows_the_weights(model: Model) -> None:
    logits = np.full(151_936, -20.0, np.float32)
    logits[[9, 70_000, 151_935]] = np.log([0.1, 0.6, 0.3])
    chance = np.random.default_rng(3)
    drawn = [choose(logits, Sampling(1.0, top_k=40, top_p=1.0), chance) for _ in range(4000)]
    shares = [drawn.count(token) / 4000 for token in (9, 70_000, 151_935)]
    assert np.allclose(shares, [0.1, 0.6, 0.3], atol=0.03)
    nucleus = Sampling(1.0, top_k=40, top_p=0.85)
    assert {choose(logits, nucleus, chance) for _ in range(200)} == {70_000, 151_935}


class _Broken(Context):
    """A context whose decode answers what the check says, as often as it says."""

    answers: list[Outcome]

    def decode(self, entries: Any) -> Outcome:
        return self.answers.pop(0) if self.answers else super().decode(entries)


def _scheduler(model: Model, answers: list[Outcome]) -> Scheduler:
    def make(cells: int) -> Context:
        context = _Broken(model, cells=cells, batch=256, sequences=5, threads=1)
        context.answers = answers
        return context

    prompts = PromptMaker(model.template, SpecialTexts.of(model.specials), _today)
    clock = SystemClock()
    keeper = Keeper(make, cells=256, sequences=4, can_rewind=True, store=None, ticks=clock)
    threads = Threads(1, 1, reader=None, cores=1)
    stepper = Stepper(keeper, sizes=Sizes(128, 32, 256), outputs=16, threads=threads, ticks=clock)
    return Scheduler(model, prompts, Limits(256), clock, keeper=keeper, stepper=stepper)


def _served(scheduler: Scheduler, count: int) -> list[api.Answer]:
    """Serve one request after another; return the last frame of each."""
    ends: list[api.Answer] = []

    def hear(frame: api.Answer) -> None:
        if isinstance(frame, api.Done | api.Failed):
            ends.append(frame)
            if len(ends) < count:
                ask()
            else:
                scheduler.stop()

    def ask() -> None:
        scheduler.submit(api.Generate(api.Raw(["abc"]), max_tokens=3, temperature=0.0), hear)

    ask()
    scheduler.run()
    return ends


def check_a_long_text_without_a_space_does_not_end_the_process(model: Model) -> None:
    path = model.path.with_name("tekken.gguf")
    other = Model(TinyModel(pre_tokenizer="tekken").write(path))
    for character in "a ":
        assert len(other.tokenize(character * 64_000, special=False)) >= 64_000 // 4
    end = other.specials["<|im_end|>"]
    for length in range(4085, 4100):
        tokens = other.tokenize("x" * length + "<|im_end|>" + "y" * 5000, special=True)
        assert tokens.count(end) == 1, "a name is never cut in two"
    short = "word " * 2000
    assert other.tokenize(short, special=False) == other._tokens(short, special=False), "words are read as they were"
    other.close()


def check_a_failed_decode_fails_its_request_and_the_next_one_is_served(model: Model) -> None:
    for outcome in (Outcome.INVALID, Outcome.FATAL):
        failed, done = _served(_scheduler(model, [outcome]), 2)
        assert isinstance(failed, api.Failed)
        assert failed.kind == "unavailable"
        assert isinstance(done, api.Done)


def check_a_decode_without_room_is_tried_again_or_told_with_numbers(model: Model) -> None:
    scheduler = _scheduler(model, [])
    first = _served(scheduler, 1)
    assert isinstance(first[0], api.Done)
    (failed,) = _served(_scheduler(model, [Outcome.NO_SLOT]), 1)
    assert isinstance(failed, api.Failed)
    assert failed.kind == "context_overflow", "alone, with nothing to evict, there is no way out"


def check_a_person_is_served_after_background_work_ran_out_of_cells(model: Model) -> None:
    outcomes: list[Outcome] = []
    scheduler = _scheduler(model, outcomes)
    asked, ended = ["first", "second"], list[str]()

    def ask(name: str) -> None:
        def hear(frame: api.Answer) -> None:
            if isinstance(frame, api.Done):
                ended.append(name)
                if len(ended) == 3:
                    scheduler.stop()
            elif isinstance(frame, api.Token) and name == "first" and len(asked) == 2:
                if scheduler.counts.preempted:  # the second has given its cells back; now the first must step back
                    asked.append("person")
                    ask("person")
                elif scheduler.counts.active == 2:
                    outcomes[:] = [Outcome.NO_SLOT]

        raw = api.Raw(["abc"], grammar="root ::= [a-z] root")
        scheduler.submit(api.Generate(raw, max_tokens=30, temperature=0.0, background=name != "person"), hear)

    for name in list(asked):
        ask(name)
    timer = threading.Timer(20, scheduler.stop)
    timer.start()
    scheduler.run()
    timer.cancel()
    assert ended == ["person", "first", "second"], ended


_WRONG: tuple[dict[str, Any], ...] = (
    {"type": 5}, {"prefixItems": 5}, {"const": b"x"}, {"properties": {"a": {}}, "required": [[]]}, {"type": [["x"]]},
    {"enum": [b"x"]}, {"type": "object", "required": 7}, {"anyOf": [7]}, {"$ref": []}, {"minItems": "x"},
)  # fmt: skip


def check_json_of_a_wrong_shape_fails_its_request_only(model: Model) -> None:
    calls: tuple[dict[str, Any], ...] = (
        {"tool_calls": 5}, {"role": []},
        {"tool_calls": [{"function": {"name": "a", "arguments": {"x": b"y"}}}]},
    )  # fmt: skip
    asked = [{"role": "user", "content": "abc"}]
    chats = [api.Chat(asked, response_schema={"properties": {"x": schema}}) for schema in _WRONG]
    chats += [api.Chat(asked, tools=[api.ToolDef("t", "", {"properties": {"x": schema}})]) for schema in _WRONG]
    chats += [api.Chat([*asked, {"role": "assistant", "content": "", **call}, *asked]) for call in calls]
    scheduler = _scheduler(model, [])
    ends: list[api.Answer] = []

    def hear(frame: api.Answer) -> None:
        if isinstance(frame, api.Done | api.Failed):
            ends.append(frame)
            if chats:
                scheduler.submit(api.Generate(chats.pop(), max_tokens=1), hear)
            elif len(ends) == wanted:
                scheduler.submit(api.Generate(api.Raw(["abc"]), max_tokens=3, temperature=0.0), hear)
            else:
                scheduler.stop()

    wanted = len(chats)
    scheduler.submit(api.Generate(chats.pop(), max_tokens=1), hear)
    scheduler.run()
    assert isinstance(ends[-1], api.Done)
    kinds = {frame.kind for frame in ends if isinstance(frame, api.Failed)}
    assert kinds <= {"invalid_request", "context_overflow"}, kinds


def check_an_aborted_step_is_decoded_again_and_changes_nothing(model: Model) -> None:
    (plain,) = _served(_scheduler(model, []), 1)
    (again,) = _served(_scheduler(model, [Outcome.ABORTED, Outcome.ABORTED]), 1)
    assert isinstance(plain, api.Done)
    assert isinstance(again, api.Done)
    assert again.output_tokens == plain.output_tokens


def check_a_native_layer_that_always_fails_ends_the_process(model: Model) -> None:
    scheduler = _scheduler(model, [Outcome.FATAL] * 9)
    try:
        _served(scheduler, 9)
    except EngineFailure:
        return
    raise AssertionError("it went on for ever")


def check_models_of_other_shapes_are_served(model: Model) -> None:
    for architecture in ("qwen2", "qwen3"):
        path = TinyModel(architecture=architecture, name=architecture).write(
            model.path.with_name(f"{architecture}.gguf")
        )
        options = Options(path, window=128, threads=1, active=1, waiting=1)
        engine = build(options, clock=SystemClock(), today=_today)
        (done,) = _served(engine.scheduler, 1)
        assert isinstance(done, api.Done)
        assert done.stop in ("length", "stop")
        engine.close()


def main(folder: Path) -> None:
    """Run every check and print a JSON object of name and traceback."""
    results = {}
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            results[name] = _run(check, folder)
    print(json.dumps(results))


def _run(check: Callable[[Model], None], folder: Path) -> str:
    model = Model(TinyModel().write(folder / "native.gguf"))
    try:
        check(model)
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
