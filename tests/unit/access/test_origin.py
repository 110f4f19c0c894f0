from __future__ import annotations

import pytest

from appliance.access.origin import OriginPolicy, own_hosts

POLICY = OriginPolicy(("https://ui.example", "HTTP://Other.example:8080/"), own_hosts(["Box.Example."]))


@pytest.mark.parametrize(
    ("origin", "host", "local", "allowed"),
    [
        ("http://127.0.0.1:18789", "127.0.0.1:18789", True, True),
        ("http://localhost:3000", "127.0.0.1:18789", True, True),
        ("http://[::1]:5173", "localhost:18789", True, True),
        ("http://localhost:3000", "192.168.1.5:18789", False, False),
        ("http://192.168.1.5:18789", "192.168.1.5:18789", False, True),
        ("http://192.168.1.5:18788", "192.168.1.5:18789", False, False),
        ("https://box.local", "box.local:443", False, True),
        ("http://box.example:18789", "box.example:18789", False, True),
        ("https://ui.example", "10.0.0.2:18789", False, True),
        ("http://other.example:8080", "10.0.0.2:18789", False, True),
        ("http://ui.example", "10.0.0.2:18789", False, False),
        ("https://ui.example.evil.test", "10.0.0.2:18789", False, False),
        # DNS rebinding: the page and the Host agree, but the name belongs to a stranger.
        ("http://evil.test:18789", "evil.test:18789", True, False),
        ("http://localhost:3000", "evil.test:18789", True, False),
        # The same by a neighbour, who answers mDNS and LLMNR.
        ("http://evil.local:18789", "evil.local:18789", True, False),
        ("http://evil:18789", "evil:18789", True, False),
        ("http://localhost:3000", "evil.local:18789", True, False),
        ("http://box.example:18789", "box.example:18789", True, True),
        ("http://ui.localhost:18789", "ui.localhost:18789", True, True),
        ("null", "127.0.0.1:18789", True, False),
        ("", "127.0.0.1:18789", True, False),
        ("http://user@127.0.0.1:18789", "127.0.0.1:18789", False, False),
        ("http://[::1", "[::1", False, False),
    ],
)
def test_only_our_own_pages_and_listed_ones_may_connect(origin: str, host: str, local: bool, allowed: bool) -> None:
    assert POLICY.allows_origin(origin, host, direct_local=local) is allowed


def test_a_star_allows_every_origin_but_not_null() -> None:
    policy = OriginPolicy(("*",))
    assert policy.allows_origin("https://anything.test", "127.0.0.1", direct_local=False)
    assert not policy.allows_origin("null", "127.0.0.1", direct_local=False)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:18789", True),
        ("[fe80::1]:18789", True),
        ("localhost", True),
        ("box", True),
        ("box.local:18789", True),
        ("box.tail1234.ts.net", True),
        ("box.example", True),
        ("ui.example", True),
        ("evil.test:18789", False),
        ("", False),
        ("[::1", False),
    ],
)
def test_hosts_that_a_stranger_could_point_here_are_refused(host: str, allowed: bool) -> None:
    assert POLICY.allows_host(host) is allowed


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:18789", True),
        ("[::1]:18789", True),
        ("localhost:18789", True),
        ("box.example", True),
        ("ui.example", True),
        ("evil", False),
        ("evil.local:18789", False),
        ("evil.lan", False),
    ],
)
def test_on_this_machine_a_neighbour_points_no_name_here(host: str, allowed: bool) -> None:
    assert POLICY.allows_host(host, direct_local=True) is allowed
