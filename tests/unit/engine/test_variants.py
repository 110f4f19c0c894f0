"""Libraries in variants: ggml is told where they are, and a processor that none of them fits is named."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from appliance.engine.native.variants import NoVariant, libraries_of, load_variants


class _Function:
    def __init__(self, result: Any, calls: list[Any]) -> None:
        self._result, self._calls = result, calls
        self.argtypes: list[Any] = []
        self.restype: Any = None

    def __call__(self, *arguments: Any) -> Any:
        self._calls.append(arguments)
        return self._result


class _Library:
    """What is asked of libllama, with `registered` back-ends after the call."""

    def __init__(self, registered: int) -> None:
        self.calls: list[Any] = []
        self.ggml_backend_load_all_from_path = _Function(None, self.calls)
        self.ggml_backend_reg_count = _Function(registered, [])


def _library(registered: int) -> Any:
    return _Library(registered)


def test_a_build_for_one_processor_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "libggml-cpu.so").touch()
    library = _library(0)
    load_variants(library, tmp_path)
    assert library.calls == []


def test_the_folder_of_the_variants_is_named_to_ggml_before_a_model_can_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "libggml-cpu-sse42.so").touch()
    library = _library(1)
    load_variants(library, tmp_path)
    assert library.calls == [(str(tmp_path).encode(),)]
    assert library.ggml_backend_load_all_from_path.argtypes == [ctypes.c_char_p]


def test_a_processor_that_no_variant_fits_is_said(tmp_path: Path) -> None:
    (tmp_path / "libggml-cpu-icelake.so").touch()
    with pytest.raises(NoVariant, match=r"no variant of llama\.cpp"):
        load_variants(_library(0), tmp_path)


def test_the_libraries_are_where_the_bindings_look_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", "/somewhere/lib")
    assert libraries_of("/site/llama_cpp/llama_cpp.py") == Path("/somewhere/lib")
    monkeypatch.delenv("LLAMA_CPP_LIB_PATH")
    assert libraries_of("/site/llama_cpp/llama_cpp.py") == Path("/site/llama_cpp/lib")
