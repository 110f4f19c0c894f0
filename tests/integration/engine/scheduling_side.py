"""Checks of the scheduler over real llama.cpp, in a process of their own: run by test_scheduling.py.

`python -m tests.integration.engine.scheduling_side FOLDER` runs every function named `check_…` and prints for each
its traceback, empty when it held.
"""

from __future__ import annotations

import datetime
import json
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import gguf
import msgspec
import numpy as np

from appliance.engine import api
from appliance.engine.build import Engine, Options, build
from appliance.engine.profile import EngineProfile
from appliance.engine.tinymodel import TinyModel
from appliance.foundation.clock import SystemClock

_EXACT = EngineProfile(type_k="f32", type_v="f32", adaptive=False)  # see test_keeping.py
_ENDLESS = "root ::= [a-z ] root"
_STORY = "a quite long story about nothing at all " * 8  # about 300 tokens
_RAM = 64 * 1024 * 1024


def _today() -> datetime.datetime:
    return datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)


def _engine(model: Path, **options: object) -> Engine:
    values = {"threads": 1, "profile": _EXACT, **options}
    return build(Options(model, **values), clock=SystemClock(), today=_today)  # type: ignore[arg-type]  # as given


def _frame(text: str, *, max_tokens: int = 60, grammar: str = _ENDLESS, **options: object) -> api.Generate:
    frame = api.Generate(api.Raw([text], grammar=grammar), max_tokens, 0, watch=False)
    return msgspec.structs.replace(frame, **options)


