"""Keyboards under the names of flash tools and of the console."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.firstboot.boot import world
from appliance.firstboot.reading import checks
from appliance.firstboot.reading.checks import Wrong
from appliance.firstboot.reading.keyboards import layout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("qwertz/de", "qwerty/uk", "qwerty/lt", "qwerty/lt.l4"):
        path = tmp_path / f"usr/share/keymaps/i386/{name}.kmap.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_the_keyboards_of_a_box_are_those_that_its_console_can_load(root: Path) -> None:
    assert world(root).keyboards == {"de", "uk", "lt.l4"}  # the file of "lt" is one that loadkeys refuses


def test_a_name_of_the_flash_tool_comes_before_one_of_the_console(root: Path) -> None:
    there = world(root).keyboards
    assert [layout(name, there) for name in ("at", "gb", "lt", "de", "ch")] == ["de", "uk", "lt.l4", "de", None]


def test_a_system_without_layouts_has_no_keyboard_to_choose(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="is no keyboard layout of this box"):
        checks.keyboard("de", world(tmp_path))
