"""The sentences written by hand to train with: they parse, and none of them is in a set that measures or calibrates."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Final

import pytest

from appliance.understanding.languages import TAGS
from appliance.understanding.vocabulary import CLASSES, ESCALATE

ROOT: Final = Path(__file__).resolve().parents[3] / "mini"
each_language = pytest.mark.parametrize("language", TAGS)


def normalised(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", unicodedata.normalize("NFKC", text).casefold()))


def written(language: str) -> list[tuple[str, str, str]]:
    """Return place (file and line), tool and sentence of each sentence of a language."""
    found = []
    for path in sorted((ROOT / "sentences" / language).glob("*.txt")):
        tool = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("# "):
                tool = line[2:]
            elif line:
                found.append((f"{path.name}:{number}", tool, line))
    return found


def held_apart() -> set[str]:
    paths = [path for part in ("evaluation", "calibration") for path in (ROOT / part).glob("*.jsonl")]
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return {normalised(json.loads(line)["text"]) for line in lines}


@each_language
def test_every_sentence_stands_under_a_known_tool(language: str) -> None:
    assert [place for place, tool, _ in written(language) if tool not in CLASSES] == []


@each_language
def test_every_class_has_sentences(language: str) -> None:
    assert set(CLASSES) - {tool for _, tool, _ in written(language)} == set()


@each_language
def test_a_sentence_is_one_trimmed_line_of_a_spoken_length(language: str) -> None:
    wrong = [place for place, _, text in written(language) if text != " ".join(text.split()) or len(text) > 300]
    assert wrong == []


@each_language
def test_no_sentence_is_written_twice(language: str) -> None:
    seen: set[str] = set()
    twice = []
    for place, _, text in written(language):
        if normalised(text) in seen:
            twice.append(place)
        seen.add(normalised(text))
    assert twice == []


@each_language
def test_about_half_of_the_sentences_are_for_somebody_else(language: str) -> None:
    rows = written(language)
    inside = sum(tool not in {ESCALATE, "weather", "news"} for _, tool, _ in rows)
    assert 0.35 * len(rows) <= inside <= 0.65 * len(rows)


@each_language
def test_no_sentence_is_in_the_sets_that_measure_or_calibrate(language: str) -> None:
    # places only: whoever writes sentences must not see those of the test set
    apart = held_apart()
    assert [place for place, _, text in written(language) if normalised(text) in apart] == []
