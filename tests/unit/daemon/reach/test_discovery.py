"""What a gateway tells its network, and when it says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.schema import DiscoverySection, MdnsSection
from appliance.daemon.reach.discovery import wanted_beacon
from appliance.daemon.reach.tls import PortTls
from appliance.gateway.reach import Exposure, Reachable
from appliance.identity.certificates.box import BoxCertificates, Names

PIN = "ab" * 32
LAN = Exposure("lan", ("0.0.0.0", "::"), pin=PIN, box="kitchen")
ON = DiscoverySection()


def reach(exposure: Exposure) -> Reachable:
    return Reachable(lambda: 18789, lambda: exposure, found=tuple, first=lambda: None)


@pytest.mark.parametrize(
    "exposure",
    [
        Exposure(),
        Exposure(public_origin="https://box.example"),
        Exposure(served="box.tail1234.ts.net"),
        Exposure(hosts=()),
    ],
    ids=["loopback", "behind a proxy", "served by Tailscale", "closed"],
)
def test_who_cannot_be_reached_on_the_network_is_not_announced(exposure: Exposure) -> None:
    assert wanted_beacon(ON, reach(exposure), {}) is None


def test_who_can_be_reached_is_announced_with_port_and_certificate() -> None:
    told = wanted_beacon(ON, reach(LAN), {"OPENCLAW_MDNS_HOSTNAME": "kitchen.local"})
    assert told is not None
    assert (told.host, told.port, told.txt["gatewayTlsSha256"]) == ("kitchen", 18789, PIN)


def test_a_public_address_does_not_hide_the_certificate_of_the_port() -> None:
    # Whoever found the port on the network meets this certificate there, whatever the world outside is shown.
    exposure = Exposure("lan", ("0.0.0.0",), pin=PIN, public_origin="https://box.example")
    told = wanted_beacon(ON, reach(exposure), {})
    assert told is not None
    assert (told.txt["gatewayTls"], told.txt["gatewayTlsSha256"]) == ("1", PIN)


def test_the_owner_can_have_silence() -> None:
    assert wanted_beacon(DiscoverySection(mdns=MdnsSection(mode="off")), reach(LAN), {}) is None
    assert wanted_beacon(ON, reach(LAN), {"OPENCLAW_DISABLE_BONJOUR": "1"}) is None


def test_only_the_long_form_tells_the_name_in_the_tailnet() -> None:
    exposure = Exposure("lan", ("0.0.0.0",), pin=PIN, served="box.tail1234.ts.net")
    short = wanted_beacon(ON, reach(exposure), {})
    long = wanted_beacon(DiscoverySection(mdns=MdnsSection(mode="full")), reach(exposure), {})
    assert short is not None
    assert long is not None
    assert "tailnetDns" not in short.txt
    assert long.txt["tailnetDns"] == "box.tail1234.ts.net"


def test_another_certificate_is_news_and_the_same_one_is_none(tmp_path: Path) -> None:
    files, names = BoxCertificates(tmp_path), Names("box", ("localhost",), ("127.0.0.1",))
    files.obtain(names, 0)
    shown, heard = PortTls(files.leaf), []
    shown.changed = lambda: heard.append(shown.pin)
    shown.reload()
    assert heard == []
    renewed = files.renew(names, 0)
    shown.reload()
    assert heard == [renewed.pin]
