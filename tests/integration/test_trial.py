"""A real gateway is updated, talked to, paired with, killed, and taken back: nothing that it accepted is gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from appliance.client.once import call_once
from appliance.client.target import SocketTarget
from appliance.identity.setup.code import SetupCode, decode
from appliance.storage.copies.beside import problems
from appliance.updates.gate.looking import Looker
from appliance.updates.trial import record, report
from appliance.updates.trial.commit import commit, request_rollback
from appliance.updates.trial.decide import Step
from appliance.updates.trial.model import Answered, Release
from appliance.updates.trial.places import Places
from appliance.updates.trial.prepare import Prepared, prepare_state
from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import FakeCloud, serve
from tests.fakes.wire import DeviceKey
from tests.integration.box import cloud_config, no_engine, talking
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.node_client import socket
from tests.integration.test_pairing import _FULL, _connect, _pair

OLD, NEW = Release("A", "1.0.0"), Release("B", "2.0.0")
_NUMBER = {OLD: "1", NEW: "2"}


class AnotherVersion(GatewayProcess):
    """A gateway whose database has migrations of its own."""

    release = OLD

    @property
    def python(self) -> str:
        script = self.state.parent / f"version-{_NUMBER[self.release]}"
        script.write_text(
            f'#!/bin/sh\nexec "{super().python}" "{CHECKOUT}/tests/integration/another_version.py" '
            f'{_NUMBER[self.release]} "$@"\n'
        )
        script.chmod(0o755)
        return str(script)


@dataclass
class Machine:
    """A box with two slots around one gateway process."""

    gateway: AnotherVersion
    places: Places
    cloud: FakeCloud
    now_ms: int = 1_795_000_000_000

    async def boot(self, release: Release, *, gateway: bool = True) -> Prepared:
        self.now_ms += 60_000
        prepared = await asyncio.to_thread(prepare_state, self.places, release, self.now_ms)
        self.gateway.release = release
        if gateway:
            await asyncio.to_thread(self.gateway.start)
        return prepared

    async def power_cut(self) -> None:
        await asyncio.to_thread(self.gateway.kill)

    async def say(self, text: str, key: str) -> None:
        self.cloud.script(Answer((Say(f"You said {text}."),)))
        async with talking(self.gateway.target) as talk:
            assert await talk.ask(text, key) == f"You said {text}."

    async def said(self) -> list[str]:
        async with talking(self.gateway.target) as talk:
            return [text for role, text in await talk.transcript() if role == "assistant"]

    async def homarus(self, *arguments: str) -> Any:
        done = await asyncio.to_thread(self.gateway.homarus, "--json", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    async def pair(self) -> tuple[DeviceKey, str]:
        """Pair a phone as a person would; return its key and its token as operator."""
        key = DeviceKey()
        code: SetupCode = decode((await self.homarus("pair"))["setupCode"])
        _, token = await _pair(code, key)
        return key, token

    async def lets_in(self, phone: tuple[DeviceKey, str]) -> bool:
        key, token = phone
        async with socket(f"ws://127.0.0.1:{self.gateway.facts['port']}/") as client:
            return bool((await _connect(client, key, "operator", list(_FULL), token=token))["ok"])


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with serve(OpenAIChatWire()) as cloud:
        gateway = AnotherVersion(tmp_path / "box", cloud_config(cloud), **no_engine(tmp_path))
        machine = Machine(gateway, Places(tmp_path / "updates", tmp_path / "box"), cloud)
        try:
            yield machine
        finally:
            with contextlib.suppress(ProcessLookupError):
                await asyncio.to_thread(gateway.kill)


async def _old_box(machine: Machine) -> tuple[tuple[DeviceKey, str], tuple[DeviceKey, str]]:
    assert (await machine.boot(OLD)).steps == (Step.FIRST,)
    kept, lost = await machine.pair(), await machine.pair()
    await machine.say("before the update", "k1")
    await machine.power_cut()
    return kept, lost


async def test_a_failed_version_is_taken_back_with_what_was_said_and_paired_meanwhile(machine: Machine) -> None:
    tablet, lost = await _old_box(machine)
    assert (await machine.boot(NEW)).steps == (Step.BEGIN,)
    assert await machine.said() == ["You said before the update."]
    await machine.say("during the trial", "k2")
    phone = await machine.pair()
    await machine.homarus("devices", "remove", lost[0].id[:8])
    assert not await machine.lets_in(lost)
    await machine.power_cut()

    assert (await machine.boot(OLD)).steps == (Step.RETURN, Step.NOTHING)
    assert await machine.said() == ["You said before the update.", "You said during the trial."]
    assert await machine.lets_in(tablet)
    assert await machine.lets_in(phone)
    assert not await machine.lets_in(lost), "what the owner took away does not come back"
    await machine.say("after the return", "k3")

    (path,) = record.report_files(machine.places)
    told = record.read_report(path)
    assert told is not None
    assert (told.missing, told.damaged, told.note, told.files) == (0, 0, "", ())
    found = {(one.table, one.column, one.why): one.count for one in told.lost}
    assert found.pop(("dreams", "", "table_unknown")) == 2  # one per message
    assert set(found) <= {("sessions", "of_version_2", "column_unknown")}
    assert "entries of a kind that only version 2.0.0 knows (dreams)" in report.text(told)
    doctor = await asyncio.to_thread(machine.gateway.call, "homarus.doctor")
    assert doctor["ok"]
    assert not [one for one in doctor["conditions"] if one["code"].startswith("database")]


async def test_a_version_that_was_kept_for_days_is_rolled_back_by_hand_as_well(machine: Machine) -> None:
    tablet, _ = await _old_box(machine)
    await machine.boot(NEW)
    assert await asyncio.to_thread(commit, machine.places, NEW, machine.now_ms)
    await machine.say("in the new version", "k2")
    await machine.power_cut()
    await machine.boot(NEW)
    await machine.say("a day later", "k3")
    phone = await machine.pair()
    await asyncio.to_thread(machine.gateway.stop)
    await asyncio.to_thread(request_rollback, machine.places, NEW, machine.now_ms)
    assert (await machine.boot(OLD)).steps == (Step.RETURN, Step.NOTHING)
    assert await machine.said() == [
        "You said before the update.",
        "You said in the new version.",
        "You said a day later.",
    ]
    assert await machine.lets_in(tablet)
    assert await machine.lets_in(phone)


def _looker(gateway: GatewayProcess, before: Answered) -> Looker:
    numbers = count()
    target = SocketTarget(gateway.state / "run" / "gateway.sock")
    return Looker(
        lambda method, params, timeout_s: call_once(target, method, dict(params), timeout_s=timeout_s),
        before,
        lambda: str(next(numbers)),
        lambda path: (gateway.state / "archive" / path.name).unlink(),
        lambda: problems(gateway.state / "homarus.sqlite"),
    )


def test_a_look_at_a_gateway_without_an_engine_says_what_does_not_count(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "box", **no_engine(tmp_path)) as gateway:
        found = _looker(gateway, Answered()).look()
        assert found.good, found.lines()
        assert [(one.name, one.ok, one.counts) for one in found.findings] == [
            ("gateway", True, True),
            ("database", True, True),
            ("mini", False, False),
            ("database file", True, True),
            ("engine", False, False),
        ]
        assert not _looker(gateway, Answered(mini=True)).look().good


@pytest.mark.engine
def test_a_look_leaves_nothing_behind(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "box") as gateway:
        found = _looker(gateway, Answered(mini=True)).look()
        assert found.good, found.lines()
        assert found.answered == Answered(mini=True)
        assert gateway.call("sessions.list")["sessions"] == []
        assert list((gateway.state / "archive").iterdir()) == []


def test_a_gateway_that_is_gone_is_no_good_look(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "box")
    assert not _looker(gateway, Answered()).look().good
