"""The engine's build: what changes its cache key, and what it says when it fails."""

from __future__ import annotations

import importlib.util
import json
import signal
from pathlib import Path
from types import ModuleType

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_llama", _ROOT / "scripts/build_llama.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = _load()


def test_the_pin_is_read_from_the_lock() -> None:
    version, sha256 = build.read_pin(_ROOT / "requirements/llama.txt")
    assert version == "0.3.36"
    assert len(sha256) == 64


def test_a_lock_without_the_pin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(build.BuildError, match="run scripts/lock"):
        build.read_pin(tmp_path / "empty.txt")


def test_another_flag_version_or_archive_is_another_build() -> None:
    keys = {
        build.build_key("1", "a", ("-DX",), ()),
        build.build_key("1", "a", ("-DY",), ()),
        build.build_key("1", "b", ("-DX",), ()),
        build.build_key("2", "a", ("-DX",), ()),
        build.build_key("1", "a", ("-DX",), ("asimddp",)),
    }
    assert len(keys) == 5


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(build.BuildError, match=r"no-such-compiler.*install g\+\+"):
        build.build_key("1", "a", (), ())


def test_instructions_of_the_building_machine_are_never_used() -> None:
    assert "-DGGML_NATIVE=OFF" in build.FLAGS


def test_a_board_with_dot_products_gets_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build.platform, "machine", lambda: "aarch64")
    (tmp_path / "pi4").write_text("Features : fp asimd crc32\n")
    (tmp_path / "pi5").write_text("Features : fp asimd asimdhp asimddp\n")
    assert build.arch_flags(build.usable_features(tmp_path / "pi4")) == ("-DGGML_CPU_ARM_ARCH=armv8-a",)
    assert build.arch_flags(build.usable_features(tmp_path / "pi5")) == ("-DGGML_CPU_ARM_ARCH=armv8.2-a+dotprod+fp16",)


def test_a_death_by_signal_is_told_by_name() -> None:
    assert build._ending(-signal.SIGILL, "loading\n") == "killed by SIGILL; last words: loading"
    assert build._ending(4, "") == "it said nothing"


def test_a_failed_command_gives_its_own_error_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(build.BuildError, match="configure failed: fatal error: no space"):
        build.run(["sh", "-c", "echo one; echo fatal error: no space; echo bye; exit 1"], "configure failed")
    assert "bye" in capfd.readouterr().err


def test_a_failure_is_recorded_and_does_not_raise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(python: Path, target: Path) -> dict[str, str]:
        raise build.BuildError("the network is away")

    monkeypatch.setattr(build, "_ROOT", tmp_path)
    monkeypatch.setattr(build, "LLAMA", tmp_path / "llama")
    monkeypatch.setattr(build, "_make", broken)
    monkeypatch.setattr("sys.argv", ["build_llama.py", "--python", "python3", "--stamp", "s1"])
    assert build.main() == 1
    record = json.loads((tmp_path / ".venv-engine/engine.json").read_text())
    assert record == {"stamp": "s1", "state": "failed", "reason": "the network is away"}
