"""The page of a box that nobody has paired yet: what everybody may read, and who may choose its Wi-Fi."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from aiohttp import web

from appliance.gateway.bearer import Bearer
from appliance.gateway.http.setup_page import Page, Sparing
from appliance.gateway.http.setup_words import WORDS
from appliance.host.request import HostAbsent, HostError
from tests.fakes.clock import FakeClock
from tests.fakes.wire import Gateway, gateway

_HEARD = [{"name": "home & <b>", "ssidHex": "686f6d65", "strength": 70, "secured": True}]


class _Host:
    """Root's service: what it says of the Wi-Fi, and what it was asked to join."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = {"phase": "setup", "networks": _HEARD, "setupNetwork": "127.0.0.0/8"}
        self.joined: list[Mapping[str, object]] = []
        self.refuses = ""

    async def ask(self, verb: str, params: Mapping[str, object]) -> Mapping[str, Any]:
        if self.state is None:
            raise HostAbsent
        if verb == "wifi.state":
            return self.state
        if self.refuses:
            raise HostError("wifi_wish", self.refuses)
        self.joined.append(params)
        return {}


@pytest.fixture
def host() -> _Host:
    return _Host()


@pytest.fixture
async def box(tmp_path: Path, host: _Host) -> AsyncIterator[Gateway]:
    mistakes = ['homarus.toml: time_zone: is no "zone" <script>.']

    def routes(bearer: Bearer) -> list[web.RouteDef]:
        return Page(bearer, lambda: "homarus-1a2b", lambda: mistakes, host.ask).routes()

    async with gateway(tmp_path, routes=routes) as running:
        yield running


async def _get(box: Gateway, language: str = "en") -> str:
    async with box.http.get(f"{box.url}/setup", headers={"Accept-Language": language}) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        return await answer.text()


async def _post(box: Gateway, headers: Mapping[str, str] = {}, **fields: str) -> tuple[int, str]:
    async with box.http.post(f"{box.url}/setup", data=fields, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_mistakes_of_the_card_are_shown_to_who_has_no_code_yet_and_are_text(box: Gateway, host: _Host) -> None:
    host.state = None
    text = await _get(box)
    assert "time_zone: is no &quot;zone&quot; &lt;script&gt;" in text
    assert "<script" not in text
    assert "<form" not in text
    assert "homarus pair" in text


async def test_through_the_own_network_the_wifi_is_chosen(box: Gateway, host: _Host) -> None:
    text = await _get(box)
    assert "home &amp; &lt;b&gt; (70 %)" in text
    status, said = await _post(box, ssidHex="686f6d65", ssid="", password="correct horse", country="de")
    assert (status, host.joined) == (200, [{"ssidHex": "686f6d65", "password": "correct horse", "country": "de"}])
    assert "tries home now" in said
    assert "correct horse" not in said
    await _post(box, ssidHex="", ssid="hidden one", password="")
    assert host.joined[-1] == {"ssid": "hidden one", "hidden": True}


async def test_through_another_network_it_is_not(box: Gateway, host: _Host) -> None:
    for state in ({"setupNetwork": "10.42.0.0/24"}, {"phase": "ended"}, None):
        host.state = state
        assert "<form" not in await _get(box)
        assert (await _post(box, ssidHex="686f6d65"))[0] == 403
    assert not host.joined


async def test_a_page_of_somebody_else_chooses_nothing(box: Gateway, host: _Host) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        assert (await _post(box, headers, ssidHex="686f6d65"))[0] == 403
    assert (await _post(box, {"Origin": box.url}, ssidHex="686f6d65"))[0] == 200
    assert len(host.joined) == 1


async def test_what_went_wrong_is_said_in_the_language_of_the_reader(box: Gateway, host: _Host) -> None:
    assert host.state is not None
    host.state["result"] = "wrong_password"
    assert "Das Passwort wurde abgelehnt" in await _get(box, "de-AT,de;q=0.9")
    host.refuses = "That is no country."
    status, text = await _post(box, ssidHex="686f6d65", country="xx")
    assert status == 400
    assert "That is no country." in text
    assert "<form" in text


@pytest.mark.parametrize("development", [True, False])
async def test_an_image_with_development_keys_says_so_to_everybody(
    tmp_path: Path, host: _Host, development: bool
) -> None:
    host.state = None

    def routes(bearer: Bearer) -> list[web.RouteDef]:
        return Page(bearer, lambda: "homarus-1a2b", list, host.ask, development).routes()

    async with gateway(tmp_path, routes=routes) as running:
        assert ("development keys" in await _get(running)) == development
        host.state = {"result": "wrong_password", "setupNetwork": "127.0.0.0/8"}
        assert "The password was refused" in await _get(running)


async def test_a_form_has_a_bound(box: Gateway, host: _Host) -> None:
    assert (await _post(box, ssid="x", password="y" * 4060))[0] == 200
    assert (await _post(box, ssid="x", password="y" * 4200))[0] == 413
    assert (await _post(box, ssidHex="zz"))[0] == 200  # the service refuses it, the page does not break


async def test_however_often_the_page_is_read_root_is_asked_every_two_seconds(host: _Host) -> None:
    clock, asked = FakeClock(), 0

    async def ask(verb: str, params: Mapping[str, object]) -> Mapping[str, Any]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return await host.ask(verb, params)

    sparing = Sparing(ask, clock)
    assert await asyncio.gather(*(sparing("wifi.state", {}) for _ in range(50))) == [host.state] * 50
    assert asked == 1
    host.state = None  # the service does not answer any more
    clock.advance(1.9)
    assert await sparing("wifi.state", {}) != {}
    clock.advance(0.2)
    assert await asyncio.gather(*(sparing("wifi.state", {}) for _ in range(50))) == [{}] * 50
    assert asked == 2
    host.state = {"phase": "setup"}
    await sparing("wifi.join", {"ssidHex": "686f6d65"})
    assert await sparing("wifi.state", {}) == host.state


@pytest.mark.parametrize("language", ["de", "fr"])
def test_every_language_says_the_same(language: str) -> None:
    def places(words: Mapping[str, str]) -> dict[str, set[str]]:
        return {key: {one[1] for one in Formatter().parse(text) if one[1]} for key, text in words.items()}

    assert places(WORDS[language]) == places(WORDS["en"])
