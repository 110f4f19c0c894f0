"""device.pair.setupCode: which addresses a code names, what it gives there, and how the short link behaves."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appliance.daemon.core import open_database
from appliance.daemon.reach.devices import DeviceDoors
from appliance.daemon.reach.trust import TrustParts, open_trust
from appliance.foundation.paths import StatePaths
from appliance.gateway.bearer import Bearer
from appliance.gateway.http.join import Joins, routes
from appliance.gateway.methods.setup import is_safe, public_url
from appliance.gateway.reach import Reach
from appliance.identity.setup.code import decode
from appliance.identity.setup.profiles import Profile, grant
from appliance.identity.setup.store import Bootstrap
from appliance.protocol.errors import WireError
from tests.fakes.clock import FakeClock
from tests.fakes.wire import Gateway, gateway, small_table
from tests.unit.identity.test_store import _claim

ADMIN, PAIRING = "operator.admin", "operator.pairing"
LAN = Reach(("wss://192.168.1.20:1", "wss://box.local:1"), "ab" * 32, "gateway.bind=lan", loopback_only=False)
HOME = Reach(("ws://127.0.0.1:1",))


@dataclass
class Doors:
    """A gateway whose address the test chooses, with the parts behind it."""

    gateway: Gateway
    trust: TrustParts
    reach: Reach

    async def ask(self, method: str, *scopes: str, **params: Any) -> dict[str, Any]:
        async with self.gateway.connected(*(scopes or (ADMIN,))) as client:
            return await client.request(method, params)

    async def code(self, **params: Any) -> dict[str, Any]:
        answer = await self.ask("device.pair.setupCode", **params)
        assert answer["ok"], answer
        result: dict[str, Any] = answer["payload"]
        return result

    async def refusal(self, **params: Any) -> str:
        answer = await self.ask("device.pair.setupCode", **params)
        assert not answer["ok"], answer
        return str(answer["error"]["message"])


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def doors(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Doors]:
    async with opened(tmp_path, clock) as one:
        yield one


@contextlib.asynccontextmanager
async def opened(root: Path, clock: FakeClock) -> AsyncIterator[Doors]:
    paths = StatePaths.from_environment({"HOMARUS_STATE_DIR": str(root / "state")})
    paths.root.mkdir(parents=True)
    database = await open_database(paths, clock)
    trust = await open_trust(database, clock)
    table = small_table()
    async with gateway(root, table=table, clock=clock) as running:
        found = Doors(running, trust, LAN)
        for method in DeviceDoors(trust, running.server, clock, lambda: found.reach).methods():
            table.register(method)
        yield found
    await database.aclose()


async def test_a_code_names_every_address_the_best_first_and_the_certificate_to_pin(doors: Doors) -> None:
    answer = await doors.code()
    code = decode(answer["setupCode"])
    assert (code.url, code.urls, code.tls_fingerprint) == (LAN.urls[0], LAN.urls, "ab" * 32)
    assert (answer["gatewayUrl"], answer["gatewayUrls"]) == (LAN.urls[0], list(LAN.urls))
    assert (answer["access"], answer["auth"], answer["urlSource"]) == ("full", "token", "gateway.bind=lan")
    assert "accessDowngraded" not in answer
    assert answer["expiresAtMs"] == code.expires_at_ms
    assert doors.trust.setup.find(code.bootstrap_token, answer["expiresAtMs"] - 1) is not None


async def test_full_rights_do_not_travel_where_others_can_read(doors: Doors) -> None:
    doors.reach = replace(LAN, urls=(LAN.urls[0], "ws://192.168.1.20:1"))
    answer = await doors.code()
    assert (answer["access"], answer["accessDowngraded"]) == ("limited", True)
    found = doors.trust.setup.find(decode(answer["setupCode"]).bootstrap_token, doors.gateway.server._clock.now_ms())
    assert found is not None
    assert found.profile is Profile.LIMITED
    node = await doors.code(bootstrapProfile="node")
    assert node["access"] == "node"
    assert "accessDowngraded" not in node


async def test_a_gateway_for_this_machine_alone_says_how_to_open_it(doors: Doors) -> None:
    doors.reach = HOME
    assert "`homarus config set gateway.bind lan`" in await doors.refusal()
    answer = await doors.code(publicUrl="ws://127.0.0.1:1")
    assert (answer["access"], answer["urlSource"]) == ("full", "publicUrl")
    doors.reach = replace(LAN, urls=())
    assert "connect the box to the network" in await doors.refusal()


async def test_a_named_address_is_the_only_one_and_pins_nothing_that_is_not_ours(doors: Doors) -> None:
    answer = await doors.code(publicUrl="https://box.example:8443/home/")
    code = decode(answer["setupCode"])
    assert (code.url, code.urls, code.tls_fingerprint) == ("wss://box.example:8443/home", (), None)
    own = decode((await doors.code(publicUrl=LAN.urls[0]))["setupCode"])
    assert own.tls_fingerprint == "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        *(
            "box",
            "ftp://box",
            "wss://",
            "wss://a:b@box",
            "wss://box?x=1",
            "wss://box#x",
            "wss://box:0",
            "wss://box:99999",
        ),
        *("ws://box.example", "ws://8.8.8.8:1", "http://[2001:4860::1]", "ws://box.tail1.ts.net"),
    ],
)
def test_an_address_that_is_none_or_that_strangers_could_read_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        public_url(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (" WSS://Box.Example/ ", "wss://box.example"),
        ("ws://192.168.1.5:18789", "ws://192.168.1.5:18789"),
        ("http://box.local:1/", "ws://box.local:1"),
        ("ws://[fe80::1]:1", "ws://[fe80::1]:1"),
        ("ws://localhost:1", "ws://localhost:1"),
    ],
)
def test_an_address_is_kept_in_the_form_of_the_wire(text: str, url: str) -> None:
    assert public_url(text) == url


def test_safe_is_what_nobody_on_the_way_reads() -> None:
    assert all(map(is_safe, ("wss://192.168.1.5", "ws://127.0.0.1:1", "ws://[::1]:1", "ws://localhost")))
    assert not any(map(is_safe, ("ws://192.168.1.5", "ws://box.local", "ws://localhost.evil.example")))


async def test_a_picture_of_the_code_is_a_png_of_bounded_size(doors: Doors) -> None:
    doors.reach = replace(LAN, urls=tuple(f"wss://[fd00:1234:5678:9abc:def0:1234:5678:{n}]:18789" for n in range(8)))
    url = (await doors.code(includeQr=True))["qrDataUrl"]
    assert len(url) <= 16384
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


async def test_only_an_admin_makes_codes(doors: Doors) -> None:
    for method, params in (
        ("device.pair.setupCode", {}),
        ("device.pair.setupStatus", {"setupId": "x"}),
        ("homarus.pair.cancel", {"setupId": "x"}),
        ("homarus.reach", {}),
        ("homarus.recovery.new", {}),
    ):
        answer = await doors.ask(method, PAIRING, "operator.write", **params)
        assert answer["error"]["message"] == "missing scope: operator.admin"


async def spend(doors: Doors, answer: dict[str, Any], *, certain: bool = True) -> None:
    token = decode(answer["setupCode"]).bootstrap_token
    claim = _claim(role="node", display_name="Pixel 9")
    now_ms = doors.gateway.server._clock.now_ms()
    assert await doors.trust.setup.redeem(
        Bootstrap(answer["setupId"], Profile.FULL), token, claim, grant(Profile.FULL), now_ms
    )
    await doors.trust.setup.delivered(answer["setupId"], certain=certain)


@pytest.mark.parametrize("certain", [True, False])
async def test_who_made_a_code_hears_who_used_it(doors: Doors, certain: bool) -> None:
    answer = await doors.code()
    assert (await doors.ask("device.pair.setupStatus", setupId=answer["setupId"]))["payload"] == {}
    async with doors.gateway.connected(ADMIN) as owner:
        await spend(doors, answer, certain=certain)
        name = "completed" if certain else "deliveryUncertain"
        heard = (await owner.event(f"device.pair.setup.{name}"))["payload"]
    assert (heard["setupId"], heard["deviceName"], heard["access"]) == (answer["setupId"], "Pixel 9", "full")
    status = (await doors.ask("device.pair.setupStatus", setupId=answer["setupId"]))["payload"]
    assert status == {"completion" if certain else "deliveryUncertain": heard}
    assert (await doors.ask("device.pair.setupStatus", setupId="unknown"))["payload"] == {}


async def test_a_code_can_be_taken_back(doors: Doors) -> None:
    answer = await doors.code()
    cancelled = await doors.ask("homarus.pair.cancel", setupId=answer["setupId"])
    assert cancelled["payload"]["cancelled"] is True
    token = decode(answer["setupCode"]).bootstrap_token
    assert doors.trust.setup.find(token, doors.gateway.server._clock.now_ms()) is None
    again = await doors.ask("homarus.pair.cancel", setupId=answer["setupId"])
    assert again["payload"]["cancelled"] is False


async def test_reach_says_where_to_whom_and_how_to_open_it(doors: Doors) -> None:
    here = (await doors.ask("homarus.reach"))["payload"]
    assert here["pages"] == ["https://192.168.1.20:1/", "https://box.local:1/"]
    assert here["trustPage"] == "https://192.168.1.20:1/trust"
    assert "openLan" not in here
    doors.reach = HOME
    here = (await doors.ask("homarus.reach"))["payload"]
    assert (here["loopbackOnly"], here["openLan"]) == (True, "homarus config set gateway.bind lan")
    assert "tlsFingerprint" not in here


async def test_a_new_recovery_code_ends_the_one_before(doors: Doors) -> None:
    first = (await doors.ask("homarus.recovery.new"))["payload"]["recoveryCode"]
    second = (await doors.ask("homarus.recovery.new"))["payload"]["recoveryCode"]
    assert not doors.trust.recovery.matches(first)
    assert doors.trust.recovery.matches(second)


async def test_a_short_link_lives_as_long_as_its_code(doors: Doors, clock: FakeClock) -> None:
    joins = Joins(doors.trust.setup, clock)
    spent, expired = await doors.code(), await doors.code()
    links = [joins.add(one["setupCode"], one["setupId"], "wss://box.local:1") for one in (spent, expired)]
    assert links[0].startswith("https://box.local:1/j/")
    names = [link.rsplit("/", 1)[1] for link in links]
    assert [joins.find(name) for name in names] == [spent["setupCode"], expired["setupCode"]]
    await spend(doors, spent)
    assert joins.find(names[0]) is None
    clock.advance(600.0)
    assert joins.find(names[1]) is None
    assert joins.find("never") is None


async def test_short_links_are_bounded(doors: Doors, clock: FakeClock) -> None:
    numbers = iter(range(100))
    joins = Joins(doors.trust.setup, clock, lambda: f"n{next(numbers)}")
    answer = await doors.code()
    for _ in range(33):
        joins.add(answer["setupCode"], answer["setupId"], "ws://127.0.0.1:1")
    assert joins.find("n0") is None, "the oldest made room"
    assert joins.find("n1") == joins.find("n32") == answer["setupCode"]


async def test_a_short_link_is_not_answered_where_others_could_read_it(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path / "codes", clock) as doors:
        joins = Joins(doors.trust.setup, clock)
        answer = await doors.code()
        path = "/j/" + joins.add(answer["setupCode"], answer["setupId"], "ws://127.0.0.1:1").rsplit("/", 1)[1]
        proxies = (ipaddress.ip_network("127.0.0.1/32"),)

        def links(bearer: Bearer) -> list[web.RouteDef]:
            return routes(bearer=bearer, joins=joins)

        (tmp_path / "plain").mkdir()
        async with gateway(tmp_path / "plain", clock=clock, routes=links, trusted_proxies=proxies) as running:
            for headers, status in (
                ({}, 200),
                ({"X-Forwarded-For": "192.168.1.9", "X-Forwarded-Proto": "http"}, 403),
                ({"X-Forwarded-For": "192.168.1.9", "X-Forwarded-Proto": "https"}, 200),
            ):
                async with running.http.get(running.url + path, headers=headers) as response:
                    assert response.status == status
                    assert (answer["setupCode"] in await response.text()) == (status == 200)
