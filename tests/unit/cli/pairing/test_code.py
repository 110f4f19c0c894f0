"""The page of `homarus pair`: the codes can be read, the words are right, nothing is wider than the window."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC
from typing import Any

import pytest

from appliance.cli.exits import Exit
from appliance.cli.pairing.code import PairCode, request
from appliance.cli.pairing.qr import drawn, matrix, size
from appliance.cli.pairing.waiting import told, wait_for
from appliance.client.connection import Event
from appliance.identity.setup.code import SetupCode, decode
from tests.fakes.clock import FakeClock

NOW = 1_795_263_000_000
TOKEN = "t" * 43
LAN = {"urls": ["wss://192.168.1.20:18789"], "loopbackOnly": False, "trustPage": "https://192.168.1.20:18789/trust"}
HOME = {"urls": ["ws://127.0.0.1:18789"], "loopbackOnly": True, "openLan": "homarus config set gateway.bind lan"}


def _answer(access: str = "full", urls: int = 0, **changes: Any) -> dict[str, Any]:
    others = tuple(f"wss://192.168.1.{number}:18789" for number in range(20, 20 + urls))
    code = SetupCode("wss://192.168.1.20:18789", TOKEN, others, NOW + 600_000, "ab" * 32)
    answer = {"setupId": "s1", "setupCode": code.encode(), "gatewayUrl": code.url, "expiresAtMs": NOW + 600_000}
    return {**answer, "access": access, **changes}


def _modules(picture: str) -> list[list[bool]]:
    """Read a drawn code back."""
    rows = []
    for line in picture.split("\n"):
        blocks = re.sub(r"\x1b\[[0-9;]*m", "", line)
        rows += [[one in "▀█" for one in blocks], [one in "▄█" for one in blocks]]
    return rows


@pytest.mark.parametrize("text", ["short", "x" * 280, "https://192.168.1.20:18789/#bootstrapToken=" + TOKEN])
def test_what_is_drawn_is_the_code_black_on_white_in_any_terminal(text: str) -> None:
    picture, wanted = drawn(text), matrix(text)
    assert _modules(picture)[: len(wanted)] == wanted
    assert not any(any(row) for row in _modules(picture)[len(wanted) :]), "a last half line is light"
    for line in picture.split("\n"):
        assert line.startswith("\x1b[38;5;16;48;5;231m"), "its own colours, not those of the theme"
        assert line.endswith("\x1b[0m")
    assert size(text) == (len(wanted[0]), len(picture.split("\n")))


def test_both_codes_are_shown_with_link_text_rights_and_time() -> None:
    text = PairCode(_answer(), LAN).text(columns=80, now_ms=NOW, zone=UTC)
    assert text.count("\x1b[0m") == size(_answer()["setupCode"])[1] + size(f"https://192.168.1.20:18789/#{'x' * 58}")[1]
    assert f"https://192.168.1.20:18789/#bootstrapToken={TOKEN}" in text
    assert _answer()["setupCode"] in text
    assert "full access" in text
    assert "until 12:20 (10 minutes from now)" in text
    assert "https://192.168.1.20:18789/trust" in text
    assert text.endswith("\x1b[0m"), "what is scanned stands last"


def test_nothing_is_drawn_wider_than_the_window() -> None:
    many = PairCode(_answer(urls=8), LAN)
    for columns in (120, 80, 64, 40, 20):
        text = many.text(columns=columns, now_ms=NOW, zone=UTC)
        drawn_lines = [line for line in text.split("\n") if line.startswith("\x1b")]
        assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= columns for line in drawn_lines)
    assert "Make this window 65 columns wide" in many.text(columns=64, now_ms=NOW, zone=UTC)
    assert "\x1b" not in many.text(columns=None, now_ms=NOW, zone=UTC)


def test_in_a_narrow_window_the_code_names_one_address_but_is_the_same_code() -> None:
    many = PairCode(_answer(urls=8), LAN)
    shorter = decode(many._shorter())
    assert (shorter.url, shorter.bootstrap_token, shorter.urls) == (many.code.url, TOKEN, ())
    assert shorter.tls_fingerprint == "ab" * 32


def test_a_gateway_that_only_this_machine_reaches_names_itself_and_the_command_that_opens_it() -> None:
    assert request(HOME, None, None) == {"publicUrl": "ws://127.0.0.1:18789"}
    assert request(HOME, "limited", "wss://box.example") == {
        "bootstrapProfile": "limited",
        "publicUrl": "wss://box.example",
    }
    assert request(LAN, "full", None) == {}
    code = PairCode(_answer(), HOME)
    assert "homarus config set gateway.bind lan" in code.text(columns=None, now_ms=NOW, zone=UTC)
    assert code.document()["openLan"] == "homarus config set gateway.bind lan"
    tunnel = PairCode(_answer(), HOME, own_url=True)
    assert "gateway.bind" not in tunnel.text(columns=None, now_ms=NOW, zone=UTC)
    assert not tunnel.document()["loopbackOnly"]


def test_a_code_that_was_made_smaller_says_why() -> None:
    code = PairCode(_answer("limited", accessDowngraded=True), LAN)
    text = code.text(columns=None, now_ms=NOW, zone=UTC)
    assert "limited access only" in text
    assert "`" not in text.split("gateway.tls")[0][-10:], "the command stands on a line of its own"


def test_a_node_gets_its_command_and_a_browser_its_link_only() -> None:
    node = PairCode(_answer("node"), LAN).text(columns=120, now_ms=NOW, zone=UTC)
    assert f"homarus node run --pair {_answer()['setupCode']}" in node
    assert "\x1b" not in node
    page = PairCode(_answer(), LAN, page_only=True).text(columns=120, now_ms=NOW, zone=UTC)
    assert "the app on the phone" not in page
    assert "into the app" not in page
    assert "#bootstrapToken=" in page


def test_json_has_the_promised_members() -> None:
    document = PairCode(_answer(urls=2, gatewayUrls=["a", "b"]), LAN).document()
    assert document["setupCode"] == _answer(urls=2)["setupCode"]
    assert (document["url"], document["expiresAtMs"]) == ("wss://192.168.1.20:18789", NOW + 600_000)
    assert document["urls"] == ["a", "b"]


class _Events:
    """A connection that has these events and then nothing more."""

    def __init__(self, *events: Event) -> None:
        self._events = list(events)

    def events(self) -> AsyncIterator[Event]:
        return self

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        if not self._events:
            await asyncio.Event().wait()
        return self._events.pop(0)


def _event(name: str, **payload: Any) -> Event:
    return Event(name, payload, 1, False)


async def test_waiting_ends_when_this_code_was_used_and_tells_by_whom() -> None:
    said: list[str] = []
    done = {"deviceId": "d" * 64, "access": "full", "ts": 1}
    connection = _Events(
        _event("tick", ts=1),
        _event("device.pair.requested", requestId="4f2a91c0-1", displayName="Tablet"),
        _event("device.pair.setup.completed", setupId="other", deviceName="Other", **done),
        _event("device.pair.setup.completed", setupId="s1", deviceName="Pixel\x1b 9", **done),
    )
    clock = FakeClock()
    assert await wait_for(connection, "s1", clock.now_ms() + 60_000, clock, said.append) is Exit.OK
    assert said == [
        "Tablet asks without the code: let it in with `homarus devices approve 4f2a91c0`",
        "paired: Pixel? 9 (full access)",
    ]


async def test_waiting_ends_with_the_code() -> None:
    said: list[str] = []
    clock = FakeClock()
    assert await wait_for(_Events(), "s1", clock.now_ms() - 1, clock, said.append) is Exit.TIMEOUT
    assert "`homarus pair`" in said[0]


def test_a_device_that_may_not_have_heard_is_told_apart() -> None:
    event = _event("device.pair.setup.deliveryUncertain", setupId="s1", deviceId="d" * 64, access="node", ts=1)
    line = told(event, "s1")
    assert line is not None
    assert line.startswith("paired: device dddddddd (a node)")
    assert "make a new code" in line
