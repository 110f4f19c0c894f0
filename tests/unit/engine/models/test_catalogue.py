"""The catalogue: every entry keeps the rules, and what follows from its shape is what was measured."""

from __future__ import annotations

import json
import math

import msgspec
import pytest

from appliance.engine.chat.formats import ToolFormat
from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.catalogue.shelf import catalogue, find, of_file, read
from appliance.engine.models.errors import PullError
from appliance.engine.models.pull import resolve

_BITS = {
    "Q4_K_M": (4.5, 8.1),
    "Q8_0": (8.4, 9.0),
}  # a file holds some matrices, rows of odd width above all, with more bits than its name says
_OVERHEAD_MB = 500  # the system, the gateway, buffers of the engine


@pytest.fixture(params=sorted(catalogue()))
def entry(request: pytest.FixtureRequest) -> Entry:
    return catalogue()[request.param]


def test_every_entry_names_a_file_of_the_hub(entry: Entry) -> None:
    url, name = resolve(entry.source)
    assert url == f"https://huggingface.co/{entry.repository}/resolve/main/{entry.file}"
    assert of_file(name) is entry


def test_every_tool_format_is_one_that_the_engine_writes(entry: Entry) -> None:
    assert entry.tool_format in set(ToolFormat)


def test_the_size_fits_parameters_and_quantisation(entry: Entry) -> None:
    low, high = _BITS[entry.quantisation]
    assert low <= entry.approximate_bytes * 8 / entry.parameters <= high


def test_the_least_memory_holds_the_file_and_two_thousand_tokens(entry: Entry) -> None:
    needed = entry.approximate_bytes + entry.shape.kv_bytes(2048)
    assert entry.minimum_ram_mb >= needed / 1e6 + _OVERHEAD_MB


def test_most_of_the_parameters_are_in_the_layers(entry: Entry) -> None:
    assert 0.6 < entry.body_parameters / entry.parameters < 1


def test_english_is_spoken_and_restricted_licences_say_how(entry: Entry) -> None:
    assert "en" in entry.languages
    assert len(set(entry.languages)) == len(entry.languages)
    assert entry.licence.free or entry.licence.note


@pytest.mark.parametrize(
    ("name", "bytes_per_token"),
    [("qwen2.5-0.5b", 12_288), ("llama3.2-1b", 32_768), ("qwen3-0.6b", 114_688), ("smollm2-360m", 40_960)],
)
def test_kv_bytes_per_token_are_those_that_were_measured(name: str, bytes_per_token: int) -> None:
    """Sizes of saved states divided by their tokens ; published shapes of these models, f16."""
    assert catalogue()[name].shape.kv_bytes_per_token() == bytes_per_token


def test_sliding_layers_stop_growing_at_their_window() -> None:
    """Gemma-3-1B: 15.0 MiB at 1k tokens, 19.0 at 2k."""
    shape = catalogue()["gemma3-1b"].shape
    assert math.isclose(shape.kv_bytes(1024) / 2**20, 15.0, abs_tol=0.1)
    assert math.isclose(shape.kv_bytes(2048) / 2**20, 19.0, abs_tol=0.1)


def test_a_quantised_cache_takes_about_half() -> None:
    shape = catalogue()["qwen2.5-0.5b"].shape
    assert shape.kv_bytes_per_token(34 / 32) == 6_528  # q8_0: 34 bytes for 32 numbers; 6543 were measured


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("qwen2.5-0.5b", 0.36),
        ("qwen2.5-1.5b", 1.31),
        ("qwen2.5-3b", 2.77),
        ("qwen2.5-7b", 6.53),
        ("qwen3-0.6b", 0.44),
        ("qwen3-1.7b", 1.4),
        ("qwen3-4b", 3.6),
    ],
)
def test_parameters_outside_the_embedding_are_those_of_the_model_cards(name: str, billions: float) -> None:
    assert math.isclose(catalogue()[name].body_parameters / 1e9, billions, rel_tol=0.02)


def test_a_name_is_found_whatever_its_case_and_a_wrong_one_names_what_was_meant() -> None:
    assert find("Qwen2.5-0.5B").file == "qwen2.5-0.5b-instruct-q4_k_m.gguf"
    with pytest.raises(PullError, match=r"qwen2\.5-0\.5b") as failure:
        find("qwen2.5-0.5")
    assert failure.value.reason == "unknown_model"


def test_a_field_that_is_missing_wrong_or_unknown_is_refused() -> None:
    good = json.loads(msgspec.json.encode(catalogue()["qwen3-4b"]))
    changes: tuple[dict[str, object], ...] = (
        {"languages": []},
        {"parameters": 0},
        {"quantisation": "best"},
        {"sha256": "0" * 64},
        {"name": "A"},
    )
    for change in changes:
        with pytest.raises(ValueError, match=r"Expected|unknown field|format"):
            read(json.dumps({"format": 1, "models": [{**good, **change}]}).encode())
    with pytest.raises(ValueError, match="missing"):
        read(json.dumps({"format": 1, "models": [{"name": "a1"}]}).encode())
    with pytest.raises(ValueError, match="one name"):
        read(json.dumps({"format": 1, "models": [good, good]}).encode())
    with pytest.raises(ValueError, match="format 2"):
        read(b'{"format": 2, "models": []}')
