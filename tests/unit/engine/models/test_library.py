"""The model files of a box: which one answers, what is wrong with one, what removing leaves."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from appliance.engine.models.errors import PullError
from appliance.engine.models.gguf import GgufError
from appliance.engine.models.library import Library
from appliance.engine.models.lock import Pin
from appliance.engine.models.probe.record import ProbeResult
from appliance.engine.models.recommend.box import Rates
from tests.unit.engine.gguf_files import KEYS, gguf

CONTENT = gguf(data=bytes(4096))
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "models").mkdir()
    return Library(tmp_path, tmp_path / "models")


def put(library: Library, name: str, age: int = 0, content: bytes = CONTENT) -> Path:
    path = library.folder / name
    path.write_bytes(content)
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def test_without_a_choice_the_file_that_arrived_last_answers(library: Library) -> None:
    assert library.chosen() is None
    old = put(library, "old.gguf", age=10)
    put(library, "new.gguf")
    assert [path.name for path in library.files()] == ["new.gguf", "old.gguf"]
    assert library.chosen() == library.folder / "new.gguf"
    library.choose(old)
    assert library.chosen() == old
    assert library.fallback() == old
    assert library.fallback(old) is None


def test_a_chosen_file_that_is_gone_is_not_waited_for(library: Library) -> None:
    library.choose(put(library, "a.gguf", age=10))
    put(library, "b.gguf")
    (library.folder / "a.gguf").unlink()
    assert library.chosen() == library.folder / "b.gguf"
    assert library.fallback() is None


def test_what_an_engine_loaded_is_the_last_good_one_and_not_the_choice(library: Library, tmp_path: Path) -> None:
    chosen, other = put(library, "a.gguf", age=10), put(library, "b.gguf")
    library.choose(chosen)
    library.loaded(other)
    assert (library.chosen(), library.fallback()) == (chosen, other)
    assert library.fallback(other) == chosen, "the one before it"
    library.loaded(tmp_path / "elsewhere.gguf")
    assert library.fallback() == other, "a file outside the folder is the owner's own business"


@pytest.mark.parametrize("damage", [b"", b"{", b'{"active": 1}', b"\xff"])
def test_a_damaged_choice_is_none(library: Library, damage: bytes) -> None:
    library.choose(put(library, "a.gguf", age=10))
    newest = put(library, "b.gguf")
    (library.folder / "choice.json").write_bytes(damage)
    assert library.chosen() == newest


def test_a_model_is_found_by_its_name_in_the_catalogue_or_its_file(library: Library) -> None:
    path = put(library, "Qwen3-0.6B-Q8_0.gguf")
    for name in ("qwen3-0.6b", "Qwen3-0.6B", "Qwen3-0.6B-Q8_0.gguf", "qwen3-0.6b-q8_0"):
        assert library.find(name) == path
    with pytest.raises(PullError, match="homarus models pull qwen3-4b"):
        library.find("qwen3-4b")
    with pytest.raises(PullError, match=r"there are: Qwen3-0\.6B-Q8_0\.gguf"):
        library.find("../secret")


def test_what_is_installed_says_what_is_wrong_with_it(library: Library) -> None:
    put(library, "good.gguf")
    put(library, "broken.gguf", content=b"<html>")
    cut = put(library, "cut.gguf")
    library.lock.pin("cut.gguf", Pin("hf:a/b/cut.gguf", SHA, len(CONTENT) + 1))
    by_name = {one.name: one for one in library.installed()}
    assert not by_name["good.gguf"].problem
    assert by_name["good.gguf"].header is not None
    assert "GGUF" in by_name["broken.gguf"].problem
    assert "were fetched" in by_name["cut.gguf"].problem
    with pytest.raises(PullError, match="were fetched"):
        library.check(cut)
    with pytest.raises(GgufError):
        library.check(library.folder / "broken.gguf")


def test_a_model_for_vectors_cannot_be_chosen(library: Library) -> None:
    path = put(library, "vectors.gguf", content=gguf({**KEYS, "llama.pooling_type": 1}))
    with pytest.raises(GgufError, match="cannot talk"):
        library.check(path)


def test_a_newer_model_for_vectors_does_not_answer_in_place_of_one_that_talks(library: Library) -> None:
    talks = put(library, "talks.gguf", age=10)
    put(library, "vectors.gguf", content=gguf({**KEYS, "llama.pooling_type": 1}))
    assert library.chosen() == talks


def test_checking_a_pinned_file_remembers_its_hash(library: Library) -> None:
    path = put(library, "a.gguf")
    assert library.check(path) == ""
    library.lock.pin("a.gguf", Pin("hf:a/b/a.gguf", SHA, len(CONTENT)))
    assert library.check(path) == SHA
    assert library.installed()[0].sha256 == SHA


def test_rates_of_probed_models_and_sizes_of_files_are_known_by_their_names(library: Library) -> None:
    put(library, "Qwen3-0.6B-Q8_0.gguf")
    library.probes.keep(ProbeResult(SHA, "Qwen3-0.6B-Q8_0.gguf", 1, 4, 0.2, (), Rates(50, 5)))
    library.probes.keep(ProbeResult("0" * 64, "own.gguf", 1, 4, 0.2, (), Rates(50, 5)))
    assert library.rates() == ({"qwen3-0.6b": Rates(50, 5)}, {"qwen3-0.6b": len(CONTENT)})


def test_removing_takes_file_pin_probes_and_choice(library: Library) -> None:
    path = put(library, "a.gguf")
    library.lock.pin("a.gguf", Pin("hf:a/b/a.gguf", SHA, len(CONTENT)))
    library.check(path)
    library.probes.keep(ProbeResult(SHA, "a.gguf", 1, 4, 0.2, ()))
    library.choose(path)
    assert library.remove(path) == len(CONTENT)
    assert library.files() == ()
    assert library.lock.pins() == {}
    assert library.probes.all() == ()
    assert (library.choice().active, library.choice().good) == ("", ())
