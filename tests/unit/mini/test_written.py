from pathlib import Path

import pytest

from mini.generator.corpus import Corpus
from mini.generator.tongues import tongues
from mini.generator.written import written


def test_sentences_written_by_hand_are_read_by_tool_and_in_lower_case(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "a.txt").write_text("# timer_set\nTimer  7\ntimer 7\n\n# escalate\nhello\n", encoding="utf-8")
    (tmp_path / "en" / "b.txt").write_text("# timer_set\ntimer 7\nTimer 8\n", encoding="utf-8")
    assert written("en", tmp_path) == {"timer_set": ("timer 7", "timer 8"), "escalate": ("hello",)}
    assert written("de", tmp_path) == {}


def test_a_sentence_without_a_tool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "a.txt").write_text("# timer_set\ntimer 7\n", encoding="utf-8")
    (tmp_path / "en" / "b.txt").write_text("timer 8\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"en/b\.txt:1"):
        written("en", tmp_path)


def test_they_teach_the_tool_and_nothing_about_copying() -> None:
    examples = Corpus(tongues(["en"]), 3, by_hand=1.0).examples(200, {"note_add": 1.0, "timer_list": 1.0})
    assert {example.spans for example in examples if example.tool == "note_add"} == {None}
    assert {example.spans for example in examples if example.tool == "timer_list"} == {()}
