"""What the audit finds, and that by default there is nothing."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from appliance.access.shared import AuthMode, SharedAuth
from appliance.config.errors import Refused
from appliance.config.load import load_text
from appliance.daemon.reach.findings import findings
from appliance.gateway.reach import Exposure
from appliance.host.interfaces import Address
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.security import FindingRow

TOKEN = SharedAuth(AuthMode.TOKEN, token="t" * 16)
LAN = Exposure("lan", ("0.0.0.0", "::"), "ab" * 32)
HOME = (Address("eth0", ipaddress.ip_address("192.168.1.5")), Address("eth0", ipaddress.ip_address("2001:4860::5")))
RENTED = (*HOME, Address("eth1", ipaddress.ip_address("8.8.8.8")))


def look(
    text: str = "{}",
    auth: SharedAuth = TOKEN,
    exposure: Exposure | None = None,
    here: tuple[Address, ...] = HOME,
    files: tuple[Path, ...] = (),
) -> list[FindingRow]:
    loaded = load_text(f"{{gateway: {text}}}", {}, folder=Path("/"))
    assert not isinstance(loaded.config.gateway, Refused), loaded.issues
    return findings(loaded.config.gateway, auth, exposure or Exposure(), here, files)


def test_by_default_there_is_nothing_to_fix_on_this_machine_and_on_the_lan(tmp_path: Path) -> None:
    (tmp_path / "key").touch(0o600)
    tmp_path.chmod(0o700)
    assert look(files=(tmp_path, tmp_path / "key", tmp_path / "not-there")) == []
    assert look("{bind: 'lan'}", exposure=LAN) == []


@pytest.mark.parametrize(
    ("code", "text", "auth", "exposure", "here"),
    [
        ("auth_none", "{}", SharedAuth(AuthMode.NONE), Exposure(), HOME),
        ("weak_secret", "{}", SharedAuth(AuthMode.TOKEN, token="t" * 15), Exposure(), HOME),
        ("weak_secret", "{}", SharedAuth(AuthMode.PASSWORD, password="hunter2"), LAN, HOME),
        ("lax_lock", "{auth: {rateLimit: {maxAttempts: 101}}}", TOKEN, Exposure(), HOME),
        ("lax_lock", "{auth: {rateLimit: {lockoutMs: 59999}}}", TOKEN, Exposure(), HOME),
        ("no_client_certificates", "{tls: {caPath: '/ca.pem'}}", TOKEN, Exposure(), HOME),
        ("no_tls", "{}", TOKEN, Exposure("lan", ("0.0.0.0",)), HOME),
        ("public_address", "{}", TOKEN, LAN, RENTED),
        ("public_address", "{}", TOKEN, Exposure("custom", ("8.8.8.8",), "ab"), RENTED),
        ("public_plaintext", "{publicOrigin: 'http://box.example'}", TOKEN, Exposure(), HOME),
        ("funnel", "{tailscale: {mode: 'funnel'}}", TOKEN, Exposure(), HOME),
        ("wide_network", "{trustedProxies: ['0.0.0.0/0']}", TOKEN, Exposure(), HOME),
        ("wide_network", "{nodes: {pairing: {autoApproveCidrs: ['10.0.0.0/7']}}}", TOKEN, Exposure(), HOME),
        ("any_origin", "{controlUi: {allowedOrigins: ['*']}}", TOKEN, Exposure(), HOME),
        ("plaintext_origin", "{controlUi: {allowedOrigins: ['http://ui.example']}}", TOKEN, Exposure(), HOME),
    ],
)
def test_what_opens_the_box_is_named_with_a_command(
    code: str, text: str, auth: SharedAuth, exposure: Exposure, here: tuple[Address, ...]
) -> None:
    found = look(text, auth, exposure, here)
    assert [one.code for one in found] == [code]
    assert found[0].summary
    assert "homarus config" in found[0].fix
    values = {} if found[0].details is UNSET else found[0].details
    told = f"{found[0].summary} {found[0].fix}"
    assert all(key == "form" or str(value) in told for key, value in values.items())


def test_without_a_secret_it_says_that_pages_of_this_machine_can_become_the_owner() -> None:
    (found,) = look(auth=SharedAuth(AuthMode.NONE))
    assert "any web page on http://localhost can become the owner" in found.summary


@pytest.mark.parametrize(
    ("text", "exposure", "here"),
    [
        ("{trustedProxies: ['10.0.0.0/8']}", Exposure(), HOME),
        ("{auth: {rateLimit: {maxAttempts: 100}}}", Exposure(), HOME),
        ("{controlUi: {allowedOrigins: ['https://ui.example', 'http://localhost:5173']}}", Exposure(), HOME),
        ("{}", Exposure("custom", ("192.168.1.5",), "ab"), RENTED),
        ("{publicOrigin: 'https://box.example'}", Exposure(), HOME),
    ],
)
def test_what_is_just_inside_its_bound_is_no_finding(text: str, exposure: Exposure, here: tuple[Address, ...]) -> None:
    assert look(text, TOKEN, exposure, here) == []


def test_files_that_others_can_read_are_named_with_the_mode_they_should_have(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    key.chmod(0o640)
    tmp_path.chmod(0o755)
    assert [one.fix for one in look(files=(tmp_path, key))] == [f"chmod 700 {tmp_path}", f"chmod 600 {key}"]


def test_the_worst_comes_first() -> None:
    found = look("{tailscale: {mode: 'funnel'}}", SharedAuth(AuthMode.TOKEN, token="short"), LAN, RENTED)
    assert [one.severity for one in found] == ["critical", "critical", "warning"]
