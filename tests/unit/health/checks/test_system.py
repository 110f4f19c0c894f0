"""Slots, image, Tailscale, services, certificates, database and copies, read from files and what programs say."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from appliance.health import Severity
from appliance.health.checks import (
    CHECKS,
    Check,
    backups,
    certificates,
    database,
    examine,
    image,
    slots,
    tailnet,
    units,
)
from appliance.health.look import Look, here
from tests.unit.health.checks.box import DAY_MS, NOW_MS, FilesOfABox


def _status(a: str, b: str, booted: str = "A", **written: object) -> str:
    slot = [
        {f"rootfs.{number}": {"bootname": name, "boot_status": state, **written}}
        for number, (name, state) in enumerate((("A", a), ("B", b)))
    ]
    return json.dumps({"booted": booted, "slots": [*slot, {"boot.0": {"bootname": None, "boot_status": None}}]})


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ("good", "good", []),
        ("good", "bad", [("other", Severity.NOTICE)]),
        ("bad", "good", [("booted", Severity.DEGRADED)]),
    ],
)
def test_slots_that_are_not_good_are_told(box: FilesOfABox, a: str, b: str, found: list[tuple[str, Severity]]) -> None:
    box.put("usr/lib/homarus/box.json", "{}")
    box.answers["rauc"] = _status(a, b, slot_status={"installed": {"timestamp": "2026-11-21T10:00:00Z", "count": 1}})
    assert [(one.details["form"], one.severity) for one in slots.check(box.look())] == found


def test_a_slot_that_was_never_written_is_no_fault_of_a_new_box(box: FilesOfABox) -> None:
    box.put("usr/lib/homarus/box.json", "{}")
    for unused in (None, {}, {"installed": {"timestamp": None}}):
        box.answers["rauc"] = _status("good", "bad", slot_status=unused)
        assert list(slots.check(box.look())) == []


def test_slots_are_no_matter_on_a_plain_debian(box: FilesOfABox) -> None:
    assert list(slots.check(box.look())) == []
    box.put("usr/lib/homarus/box.json", "{}")
    assert [one.details["form"] for one in slots.check(box.look())] == ["away"]


def test_a_trial_that_never_ends_is_worse_than_one_that_began(box: FilesOfABox) -> None:
    assert list(slots.check_trial(box.look())) == []
    box.put("data/system/updates/trial.json", '{"version": "2"}', at_ms=NOW_MS - 60_000)
    assert [one.severity for one in slots.check_trial(box.look())] == [Severity.NOTICE]
    (found,) = slots.check_trial(box.look(NOW_MS + 3_600_000))
    assert (found.code, found.severity, found.details["minutes"]) == ("update_trial", Severity.DEGRADED, 61)


def test_development_keys_are_told(box: FilesOfABox) -> None:
    box.put("usr/lib/homarus/box.json", '{"keys": "release"}')
    assert list(image.check_keys(box.look())) == []
    box.put("usr/lib/homarus/box.json", '{"keys": "development"}')
    assert [one.code for one in image.check_keys(box.look())] == ["development_keys"]


def test_mistakes_of_the_first_start_are_told_each_and_not_without_end(box: FilesOfABox) -> None:
    wifi = {
        "file": "homarus.toml",
        "key": "wifi.password",
        "problem": "is too short",
        "fix": "Use 8 letters.",
        "value": "x",
    }
    box.put("data/system/first-boot.json", json.dumps({"mistakes": [wifi, "nonsense"]}))
    found = list(image.check_first_boot(box.look()))
    assert [one.subject for one in found] == ["homarus.toml wifi.password", "settings"]
    assert "is too short" in found[0].summary
    assert found[0].fix.startswith("Use 8 letters. The page /setup of this box")
    box.put("data/system/first-boot.json", json.dumps({"mistakes": ["one"] * 13}))
    assert len(list(image.check_first_boot(box.look()))) == 12


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('{"BackendState": "Running"}', None),
        ('{"BackendState": "NeedsLogin"}', "NeedsLogin"),
        (None, "away"),
        ("rubbish", "away"),
    ],
)
def test_a_tailnet_that_was_joined_and_is_away_is_told(box: FilesOfABox, answer: str | None, found: str | None) -> None:
    box.answers["tailscale"] = answer
    assert list(tailnet.check(box.look())) == []  # never joined
    box.put("var/lib/tailscale/tailscaled.state", "{}")
    assert [one.details["state"] for one in tailnet.check(box.look())] == ([] if found is None else [found])


def test_failed_services_are_named_ours_alone_on_a_machine_of_the_owner(box: FilesOfABox) -> None:
    box.answers["systemctl"] = (
        "homarus-gateway.service loaded failed failed Homarus\nfoo.service loaded failed failed Foo\n"
    )
    assert [one.subject for one in units.check(box.look())] == ["homarus-gateway.service"]
    box.put("usr/lib/homarus/box.json", "{}")
    assert [one.subject for one in units.check(box.look())] == ["homarus-gateway.service", "foo.service"]


@pytest.mark.parametrize(
    ("begins", "ends", "form"),
    [
        (-1, 7 * DAY_MS, None),
        (-1, 7 * DAY_MS - 1, "soon"),
        (-1, 0, "ended"),
        (1, 90 * DAY_MS, "future"),
    ],
)
def test_a_certificate_is_told_before_apps_refuse_it(
    box: FilesOfABox, begins: int, ends: int, form: str | None
) -> None:
    facts = {"notBeforeMs": NOW_MS + begins, "notAfterMs": NOW_MS + ends}
    box.put("var/lib/homarus/tls/leaf.json", json.dumps(facts))
    assert [one.details["form"] for one in certificates.check(box.look())] == ([] if form is None else [form])


def test_a_damaged_database_is_told_only_by_who_holds_the_lock(box: FilesOfABox) -> None:
    file = box.state / "homarus.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE one (two)")
    connection.commit()
    connection.close()
    assert list(database.check(box.look(alone=True))) == []
    file.write_bytes(b"no database" * 1000)
    assert list(database.check(box.look())) == []
    assert [one.severity for one in database.check(box.look(alone=True))] == [Severity.BLOCKING]
    os.mkfifo(box.state / "homarus.sqlite-journal")
    assert ["is no file" in one.summary for one in database.check(box.look(alone=True))] == [True]


def test_a_gateway_that_came_upon_damage_says_that_its_next_start_mends_it(box: FilesOfABox) -> None:
    (box.state / "homarus.sqlite").write_bytes(b"")
    assert list(database.check(box.look())) == []
    (box.state / "homarus.sqlite.damaged").write_text("disk I/O error")
    (told,) = database.check(box.look())
    assert (told.severity, told.details["form"]) == (Severity.DEGRADED, "marked")
    assert "disk I/O error" in told.summary


def test_copies_that_stopped_are_told_after_three_nights(box: FilesOfABox) -> None:
    box.put("var/lib/homarus/device.key", "", at_ms=NOW_MS - 20 * DAY_MS)
    name = "var/lib/homarus/backups/homarus-20270101T030000.sqlite"
    box.put(name, "", at_ms=NOW_MS - 3 * DAY_MS)
    assert list(backups.check(box.look())) == []
    (found,) = backups.check(box.look(NOW_MS + 1))
    assert (found.subject, found.severity, found.details["days"]) == ("nightly", Severity.DEGRADED, 3)


def test_a_box_whose_backup_lies_nowhere_else_is_told_after_a_month(box: FilesOfABox) -> None:
    box.put("var/lib/homarus/device.key", "", at_ms=NOW_MS - 30 * DAY_MS)
    box.put("var/lib/homarus/backups/homarus-20270101T030000.sqlite", "", at_ms=NOW_MS)
    assert list(backups.check(box.look())) == []
    assert [one.subject for one in backups.check(box.look(NOW_MS + 1))] == ["elsewhere"]
    box.put("var/lib/homarus/backups/exported.json", json.dumps({"atMs": NOW_MS}))
    assert list(backups.check(box.look(NOW_MS + 1))) == []


def test_a_box_without_state_has_nothing_to_copy(box: FilesOfABox) -> None:
    assert list(backups.check(box.look())) == []


def test_an_empty_root_has_nothing_wrong(tmp_path: Path) -> None:
    assert examine(Look(tmp_path, NOW_MS)) == []


def test_every_check_looks_at_this_machine_without_failing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    examine(here(NOW_MS, tmp_path))
    assert caplog.records == []


def test_a_check_that_fails_itself_keeps_no_other_from_its_answer(
    box: FilesOfABox, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(look: Look) -> list[object]:
        raise ZeroDivisionError

    box.room = None
    box.put("usr/lib/homarus/box.json", '{"keys": "development"}')
    found = examine(box.look(), [Check("broken", broken, ()), *(one for one in CHECKS if one.ask is image.check_keys)])  # type: ignore[arg-type]  # a check that lies about itself
    assert [one.code for one in found] == ["development_keys"]
    assert "broken" in caplog.text


def test_what_a_check_finds_is_on_its_list(box: FilesOfABox) -> None:
    """A gateway takes back the conditions of a check by these codes."""
    names = [one.name for one in CHECKS]
    assert len(set(names)) == len(names)
    codes = [code for one in CHECKS for code in one.codes]
    assert len(set(codes)) == len(codes)
