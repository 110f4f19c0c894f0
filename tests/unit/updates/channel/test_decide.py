"""When a version reaches a box."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.updates.channel.decide import BoxFacts, Decision, Nothing, Offer, Wait, Why, decide
from appliance.updates.channel.manifest import read
from appliance.updates.channel.rollout import PARTS, Rollout, place, share, turn_ms
from appliance.updates.channel.versions import Version
from appliance.updates.channel.window import Window
from tests.fakes.update_channel import COMPATIBLE, NOW_MS, Maker, moment, release

HOUR_MS = 3_600_000
MAKER = Maker()
BOX = BoxFacts(COMPATIBLE, Version("1.0.0"), "device-1", ZoneInfo("UTC"), Window(0, 0))


def decided(box: BoxFacts = BOX, *, now_ms: int = NOW_MS, **changes: Any) -> Decision:
    content, signature = MAKER.manifest(releases={COMPATIBLE: release(**changes)})
    manifest = read(
        content,
        signature,
        (MAKER.public,),
        url="https://u.example/stable.json",
        channel="stable",
        seen=0,
        now_ms=NOW_MS,
    )
    return decide(manifest, box, now_ms)


def waits(box: BoxFacts = BOX, *, now_ms: int = NOW_MS, **changes: Any) -> tuple[Why, int | None]:
    decision = decided(box, now_ms=now_ms, **changes)
    assert isinstance(decision, Wait)
    return decision.reason, decision.until_ms


def test_a_newer_version_is_offered() -> None:
    decision = decided()
    assert isinstance(decision, Offer)
    assert decision.release.version.text == "1.1.0"


@pytest.mark.parametrize("version", ["1.0.0", "1.0", "0.9.9", "1.0.0-beta.3", "1.0.0+build.9"])
def test_the_same_and_an_older_version_are_not(version: str) -> None:
    assert isinstance(decided(version=version), Nothing)
    assert isinstance(decided(replace(BOX, asked=True), version=version), Nothing)


def test_a_channel_without_this_kind_of_box_has_nothing() -> None:
    assert isinstance(decided(replace(BOX, compatible="homarus-other")), Nothing)


def test_a_version_that_is_too_old_for_one_step_waits_for_a_person_even_when_asked() -> None:
    assert waits(min_version="1.0.1") == (Why.TOO_OLD, None)
    assert waits(replace(BOX, asked=True), min_version="1.0.1") == (Why.TOO_OLD, None)
    assert isinstance(decided(min_version="1.0.0"), Offer)


def test_a_paused_rollout_stops_everybody() -> None:
    paused = {"paused": True, "reason": "Two boxes came back."}
    for box in (BOX, replace(BOX, canary=True), replace(BOX, asked=True)):
        decision = decided(box, rollout=paused)
        assert isinstance(decision, Wait)
        assert (decision.reason, decision.release.rollout.reason) == (Why.PAUSED, "Two boxes came back.")
        assert not decision.offered


def test_nothing_goes_in_while_a_trial_runs() -> None:
    assert waits(replace(BOX, trial=True, asked=True)) == (Why.TRIAL, None)


def test_what_failed_here_is_not_tried_again_unasked() -> None:
    box = replace(BOX, failed=frozenset({"1.1.0"}))
    assert waits(box) == (Why.FAILED_HERE, None)
    assert isinstance(decided(box, version="1.1.1"), Offer)
    assert isinstance(decided(replace(box, asked=True)), Offer)


def test_the_canary_ring_is_for_those_who_volunteered() -> None:
    ring = {"ring": "canary", "percent": 100}
    assert waits(rollout=ring) == (Why.ROLLOUT, None)
    assert isinstance(decided(replace(BOX, canary=True), rollout=ring), Offer)
    assert isinstance(decided(replace(BOX, asked=True), rollout=ring), Offer)


def test_a_canary_does_not_wait_for_its_share() -> None:
    assert waits(rollout={"percent": 0}) == (Why.ROLLOUT, None)
    assert isinstance(decided(replace(BOX, canary=True), rollout={"percent": 0}), Offer)


def test_the_owner_holds_until_a_moment() -> None:
    box = replace(BOX, held_until_ms=NOW_MS + HOUR_MS)
    assert waits(box) == (Why.HELD, NOW_MS + HOUR_MS)
    assert isinstance(decided(box, now_ms=NOW_MS + HOUR_MS), Offer)
    assert isinstance(decided(replace(box, asked=True)), Offer)


def test_a_box_that_does_not_update_by_itself_waits_for_its_owner() -> None:
    decision = decided(replace(BOX, auto=False))
    assert isinstance(decision, Wait)
    assert decision.reason is Why.OWNER
    assert decision.offered
    assert decision.announced


def test_a_box_waits_for_its_window_in_its_own_time_zone() -> None:
    now = int(datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp() * 1000)
    berlin = replace(BOX, zone=ZoneInfo("Europe/Berlin"), window=Window.parse("02:00-05:00"))
    until = int(datetime(2026, 11, 22, 1, 0, tzinfo=UTC).timestamp() * 1000)
    content, signature = MAKER.manifest()
    manifest = read(content, signature, (MAKER.public,), url="https://u", channel="stable", seen=0, now_ms=NOW_MS)
    waiting = decide(manifest, berlin, now)
    assert isinstance(waiting, Wait)
    assert (waiting.reason, waiting.until_ms) == (Why.WINDOW, until)
    assert isinstance(decide(manifest, berlin, until), Offer)
    assert isinstance(decide(manifest, replace(berlin, asked=True), now), Offer)


def at(zone: str, *when: int) -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # type: ignore[misc,arg-type] # a date


def opens(text: str, now_ms: int, zone: str = "UTC") -> int:
    return Window.parse(text).opens_ms(now_ms, ZoneInfo(zone))


def test_a_window_is_open_from_its_begin_until_before_its_end() -> None:
    for hour, minute, open_now in ((1, 59, False), (2, 0, True), (4, 59, True), (5, 0, False)):
        now = at("UTC", 2026, 6, 1, hour, minute)
        assert (opens("02:00-05:00", now) == now) is open_now
    assert opens("02:00-05:00", at("UTC", 2026, 6, 1, 5, 0)) == at("UTC", 2026, 6, 2, 2, 0)


def test_a_window_may_go_over_midnight() -> None:
    for hour, open_now in ((21, False), (22, True), (0, True), (3, True), (4, False)):
        now = at("UTC", 2026, 6, 1, hour, 0)
        assert (opens("22:00-04:00", now) == now) is open_now
    assert opens("22:00-04:00", at("UTC", 2026, 6, 1, 4, 0)) == at("UTC", 2026, 6, 1, 22, 0)


def test_a_window_of_no_length_is_the_whole_day() -> None:
    assert opens("00:00-00:00", NOW_MS) == NOW_MS


def test_a_window_opens_on_days_when_the_clock_changes() -> None:
    # Germany 2026: forward on 29 March (02:00 -> 03:00), back on 25 October (03:00 -> 02:00)
    berlin = "Europe/Berlin"
    assert opens("03:00-05:00", at(berlin, 2026, 3, 29, 0, 0), berlin) == at(berlin, 2026, 3, 29, 3, 0)
    gap = opens("02:30-05:00", at(berlin, 2026, 3, 29, 0, 0), berlin)
    assert at(berlin, 2026, 3, 29, 1, 0) < gap <= at(berlin, 2026, 3, 29, 5, 0)
    assert opens("04:00-05:00", at(berlin, 2026, 10, 25, 0, 0), berlin) == at(berlin, 2026, 10, 25, 4, 0)


@pytest.mark.parametrize(
    "text", ["", "2-5", "24:00-05:00", "02:00-05:60", "02:00–05:00", "02:00-05:00\n", "٠٢:00-05:00"]
)
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Window.parse(text)


def test_a_share_of_ten_thousand_boxes_is_that_share_and_stays() -> None:
    devices = [f"machine-{number:x}" for number in range(10_000)]
    for percent in (1, 10, 50, 90):
        got = [one for one in devices if place(one, "1.1.0") < percent / 100 * PARTS]
        spread = 4 * (10_000 * percent / 100 * (1 - percent / 100)) ** 0.5  # four standard deviations
        assert abs(len(got) - percent * 100) <= spread
        assert got == [one for one in devices if place(one, "1.1.0") < percent / 100 * PARTS]


def test_growing_shares_hold_the_boxes_of_the_smaller_ones_and_versions_draw_anew() -> None:
    devices = [f"machine-{number}" for number in range(2000)]
    first = {one for one in devices if place(one, "1.1.0") < 1000}
    second = {one for one in devices if place(one, "1.1.0") < 3000}
    other = {one for one in devices if place(one, "1.2.0") < 1000}
    assert first < second
    assert len(first & other) < len(first) / 2


def test_the_place_of_a_box_is_the_same_in_every_release_of_this_code() -> None:
    assert [place("device-1", version) for version in ("1.1.0", "1.2.0", "2.0.0-beta.1")] == PLACES


PLACES = [5678, 5189, 1807]


def test_a_rollout_over_hours_tells_each_box_its_turn() -> None:
    rollout = Rollout(percent=10, hours=10, started_ms=NOW_MS)
    assert (share(rollout, NOW_MS), share(rollout, NOW_MS + 100 * HOUR_MS)) == (1000, PARTS)
    assert share(rollout, NOW_MS + 5 * HOUR_MS) == 5500
    for number in range(200):
        turn = turn_ms(rollout, f"d{number}", "1.1.0")
        assert turn is not None
        assert place(f"d{number}", "1.1.0") <= share(rollout, turn) + 0.001
        assert turn == NOW_MS or place(f"d{number}", "1.1.0") >= share(rollout, turn - 2) - 0.001


def test_a_box_waits_until_its_turn() -> None:
    rollout = {"percent": 0, "hours": 10, "started": moment(NOW_MS)}
    reason, until = waits(rollout=rollout)
    assert reason is Why.ROLLOUT
    assert until is not None
    assert NOW_MS < until < NOW_MS + 10 * HOUR_MS
    assert isinstance(decided(now_ms=until, rollout=rollout), Offer)


def test_everybody_and_nobody_are_exact() -> None:
    assert all(turn_ms(Rollout(percent=100), f"d{number}", "1") is not None for number in range(100))
    assert all(turn_ms(Rollout(percent=0), f"d{number}", "1") is None for number in range(100))


def test_versions_are_ordered_as_semver_says() -> None:
    order = "0.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1"
    order += " 1.0 1.0.0.1 1.0.1 1.10.0 2"
    versions = [Version(text) for text in order.split()]
    assert versions == sorted(versions, key=lambda one: one)
    assert all(a < b for a, b in pairwise(versions))
    assert Version("1.0+a") == Version("1.0.0+b")
    assert len({Version("1"), Version("1.0")}) == 1


@pytest.mark.parametrize(
    "text", ["", "v1", "1.", "1.0-", "1..2", "1.2.3.4.5", "1.0 ", "1.0\n", "１.0", "1." + "0" * 70]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Version(text)
