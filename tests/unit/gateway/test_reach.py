"""Where a gateway says it is: the best address first, and a pin wherever its own certificate is shown."""

from __future__ import annotations

import ipaddress

import pytest

from appliance.gateway.reach import MAX_URLS, Exposure, Reach, Reachable
from appliance.host.interfaces import Address

PIN = "ab" * 32
HOME = (
    ("lo", "127.0.0.1"),
    ("lo", "::1"),
    ("docker0", "172.17.0.1"),
    ("wlan0", "192.168.1.9"),
    ("eth0", "192.168.1.5"),
    ("eth0", "fe80::1"),
    ("eth0", "fd00::5"),
    ("tailscale0", "100.101.102.103"),
)


def reach(exposure: Exposure, here: tuple[tuple[str, str], ...] = HOME, first: str | None = "eth0") -> Reach:
    found = [Address(name, ipaddress.ip_address(ip)) for name, ip in here]
    return Reachable(lambda: 18789, lambda: exposure, found=lambda: found, first=lambda: first)()


def test_a_loopback_gateway_is_on_this_machine_only() -> None:
    answer = reach(Exposure())
    assert answer == Reach(("ws://127.0.0.1:18789",), None, "gateway.bind=loopback", loopback_only=True)
    assert answer.pages == ("http://127.0.0.1:18789",)


def test_on_the_lan_the_address_of_the_way_out_comes_first_and_guests_of_this_machine_never() -> None:
    answer = reach(Exposure("lan", ("0.0.0.0", "::"), PIN, "kitchen"))
    assert answer.urls == (
        "wss://192.168.1.5:18789",
        "wss://192.168.1.9:18789",
        "wss://kitchen.local:18789",
        "wss://[fd00::5]:18789",
        "wss://100.101.102.103:18789",
    )
    assert (answer.fingerprint, answer.source, answer.loopback_only) == (PIN, "gateway.bind=lan", False)
    assert answer.pages[0] == "https://192.168.1.5:18789"


def test_without_a_certificate_the_addresses_are_plain() -> None:
    answer = reach(Exposure("lan", ("0.0.0.0", "::"), None, "kitchen"), first=None)
    assert {url.split("://")[0] for url in answer.urls} == {"ws"}
    assert answer.fingerprint is None


def test_a_bind_to_one_address_gives_that_address() -> None:
    assert reach(Exposure("custom", ("127.0.0.1", "192.168.1.9"), PIN)).urls == ("wss://192.168.1.9:18789",)
    assert reach(Exposure("custom", ("fd00::5",), PIN)).urls == ("wss://[fd00::5]:18789",)
    ipv4 = reach(Exposure("custom", ("0.0.0.0",), PIN, "kitchen")).urls
    assert "wss://[fd00::5]:18789" not in ipv4
    assert "wss://kitchen.local:18789" in ipv4


@pytest.mark.parametrize(
    ("origin", "url"),
    [("https://box.example", "wss://box.example"), ("http://box.example:8080", "ws://box.example:8080")],
)
def test_a_public_origin_is_the_only_address_and_needs_no_pin(origin: str, url: str) -> None:
    answer = reach(Exposure("lan", ("0.0.0.0",), PIN, public_origin=origin))
    assert (answer.urls, answer.fingerprint, answer.source) == ((url,), None, "gateway.publicOrigin")


def test_a_name_of_the_tailnet_is_the_address_of_a_served_loopback_gateway() -> None:
    answer = reach(Exposure(served="kitchen.tail1234.ts.net"))
    assert answer.urls == ("wss://kitchen.tail1234.ts.net",)
    assert (answer.fingerprint, answer.loopback_only) == (None, False)


def test_a_setup_code_is_never_given_more_addresses_than_it_holds() -> None:
    many = tuple(("eth0", f"10.0.0.{number}") for number in range(1, 30))
    assert len(reach(Exposure("lan", ("0.0.0.0",), PIN), many).urls) == MAX_URLS
