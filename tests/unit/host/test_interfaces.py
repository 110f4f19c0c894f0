"""Addresses of this machine, asked of the real kernel."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest

from appliance.host.interfaces import Address, addresses, is_tailnet
from appliance.host.network import RouteReader


def test_the_kernel_tells_loopback_and_what_programs_see() -> None:
    found = addresses()
    assert any(one.interface == "lo" and str(one.ip) == "127.0.0.1" for one in found)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("127.0.0.1", 9))
        except OSError:
            pytest.skip("no route to this machine itself")
        assert asked.getsockname()[0] in {str(one.ip) for one in found}


@pytest.mark.parametrize(
    ("interface", "ip", "inner", "tailnet"),
    [
        ("lo", "127.0.0.1", True, False),
        ("eth0", "192.168.1.5", False, False),
        ("docker0", "172.17.0.1", True, False),
        ("br-0a1b", "172.18.0.1", True, False),
        ("tailscale0", "100.64.0.1", False, True),
        ("eth0", "100.127.255.255", False, True),
        ("eth0", "100.128.0.0", False, False),
        ("utun", "fd7a:115c:a1e0::1", False, True),
    ],
)
def test_addresses_know_who_can_reach_them(interface: str, ip: str, inner: bool, tailnet: bool) -> None:
    one = Address(interface, ipaddress.ip_address(ip))
    assert (one.inner, one.tailnet) == (inner, tailnet)


def test_tailnet_addresses_have_bounds() -> None:
    assert not is_tailnet(ipaddress.ip_address("100.63.255.255"))
    assert not is_tailnet(ipaddress.ip_address("fd7a:115c:a1e1::1"))


def test_the_way_out_is_the_default_route_of_the_lowest_metric(tmp_path: Path) -> None:
    net = tmp_path / "proc/net"
    net.mkdir(parents=True)
    assert RouteReader(tmp_path).default_interface() is None
    (net / "route").write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
    )
    assert RouteReader(tmp_path).default_interface() == "eth0"
