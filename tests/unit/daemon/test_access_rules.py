"""The section `gateway` as rules: no secret, no entry; and nothing listens further than it may."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from appliance.access.shared import AuthMode
from appliance.config.errors import Refused
from appliance.config.load import load_text
from appliance.config.sections.gateway import GatewaySection
from appliance.daemon.access_rules import ExposureError, rules, server_settings, shared_auth, throttle


def section(folder: Path, text: str) -> GatewaySection:
    loaded = load_text(f"{{gateway: {text}}}", {}, folder=folder)
    assert not isinstance(loaded.config.gateway, Refused), loaded.issues
    return loaded.config.gateway


def test_without_a_secret_a_token_is_made_once_and_kept_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "gateway.token"
    first = shared_auth(section(tmp_path, "{}"), file, {})
    assert first.mode is AuthMode.TOKEN
    assert len(first.token) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert shared_auth(section(tmp_path, "{}"), file, {}).token == first.token


def test_the_token_of_the_environment_counts_and_is_not_written_down(tmp_path: Path) -> None:
    file = tmp_path / "gateway.token"
    auth = shared_auth(section(tmp_path, "{}"), file, {"HOMARUS_GATEWAY_TOKEN": "from-outside"})
    assert auth.token == "from-outside"
    assert not file.exists()


def test_a_password_alone_means_password_and_never_an_empty_one(tmp_path: Path) -> None:
    auth = shared_auth(section(tmp_path, "{auth: {password: 'swordfish'}}"), tmp_path / "t", {})
    assert (auth.mode, auth.password) == (AuthMode.PASSWORD, "swordfish")
    assert auth.verify(None, "").value != "ok"
    assert not auth.accepts_bearer("")


def test_a_password_mode_without_a_password_lets_nobody_in(tmp_path: Path) -> None:
    loaded = load_text("{gateway: {auth: {mode: 'password'}}}", {}, folder=tmp_path)
    if isinstance(loaded.config.gateway, Refused):
        return  # refused as a whole: the gateway stays closed
    auth = shared_auth(loaded.config.gateway, tmp_path / "t", {})
    for presented in ("", "x"):
        assert auth.verify(None, presented).value != "ok"
        assert not auth.accepts_bearer(presented)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("{}", ("127.0.0.1",)),
        ("{bind: 'loopback'}", ("127.0.0.1",)),
        ("{bind: 'lan'}", ("0.0.0.0", "::")),
        ("{bind: 'custom', customBindHost: '192.168.1.5'}", ("127.0.0.1", "192.168.1.5")),
        ("{bind: 'custom', customBindHost: '127.0.0.1'}", ("127.0.0.1",)),
    ],
)
def test_the_gateway_listens_where_it_is_told(tmp_path: Path, text: str, hosts: tuple[str, ...]) -> None:
    chosen = section(tmp_path, text)
    auth = shared_auth(chosen, tmp_path / "t", {})
    settings = server_settings(chosen, auth, port=None, socket=tmp_path / "s")
    assert (settings.hosts, settings.port) == (hosts, 18789)
    assert server_settings(chosen, auth, port=0, socket=tmp_path / "s").port == 0


@pytest.mark.parametrize(
    "text",
    [
        "{bind: 'lan', auth: {mode: 'none'}}",
        "{bind: 'custom', customBindHost: '192.168.1.5', auth: {mode: 'none'}}",
        "{bind: 'custom'}",
    ],
)
def test_what_would_be_open_to_all_or_cannot_be_done_is_refused(tmp_path: Path, text: str) -> None:
    loaded = load_text(f"{{gateway: {text}}}", {}, folder=tmp_path)
    if isinstance(loaded.config.gateway, Refused):
        return
    auth = shared_auth(loaded.config.gateway, tmp_path / "t", {})
    with pytest.raises(ExposureError):
        server_settings(loaded.config.gateway, auth, port=None, socket=tmp_path / "s")


def test_locks_and_origins_follow_the_file(tmp_path: Path) -> None:
    chosen = section(
        tmp_path,
        "{auth: {rateLimit: {maxAttempts: 2, windowMs: 1000, lockoutMs: 5000}},"
        " controlUi: {allowedOrigins: ['https://ui.example']}}",
    )
    from appliance.access.throttle import Bucket

    locks = throttle(chosen)
    locks.failed(Bucket.SHARED, "10.0.0.1", 0)
    assert locks.locked_ms(Bucket.SHARED, "10.0.0.1", 1) == 0
    locks.failed(Bucket.SHARED, "10.0.0.1", 1)
    assert locks.locked_ms(Bucket.SHARED, "10.0.0.1", 1) == 5000
    auth = shared_auth(chosen, tmp_path / "t", {})
    origins = rules(chosen, auth).origins
    assert origins.allows_origin("https://ui.example", "127.0.0.1:18789", direct_local=True)
    assert not origins.allows_origin("https://evil.example", "127.0.0.1:18789", direct_local=True)
