"""The section `gateway` made real: where it listens, and with which certificate."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from pathlib import Path

import pytest

from appliance.access.shared import AuthMode, SharedAuth
from appliance.config.errors import Refused
from appliance.config.load import load_text
from appliance.config.sections.gateway import GatewaySection
from appliance.daemon.access_rules import ExposureError
from appliance.daemon.reach.exposure import NO_CERTIFICATE, NO_TAILNET, Exposed, expose, names_of
from appliance.daemon.reach.tls import RENEWED
from appliance.foundation.clock import SystemClock
from appliance.gateway.reach import Exposure
from appliance.health import HealthTracker
from appliance.host.interfaces import Address
from appliance.identity.certificates.box import RENEW_BEFORE_MS, BoxCertificates, Names, der_of
from tests.fakes.clock import FakeClock

AUTH = SharedAuth(AuthMode.TOKEN, token="a-token-that-is-long-enough")
HERE = (
    Address("lo", ipaddress.ip_address("127.0.0.1")),
    Address("eth0", ipaddress.ip_address("192.168.1.5")),
    Address("eth0", ipaddress.ip_address("203.0.113.9")),
    Address("tailscale0", ipaddress.ip_address("100.101.102.103")),
)


def section(text: str, folder: Path) -> GatewaySection:
    loaded = load_text(f"{{gateway: {text}}}", {}, folder=folder)
    assert not isinstance(loaded.config.gateway, Refused), loaded.issues
    return loaded.config.gateway


def exposed(text: str, folder: Path, tracker: HealthTracker | None = None, here: tuple[Address, ...] = HERE) -> Exposed:
    return expose(
        section(text, folder),
        AUTH,
        port=None,
        control_socket=folder / "s",
        tls_folder=folder / "tls",
        clock=SystemClock(),
        tracker=tracker or HealthTracker(lambda: None),
        found=lambda: here,
    )


def test_by_default_it_listens_on_this_machine_and_makes_no_certificate(tmp_path: Path) -> None:
    made = exposed("{}", tmp_path)
    assert (made.settings.hosts, made.settings.tls, made.box) == (("127.0.0.1",), None, None)
    assert not (tmp_path / "tls").exists()
    assert made.reachable(lambda: 1)().loopback_only


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("{bind: 'lan'}", ("0.0.0.0", "::")),
        ("{bind: 'custom', customBindHost: '192.168.1.5'}", ("127.0.0.1", "192.168.1.5")),
        ("{bind: 'tailnet'}", ("127.0.0.1", "100.101.102.103")),
        ("{bind: 'auto'}", ("127.0.0.1", "100.101.102.103")),
    ],
)
def test_beyond_this_machine_it_speaks_tls_with_its_own_certificate(
    tmp_path: Path, text: str, hosts: tuple[str, ...]
) -> None:
    made = exposed(text, tmp_path)
    assert made.settings.hosts == hosts
    assert made.tls is not None
    assert made.settings.tls is made.tls
    pin = hashlib.sha256(der_of(tmp_path / "tls/leaf.pem")).hexdigest()
    reach = made.reachable(lambda: 18789)()
    assert (reach.fingerprint, reach.loopback_only) == (pin, False)
    assert all(url.startswith("wss://") for url in reach.urls)


@pytest.mark.parametrize("text", ["{bind: 'tailnet'}", "{bind: 'auto'}"])
def test_without_a_tailnet_only_this_machine_is_served(tmp_path: Path, text: str) -> None:
    made = exposed(text, tmp_path, here=HERE[:2])
    assert (made.settings.hosts, made.tls) == (("127.0.0.1",), None)


def test_the_owner_may_want_tls_on_loopback_or_none_on_the_lan(tmp_path: Path) -> None:
    assert exposed("{tls: {enabled: true}}", tmp_path).tls is not None
    assert exposed("{bind: 'lan', tls: {enabled: false}}", tmp_path).tls is None
    assert exposed("{bind: 'lan', tls: {autoGenerate: false}}", tmp_path).tls is None


def test_the_owners_own_certificate_is_shown_instead(tmp_path: Path) -> None:
    leaf = BoxCertificates(tmp_path / "mine").obtain(Names("mine", ("localhost",), ()), 1_795_000_000_000)
    made = exposed(f"{{bind: 'lan', tls: {{certPath: '{leaf.file}', keyPath: '{leaf.file}'}}}}", tmp_path)
    assert made.box is None
    assert made.tls is not None
    assert made.tls.pin == leaf.pin
    assert isinstance(made.tls(), ssl.SSLContext)
    with pytest.raises(ExposureError, match="cannot be loaded"):
        exposed("{bind: 'lan', tls: {certPath: '/no/such', keyPath: '/no/such'}}", tmp_path)


def test_a_damaged_certificate_keeps_the_gateway_on_this_machine_and_says_why(tmp_path: Path) -> None:
    exposed("{bind: 'lan'}", tmp_path)
    (tmp_path / "tls/leaf.pem").write_text("rubbish")
    tracker = HealthTracker(lambda: None)
    made = exposed("{bind: 'lan'}", tmp_path, tracker)
    assert (made.settings.hosts, made.settings.tls) == (("127.0.0.1",), None)
    assert made.reachable(lambda: 1)().loopback_only
    assert [one.code for one in tracker.conditions()] == [NO_CERTIFICATE]


def test_pages_may_use_the_names_of_the_box_and_no_others(tmp_path: Path) -> None:
    origins = exposed("{bind: 'lan', publicOrigin: 'https://box.example.org'}", tmp_path).settings.rules.origins
    assert origins.allows_host("box.example.org")
    assert origins.allows_host("192.168.1.5:18789")
    assert not origins.allows_host("rebound.example.org")
    assert origins.allows_origin("https://box.example.org", "box.example.org", direct_local=False)
    assert not origins.allows_origin("https://evil.example.org", "evil.example.org", direct_local=False)


def test_names_are_those_of_homes_and_addresses_those_an_authority_of_a_home_may_vouch_for(tmp_path: Path) -> None:
    names = names_of("kitchen", section("{publicOrigin: 'https://box.example.org:8443'}", tmp_path), HERE)
    assert names.hosts == (
        "localhost",
        "kitchen",
        "kitchen.local",
        "kitchen.lan",
        "kitchen.home.arpa",
        "kitchen.internal",
        "box.example.org",
    )
    assert names.addresses == ("127.0.0.1", "::1", "192.168.1.5", "100.101.102.103")


async def test_the_certificate_is_renewed_while_the_gateway_runs_and_the_owner_is_told(tmp_path: Path) -> None:
    clock, tracker = FakeClock(), HealthTracker(lambda: None)
    made = expose(
        section("{bind: 'lan'}", tmp_path),
        AUTH,
        port=None,
        control_socket=tmp_path / "s",
        tls_folder=tmp_path / "tls",
        clock=clock,
        tracker=tracker,
        found=lambda: HERE,
    )
    assert made.box is not None
    reachable = made.reachable(lambda: 1)
    before, context = reachable().fingerprint, made.box.port()
    await made.box.look()
    assert reachable().fingerprint == before
    assert not tracker.conditions()
    clock.advance((made.box.leaf.not_after_ms - RENEW_BEFORE_MS - clock.now_ms()) / 1000)
    await made.box.look()
    assert reachable().fingerprint not in (before, None)
    assert made.box.port() is not context
    told = [one for one in tracker.conditions() if one.code == RENEWED]
    assert len(told) == 1
    assert made.box.leaf.pin[:16] in told[0].summary


def test_beyond_means_another_machine_can_connect() -> None:
    assert not Exposure().beyond
    assert not Exposure(hosts=()).beyond
    assert Exposure(hosts=("127.0.0.1", "10.0.0.1")).beyond
    assert Exposure(hosts=("::",)).beyond


def test_a_tailnet_that_is_not_there_is_said_and_nobody_else_gets_in(tmp_path: Path) -> None:
    tracker = HealthTracker(lambda: None)
    home = tuple(one for one in HERE if not one.tailnet)
    assert exposed("{bind: 'tailnet'}", tmp_path, tracker, home).settings.hosts == ("127.0.0.1",)
    (told,) = tracker.conditions()
    assert told.code == NO_TAILNET
    assert "`tailscale up`" in told.fix
    tracker = HealthTracker(lambda: None)
    exposed("{bind: 'tailnet'}", tmp_path, tracker)
    exposed("{bind: 'auto'}", tmp_path, tracker, home)
    assert not tracker.conditions()
