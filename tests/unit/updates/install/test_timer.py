"""What a box does by itself, and when."""

from __future__ import annotations

import pytest

from appliance.updates.records.model import Action, Hold, Result
from appliance.updates.trial import record
from appliance.updates.trial.model import Release as Tried
from appliance.updates.trial.model import Report
from tests.fakes.update_channel import DAY_MS, NOW_MS, moment
from tests.fakes.update_site import TestBox
from tests.unit.updates.install.told import receipt

HOUR_S = 3600


def test_the_timer_installs_in_the_window_only(here: TestBox) -> None:
    here.configure(window="18:00-20:00")  # it is 11:06
    here.service().run(Action.AUTO)
    assert here.rauc.installed == []
    known = here.records.channel()
    assert known.offered is not None
    assert known.offered.why == "window"
    here.clock.jump(8 * HOUR_S)
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == 1
    assert here.reboots == 1
    assert receipt(here).trigger == "campaign"


def test_the_timer_does_not_ask_the_server_every_hour(here: TestBox) -> None:
    here.configure(auto=False)
    for _ in range(7):
        here.service().run(Action.AUTO)
        here.clock.jump(HOUR_S)
    assert here.site.asked.count("/stable.json") == 2


def test_without_an_address_that_is_written_down_once(here: TestBox) -> None:
    here.configure(url=None)
    file = here.root / "data/system/updates/channel.json"
    here.service().run(Action.AUTO)
    before = file.stat().st_ino
    here.clock.jump(48 * HOUR_S)
    here.service().run(Action.AUTO)
    assert file.stat().st_ino == before
    here.configure()
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == 1


def test_the_timer_asks_again_after_an_hour_when_it_failed(here: TestBox) -> None:
    here.site.files["/stable.json"] = 503
    here.service().run(Action.AUTO)
    here.service().run(Action.AUTO)
    assert len(here.site.asked) == 1
    here.clock.jump(HOUR_S)
    here.service().run(Action.AUTO)
    assert len(here.site.asked) == 2


def test_the_timer_restarts_in_the_window_only_when_the_installation_took_longer(here: TestBox) -> None:
    here.configure(window="11:00-11:30")
    service = here.service()
    object.__setattr__(service, "sleep", lambda _: here.clock.advance(25 * 60))
    service.run(Action.AUTO)
    assert receipt(here).result is Result.INSTALLED
    assert here.reboots == 0


@pytest.mark.parametrize(("said", "tries"), [("signature verification failed", 1), ("Couldn't connect to server", 3)])
def test_the_timer_tries_a_version_a_few_times_a_day(here: TestBox, said: str, tries: int) -> None:
    here.rauc.failures = [said] * 10
    for _ in range(10):
        here.service().run(Action.AUTO)
        here.clock.jump(HOUR_S)
    assert len(here.rauc.installed) == tries
    here.clock.jump(24 * HOUR_S)
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == tries + 1


@pytest.mark.parametrize(("refusals", "installed"), [(2, 1), (3, 0)])
def test_a_version_that_never_started_here_is_tried_again_a_few_times(
    here: TestBox, refusals: int, installed: int
) -> None:
    places = here.service().machine.places
    for number in range(refusals):
        told = Report(f"000{number}", "refused", Tried("A", "1.0.0"), Tried("B", "1.1.0"), NOW_MS, "No room.")
        record.write_report(places, told)
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == installed


@pytest.mark.parametrize("kind", ["returned", "rolled_back"])
def test_a_version_that_came_back_is_only_tried_when_the_owner_asks(here: TestBox, kind: str) -> None:
    places = here.service().machine.places
    places.state.mkdir(parents=True, exist_ok=True)
    told = Report("0001", kind, Tried("A", "1.0.0"), Tried("B", "1.1.0"), NOW_MS, "The gateway did not start.")
    record.write_report(places, told)
    here.service().run(Action.AUTO)
    assert here.rauc.installed == []
    here.service().run(Action.APPLY)
    assert len(here.rauc.installed) == 1


def test_a_hold_of_the_owner_is_kept(here: TestBox) -> None:
    here.records.write_hold(Hold(NOW_MS + DAY_MS))
    here.service().run(Action.AUTO)
    known = here.records.channel()
    assert known.offered is not None
    assert (known.offered.why, known.offered.until_ms) == ("held", NOW_MS + DAY_MS)
    here.clock.jump(25 * HOUR_S)
    here.site.publish(here.maker, expires=moment(NOW_MS + 40 * DAY_MS))
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == 1
