from __future__ import annotations

import ipaddress

import pytest

from appliance.gateway.transport.peer import Peer, classify

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.1/32"))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_without_forwarding_is_direct_local(address: str) -> None:
    assert classify(address, {"host": "evil.test"}, ()) == Peer(address, direct_local=True)


def test_another_machine_is_not_local() -> None:
    assert classify("192.0.2.1", {}, ()) == Peer("192.0.2.1", direct_local=False)


@pytest.mark.parametrize(
    "header", ["x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-proto", "tailscale-user-login"]
)
def test_forwarding_headers_of_a_stranger_are_rejected_even_on_loopback(header: str) -> None:
    peer = classify("127.0.0.1", {header: "127.0.0.1"}, ())
    assert peer.rejected
    assert not peer.direct_local


@pytest.mark.parametrize(
    ("forwarded", "remote"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("nonsense", "10.0.0.1"),
    ],
)
def test_a_trusted_proxy_names_the_client_that_it_saw(forwarded: str, remote: str) -> None:
    peer = classify("10.0.0.1", {"x-forwarded-for": forwarded}, PROXIES)
    assert (peer.remote, peer.direct_local, peer.rejected) == (remote, False, False)


def test_a_client_behind_a_proxy_on_this_machine_is_remote() -> None:
    assert not classify("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, PROXIES).direct_local


def test_what_others_on_the_network_cannot_read_is_secure() -> None:
    https = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    assert classify("127.0.0.1", {}, ()).secure
    assert Peer("unix", direct_local=True, control=True).secure
    assert classify("192.0.2.1", {}, (), tls=True).secure
    assert not classify("192.0.2.1", {}, ()).secure
    assert classify("127.0.0.1", https, PROXIES).secure
    assert classify("10.0.0.1", https, PROXIES, tls=True).secure
    assert not classify("10.0.0.1", https, PROXIES).secure  # between the proxy and us anybody can listen
    assert not classify("127.0.0.1", {**https, "x-forwarded-proto": "http"}, PROXIES).secure
    assert not classify("127.0.0.1", {**https, "x-forwarded-proto": "https, http"}, PROXIES).secure
