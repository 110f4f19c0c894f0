"""A version that lies in the other slot and waits for a restart."""

from __future__ import annotations

import pytest

from appliance.updates.records.model import Action, Request
from appliance.updates.standing import RunState, read_standing
from tests.fakes.update_channel import COMPATIBLE, release
from tests.fakes.update_site import TestBox


def test_apply_without_restart_leaves_that_to_the_next_window(here: TestBox) -> None:
    here.records.write_request(Request("run-1", "cli", reboot=False))
    here.service().run(Action.APPLY)
    assert here.reboots == 0
    here.configure(window="03:00-04:00")
    here.service().run(Action.AUTO)
    assert here.reboots == 0
    here.configure()
    here.service().run(Action.AUTO)
    assert here.reboots == 1
    assert len(here.rauc.installed) == 1


@pytest.mark.parametrize("reachable", [True, False])
def test_a_check_does_not_make_the_box_forget_that_a_version_waits(here: TestBox, reachable: bool) -> None:
    here.records.write_request(Request("run-1", "cli", reboot=False))
    here.service().run(Action.APPLY)
    if not reachable:
        here.site.files["/stable.json"] = 503
    for _ in range(2):
        assert here.service().run(Action.CHECK) is reachable
    standing = read_standing(here.root)
    assert standing is not None
    assert (standing.waits_for_restart, standing.runs[0].state) == ("1.1.0", RunState.RUNNING)
    here.service().run(Action.AUTO)
    assert here.reboots == 1
    assert len(here.rauc.installed) == 1


def test_a_version_that_waits_is_not_installed_again_and_still_waits(here: TestBox) -> None:
    for number in range(3):
        here.records.write_request(Request(f"run-{number}", "cli", reboot=False))
        assert here.service().run(Action.APPLY)
    status = here.records.status()
    assert status is not None
    assert status.starts_next == "1.1.0"
    assert len(here.rauc.installed) == 1


def test_a_version_that_is_written_over_waits_no_more(here: TestBox) -> None:
    here.records.write_request(Request("run-1", "cli", reboot=False))
    here.service().run(Action.APPLY)
    here.site.publish(here.maker, releases={COMPATIBLE: release("1.2.0")})
    here.rauc.bundle["version"] = "1.2.0"
    here.rauc.failures = ["Failed updating slot: Input/output error"]
    assert not here.service().run(Action.APPLY)
    status = here.records.status()
    assert status is not None
    assert status.starts_next == ""
