"""The gateway learns from one file where its engine is, or why there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.engine.locate import EngineAbsent, EngineHome, locate


def _home(folder: Path, **changes: str) -> Path:
    """Lay out an engine environment as scripts/engine leaves it."""
    home, libraries = folder / "env", folder / "lib"
    home.mkdir()
    libraries.mkdir()
    (home / "python").touch()
    (libraries / "libllama.so").touch()
    record = {"state": "ok", "reason": "", "python": str(home / "python"), "libraries": str(libraries)}
    (home / "engine.json").write_text(json.dumps(record | changes), "utf-8")
    return home


def test_a_finished_set_up_is_found(tmp_path: Path) -> None:
    home = _home(tmp_path)
    found = locate({"HOMARUS_ENGINE_DIR": str(home)}, cpuinfo=tmp_path / "absent")
    assert found == EngineHome(home / "python", tmp_path / "lib")
    assert found.variables()["LLAMA_CPP_LIB_PATH"] == str(tmp_path / "lib")
    assert found.variables()["GGML_NO_BACKTRACE"] == "1"


def test_a_failed_build_is_told_with_its_reason(tmp_path: Path) -> None:
    found = locate({}, folder=_home(tmp_path, state="failed", reason="there is no C++ compiler: install g++"))
    assert isinstance(found, EngineAbsent)
    assert found.reason.startswith("there is no C++ compiler: install g++")


@pytest.mark.parametrize("content", ["", "{", "[]", '"ok"', "{}"])
def test_a_damaged_record_is_an_absent_engine(tmp_path: Path, content: str) -> None:
    (tmp_path / "engine.json").write_text(content, "utf-8")
    found = locate({}, folder=tmp_path)
    assert isinstance(found, EngineAbsent)
    assert "scripts/engine" in found.reason


def test_no_set_up_at_all_names_the_script(tmp_path: Path) -> None:
    assert locate({}, folder=tmp_path) == EngineAbsent("the local engine is not set up: run scripts/engine")


def test_a_library_that_was_removed_is_noticed(tmp_path: Path) -> None:
    home = _home(tmp_path)
    (tmp_path / "lib" / "libllama.so").unlink()
    found = locate({}, folder=home, cpuinfo=tmp_path / "absent")
    assert isinstance(found, EngineAbsent)
    assert "incomplete" in found.reason


def test_libraries_from_another_machine_are_refused(tmp_path: Path) -> None:
    home = _home(tmp_path)
    (tmp_path / "lib" / "requires.json").write_text('{"cpu": ["avx2", "made_up"]}', "utf-8")
    (tmp_path / "cpuinfo").write_text("flags : avx2\n", "utf-8")
    found = locate({}, folder=home, cpuinfo=tmp_path / "cpuinfo")
    assert found == EngineAbsent("this processor cannot run the local engine, it lacks made_up")


def _box(root: Path) -> Path:
    """Lay out the mark of a box and return where its engine belongs."""
    engine = root / "usr/lib/homarus/engine"
    engine.mkdir(parents=True)
    (root / "usr/lib/homarus/box.json").write_text('{"board": "rpi"}', "utf-8")
    return engine


def test_a_box_is_not_told_to_build_anything(tmp_path: Path) -> None:
    _box(tmp_path)
    found = locate({}, root=tmp_path)
    assert isinstance(found, EngineAbsent)
    assert found.reason == "the local engine is not set up: `homarus update rollback` starts the version before"


def test_the_engine_of_a_box_is_found_without_being_told(tmp_path: Path) -> None:
    engine = _box(tmp_path)
    (_home(tmp_path) / "engine.json").rename(engine / "engine.json")
    found = locate({}, root=tmp_path, cpuinfo=tmp_path / "absent")
    assert found == EngineHome(tmp_path / "env" / "python", tmp_path / "lib")
