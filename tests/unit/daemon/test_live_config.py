"""The configuration of a running gateway: what is wrong is a condition, what changes counts or says when it will."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.config.errors import Refused
from tests.unit.daemon.live import Live

RESTART = ("restart_required", "gateway", "notice")


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.path.unlink()
    assert live.config.reload()
    assert live.told() == set()
    assert not isinstance(live.config.config.gateway, Refused)


def test_a_wrong_option_is_a_condition_until_it_is_mended(tmp_path: Path) -> None:
    live = Live(tmp_path, "{messages: {queue: {cap: 'many'}}}")
    assert live.told() == {("config_invalid", "messages.queue.cap", "degraded")}
    assert isinstance(live.config.config.messages, Refused)
    live.write("{messages: {queue: {cap: 3}}}")
    assert live.config.reload()
    assert live.told() == set()


def test_a_gateway_whose_own_section_is_wrong_is_not_ready(tmp_path: Path) -> None:
    live = Live(tmp_path, "{gateway: {port: 'here'}}")
    assert live.told() == {("config_invalid", "gateway.port", "blocking")}


def test_a_file_that_cannot_be_read_blocks_and_says_where(tmp_path: Path) -> None:
    live = Live(tmp_path, "{gateway: ")
    assert live.told() == {("config_invalid", "", "blocking")}


def test_an_option_that_is_not_there_is_named_and_disturbs_nothing(tmp_path: Path) -> None:
    live = Live(tmp_path, "{gatway: {}}")
    assert {code for code, _, _ in live.told()} <= {"config_unused", "config_invalid"}
    assert not isinstance(live.config.config.gateway, Refused)


def test_a_reload_tells_only_of_a_text_that_changed(tmp_path: Path) -> None:
    live = Live(tmp_path, "{offline: true}")
    live.write("{offline: true}")
    assert not live.config.reload()
    live.write("{offline: false}")
    assert live.config.reload()
    assert len(live.changes) == 1
    assert live.config.config.offline is False


def test_a_change_of_the_gateway_asks_for_a_restart_until_it_is_taken_back(tmp_path: Path) -> None:
    live = Live(tmp_path, "{gateway: {port: 1111}}")
    live.write("{gateway: {port: 2222}}")
    live.config.reload()
    assert live.told() == {RESTART}
    live.write("{gateway: {port: 2222}, offline: true}")
    live.config.reload()
    assert live.told() == {RESTART}
    live.write("{gateway: {port: 1111}}")
    live.config.reload()
    assert live.told() == set()


async def test_the_file_is_followed_and_reload_off_means_off(tmp_path: Path) -> None:
    live = Live(tmp_path)
    watch = asyncio.ensure_future(live.config.watch())
    try:
        live.write("{offline: true}")
        await _until(live, lambda: len(live.changes) == 1)
        live.write("{gateway: {reload: {mode: 'off'}}}")
        await _until(live, lambda: len(live.changes) == 2)
        live.write("{gateway: {reload: {mode: 'off'}}, offline: true}")
        for _ in range(20):
            live.clock.advance(1)
            await asyncio.sleep(0.001)
        assert len(live.changes) == 2
    finally:
        watch.cancel()


async def test_a_change_between_the_start_and_the_first_look_is_not_missed(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.write("{offline: true}")
    watch = asyncio.ensure_future(live.config.watch())
    try:
        await _until(live, lambda: len(live.changes) == 1)
    finally:
        watch.cancel()


async def _until(live: Live, true: object) -> None:
    assert callable(true)
    async with asyncio.timeout(5):
        while not true():
            live.clock.advance(1)
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    "text",
    [
        "{models: {providers: {anthropic: {apiKey: 'swordfish-99'}}}}",
        "{models: {providers: {anthropic: {apiKey: '${MY_KEY}'}}}}",
        "{models: {providers: {anthropic: {apiKey: {file: 'key'}}}}}",
        "{models: {providers: {own: {baseUrl: 'http://x.lan/v1', headers: {'X-Own': 'swordfish-99'}}}}}",
        "{gateway: {auth: {password: 'swordfish-99'}}}",
    ],
)
def test_secrets_of_the_file_are_masked_in_the_log_from_the_first_line_on(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text("swordfish-99\n")
    (tmp_path / "key").chmod(0o600)
    live = Live(tmp_path, text, MY_KEY="swordfish-99")
    assert live.config.loaded.valid, live.config.loaded.issues
    assert "swordfish" not in live.redact("the service said: swordfish-99 is no key")


def test_a_secret_that_comes_with_a_change_is_masked_too(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.write("{models: {providers: {anthropic: {apiKey: 'swordfish-99'}}}}")
    live.config.reload()
    assert "swordfish" not in live.redact("swordfish-99")


def test_keys_in_the_environment_are_masked(tmp_path: Path) -> None:
    live = Live(tmp_path, OPENAI_API_KEY="swordfish-99", HOME="/home/someone")
    assert live.redact("swordfish-99 in /home/someone") == "[redacted] in /home/someone"


def test_the_zone_of_the_owner_counts_at_once(tmp_path: Path) -> None:
    live = Live(tmp_path, "{timezone: 'Asia/Tokyo'}")
    assert live.config.zone.key == "Asia/Tokyo"
    live.write("{timezone: 'Asia/Tokyo', agents: {defaults: {userTimezone: 'Europe/Oslo'}}}")
    live.config.reload()
    assert live.config.zone.key == "Europe/Oslo"
    live.write("{timezone: 'Nowhere/Land'}")
    live.config.reload()
    assert live.config.zone.key  # the zone of the machine, and a condition
    assert ("config_invalid", "timezone", "degraded") in live.told()


def test_a_zone_of_an_agent_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    live = Live(tmp_path, "{agents: {defaults: {userTimezone: 'Nowhere/Land'}}}")
    assert live.config.zone.key
    assert isinstance(live.config.config.agents, Refused)
