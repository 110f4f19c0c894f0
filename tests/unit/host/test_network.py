"""A default route is found in the tables of the kernel, and only one that leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.host.network import RouteReader

_HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
_DEFAULT = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
_NEAR = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
_ZERO_NET = "eth0\t00000000\t00000000\t0001\t0\t0\t100\t000000FF\t0\t0\t0\n"
_DOWN = "eth0\t00000000\t0101A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n"
_NONE6 = "0" * 32
_NEXT = "fe800000000000000000000000000001"
_DEFAULT6 = f"{_NONE6} 00 {_NONE6} 00 {_NEXT} 00000400 00000001 00000000 00000003     eth0\n"
_REJECT6 = f"{_NONE6} 00 {_NONE6} 00 {_NONE6} ffffffff 00000001 00000000 00200200       lo\n"
_REJECT6_ETH = f"{_NONE6} 00 {_NONE6} 00 {_NONE6} ffffffff 00000001 00000000 00200201     eth0\n"


def reader(root: Path, v4: str | None, v6: str | None) -> RouteReader:
    net = root / "proc/net"
    net.mkdir(parents=True)
    for name, text in (("route", v4), ("ipv6_route", v6)):
        if text is not None:
            (net / name).write_text(text)
    return RouteReader(root)


@pytest.mark.parametrize(
    ("v4", "v6", "found"),
    [
        (_HEAD + _NEAR + _DEFAULT, None, True),
        (_HEAD + _NEAR, _REJECT6 + _DEFAULT6, True),
        (_HEAD + _NEAR, _REJECT6, False),
        (_HEAD + _NEAR, _REJECT6_ETH, False),
        (_HEAD + _ZERO_NET + _DOWN, None, False),
        (_HEAD, "", False),
        (None, None, None),
        ("eth0 zz\n\0\n" + "eth0\t00000000\t0\tzz\t0\t0\t0\t00000000\t0\n", "x y\n", False),
    ],
)
def test_the_tables_tell_whether_there_is_a_way_out(
    tmp_path: Path, v4: str | None, v6: str | None, found: bool | None
) -> None:
    assert reader(tmp_path, v4, v6).has_default_route() is found


def test_this_machine_can_be_read() -> None:
    assert RouteReader().has_default_route() in (True, False, None)
