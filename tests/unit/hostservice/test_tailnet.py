"""The verbs of Tailscale: off until it was joined, and off again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from appliance.hostservice.frame import RequestError
from appliance.hostservice.tailnet import Tailnet, join_with_kept_key
from tests.fakes.clock import FakeClock
from tests.fakes.tailscaled import NAME, tailscaled


class _Box:
    def __init__(self, folder: Path) -> None:
        self.begun: list[tuple[str, ...]] = []
        self.mark, self.daemon = folder / "tailnet.json", folder / "tailscaled"
        self.daemon.write_text("")
        self.tailnet = Tailnet(
            mark=self.mark,
            daemon=self.daemon,
            sock=folder / "ts.sock",
            begin=lambda *words: self.begun.append(words),
            host=lambda: "kitchen",
        )


@pytest.fixture
def box(tmp_path: Path) -> _Box:
    return _Box(tmp_path)


async def _ask(verb: Any, params: Mapping[str, object] | None = None) -> Mapping[str, object]:
    """As its own process does: a verb runs a loop of its own."""
    answer: Mapping[str, object] = await asyncio.to_thread(verb, params or {})
    return answer


async def test_it_is_off_until_somebody_joins_and_off_again_afterwards(box: _Box, tmp_path: Path) -> None:
    assert await _ask(box.tailnet.status) == {"state": "off"}
    async with tailscaled(tmp_path) as fake:
        fake.state = "NeedsLogin"
        joined = await _ask(box.tailnet.join, {"authKey": "tskey-auth-good"})
        assert joined == {"state": "Running", "name": NAME, "url": ""}
        assert box.begun == [("start", "homarus-tailscaled.service")]
        assert (json.loads(box.mark.read_text()).keys(), box.mark.stat().st_mode & 0o777) == ({"joinedMs"}, 0o644)
        assert (await _ask(box.tailnet.status))["state"] == "Running"
        assert await _ask(box.tailnet.leave) == {"state": "off"}
        assert fake.state == "NeedsLogin"
    assert (box.mark.exists(), box.begun[-1]) == (False, ("stop", "homarus-tailscaled.service"))


async def test_a_daemon_that_starts_slowly_is_waited_for(box: _Box, tmp_path: Path) -> None:
    joining = asyncio.create_task(_ask(box.tailnet.join))
    async with asyncio.timeout(10):
        while not box.begun:
            await asyncio.sleep(0.005)
    async with tailscaled(tmp_path) as fake:
        fake.state = "NeedsLogin"
        assert str((await joining)["url"]).startswith("https://")


async def test_a_daemon_that_does_not_answer_keeps_nobody_from_leaving(box: _Box) -> None:
    box.mark.write_text("{}")
    with pytest.raises(RequestError, match="does not answer"):
        await _ask(box.tailnet.leave)
    assert (box.mark.exists(), box.begun) == (False, [("stop", "homarus-tailscaled.service")])
    assert await _ask(box.tailnet.leave) == {"state": "off"}


async def test_an_image_without_tailscale_says_so(box: _Box) -> None:
    box.daemon.unlink()
    assert await _ask(box.tailnet.status) == {"state": "absent"}
    with pytest.raises(RequestError, match="built without"):
        await _ask(box.tailnet.join)
    assert (box.begun, box.mark.exists()) == ([], False)


@pytest.mark.parametrize("key", [5, "x" * 513, "two\nlines", "schlüssel"])
async def test_what_is_no_key_is_refused_before_anything_starts(box: _Box, key: object) -> None:
    with pytest.raises(RequestError, match="tskey"):
        await _ask(box.tailnet.join, {"authKey": key})
    assert box.begun == []


async def test_a_key_from_the_first_start_is_used_once_and_removed(box: _Box, tmp_path: Path) -> None:
    kept = tmp_path / "tailscale-authkey"
    kept.write_text("tskey-auth-good\n")
    async with tailscaled(tmp_path) as fake:
        fake.state = "NeedsLogin"
        assert await asyncio.to_thread(join_with_kept_key, box.tailnet, kept) == 0
        assert fake.state == "Running"
    assert not kept.exists()


async def test_a_kept_key_waits_for_a_network_and_not_for_a_program_that_never_comes(box: _Box, tmp_path: Path) -> None:
    kept = tmp_path / "tailscale-authkey"
    kept.write_text("tskey-auth-good\n")
    slow = Tailnet(
        mark=box.mark, daemon=box.daemon, sock=tmp_path / "ts.sock", clock=_Hurried(), begin=lambda *words: None
    )
    assert await asyncio.to_thread(join_with_kept_key, slow, kept) == 1
    assert kept.exists()
    box.daemon.unlink()
    assert await asyncio.to_thread(join_with_kept_key, box.tailnet, kept) == 0
    assert not kept.exists()


class _Hurried(FakeClock):
    """A clock that never waits."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
