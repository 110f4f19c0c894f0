from __future__ import annotations

from pathlib import Path

import pytest

from appliance.host.slots import booted_slot, mark_bad, mark_good, set_primary
from tests.fakes.slots import FakeSlots


@pytest.mark.parametrize(
    ("line", "slot"),
    [
        ("root=PARTUUID=x ro rauc.slot=A quiet", "A"),
        ("rauc.slot=A quiet rauc.slot=B\n", "B"),
        ("quiet", ""),
        ("rauc.slot=C", ""),
        ("rauc.slot=", ""),
        ("notrauc.slot=A", ""),
    ],
)
def test_the_slot_that_runs_stands_on_the_kernel_command_line(tmp_path: Path, line: str, slot: str) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text(line)
    assert booted_slot(tmp_path) == slot


def test_a_machine_without_a_command_line_has_no_slots(tmp_path: Path) -> None:
    assert booted_slot(tmp_path) == ""


def test_marks_reach_the_boot_loader() -> None:
    slots = FakeSlots()
    set_primary(slots, "other")
    assert slots.start() == "B"
    mark_good(slots)
    assert slots.tries["B"] == 0
    mark_bad(slots)
    assert slots.start() == "A"
