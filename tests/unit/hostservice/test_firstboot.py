"""Who has gone through the set-up has read what was wrong on the card."""

from __future__ import annotations

from pathlib import Path

from appliance.firstboot import report as reports
from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.report import Report
from appliance.firstboot.values import Mistake
from appliance.hostservice import firstboot


def test_mistakes_of_the_past_go_and_those_of_a_file_that_is_there_stay(tmp_path: Path) -> None:
    past, there = Mistake("homarus.toml", "hostname", "is none.", "Write one."), Mistake("firstrun.sh", "", "no.", "x")
    report = Report(("owner",), (past,), ("a note",), "homarus.toml", 5, kept=(there,), first=True)
    do(tmp_path, Put(reports.FILE, report.encode()))
    assert firstboot.seen({}, root=tmp_path) == {}
    found = reports.load(tmp_path)
    assert found.all_mistakes == (there,)
    assert (found.applied, found.first, found.source) == (("owner",), True, "homarus.toml")


def test_without_a_report_nothing_is_written(tmp_path: Path) -> None:
    firstboot.seen({}, root=tmp_path)
    assert list(tmp_path.iterdir()) == []
