"""The page that lets a browser trust the box: in the reader's language, for their system, and nothing else on it."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from appliance.gateway.http import trust
from appliance.gateway.http.trust_words import PAGES, SYSTEMS
from appliance.identity.certificates.box import BoxCertificates, Names
from tests.fakes.wire import Gateway, gateway

NAMES = Names("box", ("localhost",), ("127.0.0.1",))


@pytest.fixture
def files(tmp_path: Path) -> BoxCertificates:
    files = BoxCertificates(tmp_path / "tls")
    files.obtain(NAMES, 1_795_000_000_000)
    return files


@pytest.fixture
async def box(tmp_path: Path, files: BoxCertificates) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, routes=lambda _: trust.routes(files.authority_der)) as running:
        yield running


async def test_what_is_offered_is_the_authority_and_no_key(box: Gateway, files: BoxCertificates) -> None:
    async with box.http.get(f"{box.url}/homarus-ca.crt") as answer:
        assert answer.content_type == "application/x-x509-ca-cert"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == files.authority_der()
    async with box.http.get(f"{box.url}/homarus-ca.pem") as answer:
        text = await answer.text()
    assert ssl.PEM_cert_to_DER_cert(text) == files.authority_der()
    assert "PRIVATE" not in text


async def test_the_page_shows_the_fingerprint_and_nothing_may_frame_it_or_run_in_it(
    box: Gateway, files: BoxCertificates
) -> None:
    async with box.http.get(f"{box.url}/trust") as answer:
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    fingerprint = hashlib.sha256(files.authority_der()).hexdigest().upper()
    assert trust.grouped(fingerprint) in text
    assert "<script" not in text
    assert text.count("<h2>") == 3
    assert f'href="https://127.0.0.1:{box.server.port}/"' in text


async def test_a_host_that_is_no_host_leaves_no_markup(box: Gateway) -> None:
    async with box.http.get(f"{box.url}/trust", headers={"Host": 'box"><script>alert(1)</script>'}) as answer:
        assert "<script" not in await answer.text()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr;q=0.3, en;q=0.2", "fr"),
        ("nl, fr;q=0.5", "fr"),
        ("xx", "en"),
        ("de;q=nonsense, fr", "fr"),
        ("en;q=0, de;q=0.1", "de"),
        ("," * 1000, "en"),
    ],
)
def test_the_language_is_the_one_the_reader_wants_most(header: str, language: str) -> None:
    assert trust.chosen_language(header) == language


@pytest.mark.parametrize(
    ("agent", "system"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)", "ios"),
        ("Mozilla/5.0 (Linux; Android 16; Pixel 9)", "android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macos"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "linux"),
        ("curl/8", ""),
    ],
)
def test_the_steps_for_the_readers_own_system_come_first_and_open(agent: str, system: str) -> None:
    assert trust.system_of(agent) == system
    page = trust.render("en", system, "ab" * 32, "box.local:18789")
    assert page.count("<details open>") == (1 if system else 0)
    if system:
        assert f"<details open><summary>{SYSTEMS['en'][system][0]}" in page
        assert page.index("<details open>") == page.index("<details")


def test_every_language_has_three_steps_for_every_system_and_closes_its_tags() -> None:
    assert set(PAGES) == set(SYSTEMS) == {"en", "de", "fr"}
    for language, systems in SYSTEMS.items():
        assert set(systems) == {"ios", "android", "macos", "windows", "linux"}
        assert all(len(steps) == 3 for _, steps in systems.values())
        _Balanced().check(trust.render(language, "", "ab" * 32, "box.local"))


class _Balanced(HTMLParser):
    """Fails on a tag that is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def check(self, text: str) -> None:
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
