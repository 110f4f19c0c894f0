"""The sentences that homarus-mini is measured and calibrated with: what must be true of every line of them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from appliance.agenda.tools import AlarmCancel, AlarmSet, ReminderCancel, ReminderSet, TimerCancel, TimerSet
from appliance.notes.list_tools import ListAdd, ListClear, ListRemove, ListShow
from appliance.notes.note_tools import NoteAdd, NoteDelete, NoteSearch
from appliance.tools.arguments import NoArguments
from appliance.tools.builtin.calculate import Calculate
from appliance.tools.builtin.clock_tools import ClockNow, DateLookup
from appliance.tools.builtin.convert import UnitConvert
from appliance.tools.builtin.home import LightSet, MediaControl, SceneSet, VolumeSet
from appliance.tools.builtin.sums.calculator import evaluate
from appliance.tools.builtin.units import find_unit
from appliance.understanding.vocabulary import ESCALATE, TOOLS

ROOT: Final = Path(__file__).resolve().parents[3] / "mini"
LANGUAGES: Final = ("en", "de", "fr")
PARTS: Final = ("evaluation", "calibration")
STRUCTS: Final[dict[str, type[msgspec.Struct]]] = {
    "timer_set": TimerSet,
    "timer_list": NoArguments,
    "timer_cancel": TimerCancel,
    "alarm_set": AlarmSet,
    "alarm_list": NoArguments,
    "alarm_cancel": AlarmCancel,
    "reminder_set": ReminderSet,
    "reminder_list": NoArguments,
    "reminder_cancel": ReminderCancel,
    "note_add": NoteAdd,
    "note_list": NoArguments,
    "note_search": NoteSearch,
    "note_delete": NoteDelete,
    "list_add": ListAdd,
    "list_show": ListShow,
    "list_remove": ListRemove,
    "list_clear": ListClear,
    "calculate": Calculate,
    "unit_convert": UnitConvert,
    "clock_now": ClockNow,
    "date_lookup": DateLookup,
    "box_health": NoArguments,
    "volume_set": VolumeSet,
    "media_control": MediaControl,
    "light_set": LightSet,
    "scene_set": SceneSet,
    "undo_last": NoArguments,
}
_DAY: Final = "(?:mon|tue|wed|thu|fri|sat|sun)"
_REPEAT: Final = re.compile(rf"daily|weekdays|weekends|{_DAY}(?:,{_DAY})*")
Row = dict[str, Any]


def read(part: str, language: str) -> list[Row]:
    lines = (ROOT / part / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def normalised(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", unicodedata.normalize("NFKC", text).casefold()))


every_file = pytest.mark.parametrize(("part", "language"), [(part, one) for part in PARTS for one in LANGUAGES])
each_language = pytest.mark.parametrize("language", LANGUAGES)


@every_file
def test_a_line_has_a_text_and_a_known_tool_and_nothing_unknown(part: str, language: str) -> None:
    for row in read(part, language):
        assert {"text", "tool"} <= set(row) <= {"text", "tool", "arguments"}, row
        assert row["text"] == " ".join(row["text"].split()), row
        assert 0 < len(row["text"]) <= 300, row
        assert row["tool"] in STRUCTS or row["tool"] == ESCALATE, row
        assert row["tool"] != ESCALATE or "arguments" not in row, row


def test_every_tool_that_can_be_understood_is_known_here() -> None:
    assert set(TOOLS) - {ESCALATE} <= set(STRUCTS)


def test_no_sentence_is_there_twice_in_any_part_or_language() -> None:
    counted = Counter(normalised(row["text"]) for part in PARTS for one in LANGUAGES for row in read(part, one))
    assert [text for text, times in counted.items() if times > 1] == []


@every_file
def test_the_tools_accept_the_arguments(part: str, language: str) -> None:
    for row in read(part, language):
        if "arguments" in row:
            # strict: no text where a number belongs, as the comparison with what was understood is exact
            msgspec.convert(row["arguments"], STRUCTS[row["tool"]], strict=True)


@every_file
def test_times_days_sums_and_units_can_be_read(part: str, language: str) -> None:
    for row in read(part, language):
        given: Row = row.get("arguments", {})
        if "time" in given:
            assert f"{time.fromisoformat(given['time']):%H:%M}" == given["time"], row
        if "date" in given:
            assert date.fromisoformat(given["date"]) >= date(2026, 6, 10), row
        if "at" in given:
            assert datetime.fromisoformat(given["at"]) > datetime(2026, 6, 10, 9, 30), row
        if "repeat" in given:
            assert _REPEAT.fullmatch(given["repeat"]), row
        if "expression" in given:
            evaluate(given["expression"])
        for key in ("from_unit", "to_unit"):
            assert key not in given or find_unit(given[key]) is not None, row


@each_language
def test_the_test_set_is_large_and_half_of_it_is_out_of_scope(language: str) -> None:
    rows = read("evaluation", language)
    outside = sum(row["tool"] == ESCALATE for row in rows)
    assert len(rows) >= 330
    assert 0.45 * len(rows) <= outside <= 0.55 * len(rows)


def test_the_test_set_has_at_least_900_sentences() -> None:
    assert sum(len(read("evaluation", one)) for one in LANGUAGES) >= 900


@each_language
def test_the_calibration_set_is_large_and_has_both_kinds(language: str) -> None:
    rows = read("calibration", language)
    outside = sum(row["tool"] == ESCALATE for row in rows)
    assert len(rows) >= 200
    assert outside >= 0.4 * len(rows)


@each_language
def test_every_tool_is_asked_for_at_least_four_times(language: str) -> None:
    counted = Counter(row["tool"] for row in read("evaluation", language))
    assert {tool: counted[tool] for tool in STRUCTS if counted[tool] < 4} == {}


@every_file
def test_most_lines_in_scope_say_the_exact_arguments(part: str, language: str) -> None:
    inside = [row for row in read(part, language) if row["tool"] != ESCALATE]
    assert sum("arguments" in row for row in inside) >= 0.6 * len(inside)
