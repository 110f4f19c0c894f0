"""Joining a tailnet through a stand-in of Tailscale's daemon."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.host.tailscale import LocalApi, TailscaleError
from appliance.host.tailscale.joining import Joined, join, leave, standing
from tests.fakes.clock import FakeClock
from tests.fakes.tailscaled import NAME, tailscaled


async def test_a_key_lets_the_box_in_at_once(tmp_path: Path) -> None:
    async with tailscaled(tmp_path) as fake:
        fake.state = "NeedsLogin"
        done = await join(LocalApi(fake.socket), FakeClock(), host="kitchen", operator="homarus", key="tskey-auth-good")
        assert done == Joined("Running", NAME)
        assert fake.preferences == {
            "WantRunning": True,
            "OperatorUser": "homarus",
            "Hostname": "kitchen",
            "CorpDNS": False,
            "RouteAll": False,
        }
        assert fake.asked[0] == "prefs", "who may ask it is settled before anything connects"


async def test_without_a_key_a_person_gets_an_address(tmp_path: Path) -> None:
    async with tailscaled(tmp_path) as fake:
        fake.state = "NeedsLogin"
        done = await join(LocalApi(fake.socket), FakeClock(), host="kitchen", operator="homarus")
        assert (done.state, done.url) == ("NeedsLogin", "https://login.tailscale.com/a/1234")


async def test_a_box_that_is_in_stays_in(tmp_path: Path) -> None:
    async with tailscaled(tmp_path) as fake:
        await join(LocalApi(fake.socket), FakeClock(), host="kitchen", operator="homarus")
        assert "login-interactive" not in fake.asked


async def test_a_tailnet_with_approval_says_so(tmp_path: Path) -> None:
    async with tailscaled(tmp_path) as fake:
        fake.state, fake.approves = "NeedsLogin", True
        done = await join(LocalApi(fake.socket), FakeClock(), host="kitchen", operator="homarus", key="tskey-auth-good")
        assert done.state == "NeedsMachineAuth"


async def test_a_key_that_is_not_taken_is_told_after_a_while(tmp_path: Path) -> None:
    clock = FakeClock()
    async with tailscaled(tmp_path) as fake:
        fake.state = "NeedsLogin"
        joining = asyncio.create_task(
            join(LocalApi(fake.socket), clock, host="kitchen", operator="homarus", key="tskey-auth-old")
        )
        async with asyncio.timeout(10):
            while not joining.done():
                if clock.sleeping:
                    clock.advance(5)
                await asyncio.sleep(0.002)
        with pytest.raises(TailscaleError, match="key still good"):
            await joining


async def test_leaving_logs_the_machine_out(tmp_path: Path) -> None:
    async with tailscaled(tmp_path) as fake:
        await leave(LocalApi(fake.socket))
        assert (await standing(LocalApi(fake.socket))).state == "NeedsLogin"


async def test_a_daemon_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(TailscaleError, match="does not answer"):
        await standing(LocalApi(tmp_path / "no.sock"))