class _Run:
    """Requests to one engine; `disturb` is called in the engine thread at every frame."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.frames: dict[str, list[api.Answer]] = {}
        self.ended: list[str] = []
        self.disturb: Callable[[str, api.Answer], None] = lambda _name, _frame: None

    def ask(self, name: str, frame: api.Generate) -> None:
        self.frames[name] = []

        def hear(answer: api.Answer) -> None:
            self.frames[name].append(answer)
            if isinstance(answer, api.Done | api.Failed):
                self.ended.append(name)
            self.disturb(name, answer)
            if len(self.ended) == len(self.frames):
                self.engine.scheduler.stop()

        self.engine.scheduler.submit(frame, hear)

    def serve(self) -> None:
        """Serve until everyone has an answer."""
        timer = threading.Timer(60, self.engine.scheduler.stop)
        timer.start()
        self.engine.scheduler.run()
        timer.cancel()
        self.engine.close()

    def text(self, name: str) -> str:
        return "".join(frame.text for frame in self.frames[name] if isinstance(frame, api.Token))

    def done(self, name: str) -> api.Done:
        last = self.frames[name][-1]
        assert isinstance(last, api.Done), last
        return last


def _alone(model: Path, frame: api.Generate, **options: object) -> _Run:
    run = _Run(_engine(model, **options))
    run.ask("it", frame)
    run.serve()
    return run


def check_guesses_change_nothing_and_spare_steps(model: Path) -> None:
    for grammar in ("", _ENDLESS):
        frame = _frame(_STORY, max_tokens=200, grammar=grammar)
        plain = _alone(model, msgspec.structs.replace(frame, speculate=False))
        guessed = _alone(model, frame)
        assert guessed.text("it") == plain.text("it")
        assert (plain.done("it").drafted, plain.done("it").accepted) == (0, 0)
        if grammar:  # without it random weights may end at once
            assert guessed.done("it").accepted > 10, guessed.done("it")
            assert guessed.done("it").output_tokens == plain.done("it").output_tokens == 200


def check_guesses_change_nothing_with_chance_either(model: Path) -> None:
    frame = _frame(_STORY, max_tokens=150, temperature=0.8, seed=5)
    plain = _alone(model, msgspec.structs.replace(frame, speculate=False))
    assert _alone(model, frame).text("it") == plain.text("it")


def check_a_draft_model_changes_nothing(model: Path) -> None:
    frame = _frame(_STORY, max_tokens=100)
    plain = _alone(model, msgspec.structs.replace(frame, speculate=False))
    for draft in (model, TinyModel(seed=9, context=4096).write(model.with_name("draft.gguf"))):
        drafted = _alone(model, frame, draft=draft, force_draft=True)
        assert drafted.text("it") == plain.text("it")
        assert drafted.done("it").drafted > 0


def check_a_resize_in_mid_answer_loses_nothing(model: Path) -> None:
    frame = _frame(_STORY, max_tokens=120)
    alone = _alone(model, frame, window=2048)
    for store in (0, _RAM):
        run = _Run(_engine(model, window=2048, cells=2048, ram_bytes=store))
        sizes = [768, 2048, 1024]

        def disturb(name: str, answer: api.Answer, run: _Run = run, sizes: list[int] = sizes) -> None:
            if isinstance(answer, api.Token) and sizes and len(run.frames[name]) % 20 == 0:
                run.engine.scheduler.resize(sizes.pop(0))

        run.disturb = disturb
        run.ask("it", frame)
        run.ask("other", _frame("b " + _STORY, max_tokens=120))
        run.serve()
        assert not sizes
        assert run.text("it") == alone.text("it")
        assert run.done("it").window == 1024


def check_a_cache_smaller_than_what_is_asked_for_is_not_made(model: Path) -> None:
    run = _Run(_engine(model, window=2048, cells=2048))
    run.disturb = lambda _name, answer: run.engine.scheduler.resize(1) if isinstance(answer, api.Token) else None
    run.ask("it", _frame(_STORY * 2, max_tokens=300))
    run.serve()
    assert run.done("it").output_tokens == 300
    assert run.done("it").window < 2048


def check_who_gives_way_comes_back_from_memory(model: Path) -> None:
    frames = {f"{number}": _frame(f"{number} {_STORY}", max_tokens=220) for number in range(3)}
    alone = {name: _alone(model, frame).text("it") for name, frame in frames.items()}
    # three of 300 tokens get in together and outgrow the cells
    run = _Run(_engine(model, window=1024, cells=1280, ram_bytes=_RAM))
    for name, frame in frames.items():
        run.ask(name, frame)
    run.serve()
    assert {name: run.text(name) for name in frames} == alone
    assert run.engine.scheduler.counts.preempted > 0


def check_a_person_breaks_into_the_long_reading_of_background_work(model: Path) -> None:
    run = _Run(_engine(model, window=4096, cells=4096))
    asked: list[str] = []

    def disturb(name: str, answer: api.Answer) -> None:
        if name == "back" and isinstance(answer, api.Progress) and answer.done and not asked:
            asked.append("person")
            run.ask("person", _frame("a person", max_tokens=20))

    run.disturb = disturb
    run.ask("back", _frame(_STORY * 8, max_tokens=5, background=True))
    run.serve()
    assert run.ended == ["person", "back"]
    read = [frame.done for frame in run.frames["back"] if isinstance(frame, api.Progress)]
    assert read == sorted(read), "what was read before is not read again"
    assert run.text("back") == _alone(model, _frame(_STORY * 8, max_tokens=5), window=4096).text("it")


def check_sessions_take_turns_however_many_requests_one_of_them_has(model: Path) -> None:
    run = _Run(_engine(model, active=1))
    for number in range(4):
        run.ask(f"a{number}", _frame(f"a{number}", max_tokens=3, session_key="a"))
    run.ask("b0", _frame("b0", max_tokens=3, session_key="b"))
    run.serve()
    assert run.ended.index("b0") <= 1, run.ended


def check_cells_follow_the_memory_of_the_box_while_answers_go_on(model: Path) -> None:
    frame = _frame(_STORY, max_tokens=200)
    alone = _alone(model, frame)
    root = model.with_name("box")
    _memory(root, 4096)
    run = _Run(_engine(model, window=4096, cells=8192, ram_bytes=_RAM, root=root))
    follower = run.engine.follower
    assert follower is not None
    seen: list[tuple[str, int]] = []

    def disturb(name: str, answer: api.Answer) -> None:
        written = len(run.frames[name])
        if isinstance(answer, api.Token) and written in (50, 90, 130):
            _memory(root, {50: 10, 90: 10, 130: 4096}[written])
            follower.poll({50: 100.0, 90: 200.0, 130: 400.0}[written])
            seen.append((follower.level, run.engine.info().cells))

    run.disturb = disturb
    run.ask("it", frame)
    run.serve()
    assert run.text("it") == alone.text("it")
    assert [level for level, _ in seen][:2] == ["critical", "critical"]
    assert run.done("it").window < 4096


def _memory(root: Path, available_mib: int) -> None:
    (root / "proc").mkdir(parents=True, exist_ok=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 4194304 kB\nMemAvailable: {available_mib * 1024} kB\n")


def check_an_answer_that_goes_in_circles_is_halted_with_the_reason(model: Path) -> None:
    frame = msgspec.structs.replace(_frame(_STORY, max_tokens=1500, grammar='root ::= "ab" root'), watch=True)
    done = _alone(model, frame, window=4096).done("it")
    assert (done.stop, done.reason) == ("degenerated", "repetition")
    assert done.output_tokens < 1500
    assert 0 < done.confidence < 1


def check_an_unsure_answer_shows_nothing(model: Path) -> None:
    run = _alone(model, msgspec.structs.replace(_frame(_STORY), min_confidence=0.999))
    assert run.done("it").stop == "unsure"
    assert run.text("it") == ""
    assert run.done("it").output_tokens == api.DEFAULT_HOLD_TOKENS
    sure = _alone(model, msgspec.structs.replace(_frame(_STORY), min_confidence=1e-9))
    assert sure.text("it") == _alone(model, _frame(_STORY)).text("it")


def check_quantised_caches_and_flash_attention_answer(model: Path) -> None:
    model = TinyModel(heads=2, kv_heads=1).write(model.with_name("heads.gguf"))  # q8_0 wants heads of 32
    for profile in (
        EngineProfile(flash_attention=True, type_k="q8_0", type_v="q8_0", chunk_alone=64, chunk_shared=16, batch=64),
        EngineProfile(flash_attention=True),
        EngineProfile(type_k="q8_0", threads=2, threads_batch=2),
    ):
        run = _alone(model, _frame(_STORY), profile=profile, threads=0, ram_bytes=_RAM)
        assert run.done("it").output_tokens == 60


def check_an_adapter_changes_the_answer_and_the_fingerprint(model: Path) -> None:
    path = _adapter(model.with_name("adapter.gguf"))
    plain, texts, prints = _alone(model, _frame(_STORY)).text("it"), [], []
    for scale in (0.0, 1.0):
        engine = _engine(model, adapters=((path, scale),), state=model.with_name(f"state{scale}"))
        run = _Run(engine)
        run.ask("it", _frame(_STORY))
        run.serve()
        texts.append(run.text("it"))
        prints.append(engine.info().fingerprint)
    assert texts[0] == plain
    assert texts[1] != plain
    assert prints[0] != prints[1]


def _adapter(path: Path) -> Path:
    """Write a LoRA adapter of rank 4 for the queries of the first layer of a tiny model."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4.0)
    random = np.random.default_rng(2)
    for part, shape in (("a", (4, 64)), ("b", (64, 4))):
        writer.add_tensor(f"blk.0.attn_q.weight.lora_{part}", random.standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def main(folder: Path) -> None:
    """Run every check and print a JSON object of name and traceback."""
    model = TinyModel(quantisation="f32", context=4096).write(folder / "scheduling.gguf")
    wanted = sys.argv[2:]
    checks = {name: check for name, check in globals().items() if name.startswith("check_")}
    print(json.dumps({name: _run(check, model) for name, check in checks.items() if not wanted or name in wanted}))


def _run(check: Callable[[Path], None], model: Path) -> str:
    try:
        check(model)
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
