"""The tailnet as a door: served, taken back, and who is believed to be whom."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.daemon.reach.exposure import Exposed
from appliance.daemon.reach.tailnet import UNSERVED, ServedByTailscale, WhoInTailnet
from appliance.gateway.admission.credential import Rules, Visitor
from appliance.gateway.reach import Exposure
from appliance.gateway.server import ServerSettings
from appliance.gateway.transport.peer import Peer, classify
from appliance.health import HealthTracker
from appliance.host.tailscale import LocalApi, TailscaleError
from appliance.protocol.roles import ADMIN, READ, WRITE
from tests.fakes.clock import FakeClock
from tests.fakes.tailscaled import NAME, PHONE, Tailscaled, tailscaled
from tests.fakes.wire import RULES, DeviceKey, connect_params, gateway

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
OURS = {"/": {"Proxy": "http://127.0.0.1:18789"}}


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Tailscaled]:
    async with tailscaled(tmp_path) as fake:
        yield fake


async def test_the_status_names_this_machine(daemon: Tailscaled) -> None:
    me = await LocalApi(daemon.socket).status()
    assert (me.name, me.addresses, me.certificates) == (NAME, ("100.64.0.7",), True)
    daemon.state = "NeedsLogin"
    with pytest.raises(TailscaleError, match="tailscale up"):
        await LocalApi(daemon.socket).status()


async def test_without_a_daemon_the_error_names_the_socket_and_the_fix(tmp_path: Path) -> None:
    with pytest.raises(TailscaleError, match=r"no\.sock.*operator"):
        await LocalApi(tmp_path / "no.sock").status()
    assert await LocalApi(tmp_path / "no.sock").login(PHONE) is None


async def test_serving_keeps_what_else_is_served_and_is_taken_back_alone(daemon: Tailscaled) -> None:
    other = {"Handlers": {"/photos": {"Path": "/srv/photos"}}}
    daemon.serve = {"TCP": {"443": {"HTTPS": True}}, "Web": {f"{NAME}:443": other}, "AllowFunnel": {}}
    api = LocalApi(daemon.socket)
    await api.serve(NAME, 18789)
    assert daemon.serve["Web"][f"{NAME}:443"]["Handlers"] == {**other["Handlers"], **OURS}
    before = len(daemon.asked)
    await api.serve(NAME, 18789)
    assert daemon.asked[before:] == ["serve-config"]  # it was looked at, not written
    await api.unserve(NAME, 18789)
    assert daemon.serve["Web"] == {f"{NAME}:443": other}
    assert daemon.serve["TCP"] == {"443": {"HTTPS": True}}


async def test_serving_alone_leaves_nothing_behind(daemon: Tailscaled) -> None:
    api = LocalApi(daemon.socket)
    await api.serve(NAME, 18789)
    assert daemon.serve == {"TCP": {"443": {"HTTPS": True}}, "Web": {f"{NAME}:443": {"Handlers": OURS}}}
    await api.unserve(NAME, 18789)
    assert daemon.serve == {"TCP": {}, "Web": {}}


async def test_something_else_that_is_served_is_not_replaced(daemon: Tailscaled) -> None:
    mine = {"Web": {f"{NAME}:443": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:3000"}}}}}
    daemon.serve = mine
    api = LocalApi(daemon.socket)
    with pytest.raises(TailscaleError, match="serve reset"):
        await api.serve(NAME, 18789)
    await api.unserve(NAME, 18789)
    assert daemon.serve == mine


async def test_a_gateway_says_that_it_is_served_and_what_is_in_the_way(daemon: Tailscaled, tmp_path: Path) -> None:
    tracker, exposed = HealthTracker(lambda: None), Exposed(ServerSettings(RULES), Exposure())
    served = ServedByTailscale(LocalApi(daemon.socket), exposed, clock=FakeClock(), tracker=tracker)
    reach = exposed.reachable(lambda: 18789)
    daemon.certificates = False
    await served.look(18789)
    assert [one.code for one in tracker.conditions()] == [UNSERVED]
    assert reach().loopback_only
    daemon.certificates, daemon.refuse = True, True
    await served.look(18789)
    assert "access denied" in tracker.conditions()[0].summary
    daemon.refuse = False
    await served.look(18789)
    assert not tracker.conditions()
    assert (reach().urls, reach().fingerprint) == ((f"wss://{NAME}",), None)
    await served.aclose()
    assert daemon.serve == {"TCP": {}, "Web": {}}


def proc(folder: Path, uid: int, port: int = 4711) -> Path:
    """Tables of a kernel in which the connection from 127.0.0.1:`port` belongs to `uid`."""
    net = folder / "proc/net"
    net.mkdir(parents=True)
    row = f"0100007F:{port:04X} 0100007F:4965 01 00000000:00000000 00:00000000 00000000 {uid:5d} 0 1 1"
    (net / "tcp").write_text(f"  sl  local_address rem_address   st\n   0: {row}\n")
    return folder / "proc"


def by_proxy(login: str = "ada@example.org", client: str = PHONE) -> tuple[Peer, dict[str, str]]:
    headers = {"x-forwarded-for": client, "x-forwarded-proto": "https", "tailscale-user-login": login}
    return classify("127.0.0.1", headers, LOOPBACK), headers


SOURCE = ("127.0.0.1", 4711)


@pytest.mark.parametrize("user", [0, os.getuid()])
async def test_the_proxy_of_the_daemon_is_believed_when_the_daemon_agrees(
    daemon: Tailscaled, tmp_path: Path, user: int
) -> None:
    who = WhoInTailnet(LocalApi(daemon.socket), proc=proc(tmp_path, user))
    peer, headers = by_proxy()
    assert await who(peer, headers, SOURCE) == Visitor("ada@example.org")
    assert (peer.remote, peer.secure, peer.direct_local) == (PHONE, True, False)


async def test_a_header_that_the_daemon_does_not_confirm_is_worth_nothing(daemon: Tailscaled, tmp_path: Path) -> None:
    who = WhoInTailnet(LocalApi(daemon.socket), proc=proc(tmp_path, 0))
    for peer, headers in (
        by_proxy("eve@example.org"),  # another name than the address has
        by_proxy("ada@example.org", "100.99.99.99"),  # an address that nobody has
        by_proxy("ada@example.org", "192.168.1.9"),  # one outside the tailnet
        by_proxy("", PHONE),
    ):
        assert await who(peer, headers, SOURCE) is None
    daemon.tagged.add(PHONE)  # a server with a tag is no person
    peer, headers = by_proxy()
    assert await who(peer, headers, SOURCE) is None


async def test_another_user_of_this_machine_cannot_pass_for_the_proxy(daemon: Tailscaled, tmp_path: Path) -> None:
    peer, headers = by_proxy()
    stranger = WhoInTailnet(LocalApi(daemon.socket), proc=proc(tmp_path, os.getuid() + 1001))
    assert await stranger(peer, headers, SOURCE) is None
    assert await stranger(peer, headers, ("127.0.0.1", 4712)) is None
    untrusted = classify("127.0.0.1", headers, ())
    trusting = WhoInTailnet(LocalApi(daemon.socket), proc=proc(tmp_path / "b", 0))
    assert await trusting(untrusted, headers, SOURCE) is None
    assert daemon.asked == []


async def test_a_direct_connection_is_known_by_its_address_and_never_by_a_header(daemon: Tailscaled) -> None:
    who = WhoInTailnet(LocalApi(daemon.socket))
    assert await who(classify(PHONE, {}, ()), {}, (PHONE, 5000)) == Visitor("ada@example.org")
    assert await who(classify("192.168.1.9", {}, ()), {}, ("192.168.1.9", 5000)) is None
    local = {"tailscale-user-login": "ada@example.org"}
    assert await who(classify("192.168.1.9", local, ()), local, ("192.168.1.9", 5000)) is None
    assert await who(Peer("unix", direct_local=True, control=True), {}, None) is None


async def test_only_logins_that_the_owner_names_come_in_once_he_names_any(daemon: Tailscaled) -> None:
    peer = classify(PHONE, {}, ())
    named = WhoInTailnet(LocalApi(daemon.socket), {"Ada@Example.org": (READ,)})
    assert await named(peer, {}, (PHONE, 5000)) == Visitor("ada@example.org", (READ,))
    others = WhoInTailnet(LocalApi(daemon.socket), {"bob@example.org": (READ,)})
    assert await others(peer, {}, (PHONE, 5000)) is None


async def test_who_comes_through_tailscale_needs_no_token_but_the_owners_yes_and_gets_no_more_than_allowed(
    tmp_path: Path,
) -> None:
    async def identify(peer: Peer, headers: object, peername: object) -> Visitor | None:
        return Visitor("ada@example.org", (READ, WRITE))

    rules = Rules(RULES.auth, RULES.origins, auto_approve_local=False)
    key = DeviceKey()
    async with gateway(tmp_path, rules=rules, identify=identify) as box:
        async with box.open() as client:
            params = connect_params("openclaw-tui", "ui", scopes=[ADMIN, READ], token=None)
            answer = await client.connect(params, key)
            details = answer["error"]["details"]
            assert (details["code"], details["requestedScopes"]) == ("PAIRING_REQUIRED", [READ])
        now_ms = box.server._clock.now_ms()
        (request,) = await box.devices.requests(now_ms)
        await box.devices.approve_request(request.request_id, now_ms)
        async with box.open() as client:
            answer = await client.connect(params, key)
            assert answer["ok"], answer
            auth = answer["payload"]["auth"]
            assert (auth["method"], auth["scopes"]) == ("tailscale", [READ])
        async with box.open() as client:  # without a device there is nothing to approve
            answer = await client.connect(connect_params(scopes=[READ], token=None))
            assert answer["ok"]
            assert answer["payload"]["auth"]["scopes"] == []
        async with box.open() as client:  # a wrong secret is wrong, whoever presents it
            answer = await client.connect(connect_params(scopes=[READ], token="wrong"))
            assert answer["error"]["details"]["code"] == "AUTH_TOKEN_MISMATCH"
