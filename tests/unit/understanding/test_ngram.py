"""The n-gram model: features, inference and its weights file."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from appliance.understanding import ngram
from appliance.understanding.features import BUCKETS, features, tokens
from appliance.understanding.understander import load_weights, weights_folder
from appliance.understanding.vocabulary import CLASSES


def write(path: Path, classes: list[str], rows: bytes, bias: list[float]) -> None:
    header = json.dumps({"classes": classes, "languages": ["en"], "scale": 0.5, "bias": bias}).encode()
    path.write_bytes(ngram.MAGIC + struct.pack("<I", len(header)) + header + rows)


def test_case_apostrophes_and_closing_punctuation_do_not_matter() -> None:
    assert features("What's the time?") == features("whats the time")


def test_numbers_are_seen_by_their_length_only() -> None:
    assert tokens("at 7:30 and 12345") == ["at", "0", ":", "00", "and", "000"]


def test_every_feature_is_a_bucket_and_comes_once() -> None:
    found = features("set a timer for ten minutes " * 3)
    assert len(found) == len(set(found))
    assert all(0 <= one < BUCKETS for one in found)


def test_a_row_pulls_towards_its_class(tmp_path: Path) -> None:
    rows = bytearray([128, 128, 128] * BUCKETS)
    for bucket in features("ring"):
        rows[bucket * 3 + 1] = 255
    write(tmp_path / "w.bin", ["quiet", "loud"], bytes(rows), [0.0, 0.0, 0.0])
    model = ngram.load(tmp_path / "w.bin")
    found = model.probabilities("ring")
    assert found["loud"] > 0.99
    assert sum(found.values()) == pytest.approx(1.0)


def test_without_known_features_the_bias_decides(tmp_path: Path) -> None:
    write(tmp_path / "w.bin", ["a", "b"], bytes([128] * 3 * BUCKETS), [0.0, 1.0, 0.0])
    found = ngram.load(tmp_path / "w.bin").probabilities("")
    assert found["b"] > found["a"]


@pytest.mark.parametrize("damage", ["missing", "empty", "magic", "cut", "header"])
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "w.bin"
    write(path, ["a", "b"], bytes(3 * BUCKETS), [0.0, 0.0, 0.0])
    data = path.read_bytes()
    changed = {
        "empty": b"",
        "magic": b"GGUF" + data[4:],
        "cut": data[:-1],
        "header": data[:8] + b"\xff" * 4 + data[12:],
    }
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(changed[damage])
    with pytest.raises(ngram.WeightsError, match="install the package again") as caught:
        ngram.load(path)
    assert caught.value.code == "understanding_weights"


def test_the_shipped_weights_know_every_tool() -> None:
    weights = load_weights()
    assert set(weights.ngram.classes) == set(CLASSES)
    assert (weights_folder() / "homarus-mini.gguf").stat().st_size < 8 * 1024 * 1024


def test_a_folder_without_a_calibration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ngram.WeightsError):
        load_weights(tmp_path)
