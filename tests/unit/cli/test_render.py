"""Plain text for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli.render import Squeezed, age, answer_line, conditions, fold, size, table


def test_a_table_is_aligned_and_has_no_spaces_at_the_end() -> None:
    text = table(("KEY", "N"), [("a", 1), ("long name", None)])
    assert text.splitlines() == ["KEY        N", "a          1", "long name"]


def test_a_title_from_anywhere_takes_one_line_of_a_table_and_commands_no_terminal() -> None:
    shown = table(["KEY", "TITLE"], [["main", "two\nlines \x1b[2J\x9b31m\u202eend"]])
    assert shown.splitlines() == ["KEY   TITLE", "main  two lines [2J31mend"]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "now"), (999, "now"), (1000, "1 s"), (60_000, "1 min"), (3_599_999, "59 min"), (90_000_000, "1 d")],
)
def test_an_age_has_one_unit(milliseconds: int, text: str) -> None:
    assert age(milliseconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4_900_000_000, "4.9 GB")])
def test_sizes_are_as_on_the_label_of_a_disk(count: int, text: str) -> None:
    assert size(count) == text
    assert size(5e12) == "5000.0 GB"


def test_a_condition_is_followed_by_its_fix() -> None:
    rows = [
        {"severity": "degraded", "summary": "It is slow.", "fix": "Wait."},
        {"severity": "notice", "summary": "Hm."},
    ]
    assert conditions(rows) == "degraded: It is slow.\n    Wait.\nnotice: Hm."


def test_text_is_folded_between_words() -> None:
    assert fold("one two three", 8) == ["one two", "three"]
    assert fold("one two", 7) == ["one two"]
    assert fold("a\n\nb", 5) == ["a", "", "b"]
    assert fold("", 5) == [""]


def test_a_word_that_is_too_long_is_cut() -> None:
    assert fold("abcdefgh", 3) == ["abc", "def", "gh"]


def test_wide_characters_take_two_cells_and_marks_none() -> None:
    assert fold("日本語", 4) == ["日本", "語"]
    assert fold("e\u0301e\u0301", 2) == ["e\u0301e\u0301"]


@given(st.text(alphabet="ab 日\n", max_size=60), st.integers(2, 20))
def test_folding_loses_no_letter_and_no_line_is_too_wide(text: str, columns: int) -> None:
    lines = fold(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace("\n", "").replace(" ", "")
    assert all(sum(2 if one == "日" else 1 for one in line.rstrip()) <= columns for line in lines)


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (None, ""),
        ({"tier": "local"}, ""),
        ({"model": "homarus/mini", "firstTokenMs": 12, "costUsd": 0}, "homarus/mini · 0.012 s · free"),
        (
            {
                "model": "local/q",
                "firstTokenMs": 412,
                "tokens": {"cached": 900, "computed": 30, "output": 9},
                "costUsd": 0.0,
            },
            "local/q · 0.41 s · 930 tokens, 900 cached · free",
        ),
        (
            {"model": "local/q", "box": "attic", "firstTokenMs": 12_600, "tokens": {"computed": 30}},
            "local/q on attic · 13 s · 30 tokens",
        ),
        ({"model": "cloud/big", "costUsd": 0.01234}, "cloud/big · $0.0123"),
    ],
)
def test_an_answer_has_one_line_of_what_it_took(facts: dict[str, object] | None, line: str) -> None:
    assert answer_line(facts) == line


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["a\n\nb"], "a\n\nb"),
        (["a\n\n\nb"], "a\n\nb"),
        (["a\n", "\n", " \n", "\n" * 50, "b"], "a\n\nb"),
        (["\n\n", "\n a"], " a"),
        (["a:\n\n\n", "    b"], "a:\n\n    b"),
        (["a ", "b", "\n\n\n"], "a b"),
        (["\n", "\n"], ""),
    ],
)
def test_runs_of_blank_lines_become_one_however_they_come(pieces: list[str], shown: str) -> None:
    squeezed = Squeezed()
    assert "".join(squeezed.more(piece) for piece in pieces) == shown


@given(st.text(alphabet="a \n", max_size=60), st.integers(0, 60))
def test_where_a_text_is_cut_does_not_change_what_is_shown(text: str, at: int) -> None:
    whole, cut = Squeezed(), Squeezed()
    assert cut.more(text[:at]) + cut.more(text[at:]) == whole.more(text)
