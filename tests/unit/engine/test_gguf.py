from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.engine.models.gguf import GgufError, read_header
from tests.unit.engine.gguf_files import KEYS, gguf, tensor, text


def _read(tmp_path: Path, content: bytes) -> object:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    return read_header(path)


def test_the_header_tells_what_the_model_is(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(tensors=(tensor("a", 4, 8), tensor("b", 2))))
    header = read_header(path)
    assert (header.name, header.architecture, header.context) == ("Little", "llama", 2048)
    assert (header.parameters, header.vocabulary, header.chat_template) == (34, 3, "{{ messages }}")


_HUGE = 2**63


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut off|longer than"),
        (b"PK\3\4" + bytes(100), "first four bytes"),
        (b"GGUF" + struct.pack("<IQQ", 99, 1, 1), "version 99"),
        (b"GGUF" + struct.pack("<IQQ", 3, _HUGE, 1), "no model file"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, _HUGE), "no model file"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, _HUGE), "at most"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IIQ", 9, 4, _HUGE), "lists of more"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IIQ", 9, 4, 2**20), "longer than"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IIQ", 9, 9, 1), "list of values"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<IQ", 8, _HUGE), "longer than"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("k") + struct.pack("<I", 77), "unknown type 77"),
        (gguf({"general.name": "x"}), "architecture"),
        (gguf(tensors=(tensor("t", 4, offset=10**9),)), "cut off"),
        (gguf(tensors=(tensor("t", 1, 1, 1, 1, 1),)), "5 dimensions"),
        (gguf()[:60], "cut off|longer than"),
    ],
)
def test_a_file_that_lies_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(GgufError, match=reason):
        _read(tmp_path, content)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, len(gguf()) - 130), garbage=st.binary(min_size=1, max_size=9))
def test_damage_anywhere_is_an_error_or_harmless(tmp_path: Path, position: int, garbage: bytes) -> None:
    content = gguf()
    with contextlib.suppress(GgufError):
        _read(tmp_path, content[:position] + garbage + content[position + len(garbage) :])


def test_a_text_too_long_to_keep_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf({**KEYS, "tokenizer.chat_template": "x" * (256 * 1024 + 1)}))
    assert read_header(path).chat_template is None
    path.write_bytes(gguf({**KEYS, "tokenizer.chat_template": "x" * (256 * 1024)}))
    assert read_header(path).chat_template is not None
