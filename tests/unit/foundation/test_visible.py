from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.foundation.visible import harmless, visible_name


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ("Pixel of Ada", "Pixel of Ada"),
        ("  two \n lines\t", "two lines"),
        ("Ow\u200bner", "Owner"),
        ("phone\u202egpj.exe", "phonegpj.exe"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\u3164\u2800", ""),
        ("Gerät 📱 日本", "Gerät 📱 日本"),
    ],
)
def test_a_name_is_what_is_seen_of_it(chosen: str, shown: str) -> None:
    assert visible_name(chosen) == shown


@pytest.mark.parametrize(("length", "kept"), [(64, 64), (65, 64), (100_000, 64)])
def test_a_name_has_sixty_four_characters(length: int, kept: int) -> None:
    assert len(visible_name("x" * length)) == kept


def test_longer_text_keeps_its_lines_and_no_commands_of_a_terminal() -> None:
    assert harmless("a\tb\n\x1b]52;c;aGk=\x07c\r\x9b2Jd\u202ee") == "a\tb\n]52;c;aGk=c2Jde"
    assert harmless("👩‍👩‍👧 – schön") == "👩‍👩‍👧 – schön"


@given(st.text())
def test_no_text_leaves_a_control_character(text: str) -> None:
    for shown in (visible_name(text), harmless(text)):
        assert not any((ord(one) < 32 and one not in "\n\t") or 127 <= ord(one) < 160 for one in shown)
    assert visible_name(visible_name(text)) == visible_name(text)
