"""The page in the house: without encryption, and with the box's own authority trusted as its three steps say."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from appliance.identity.certificates.box import der_of
from appliance.identity.certificates.making import facts_of, make_leaf
from tests.browser.axe import grave
from tests.browser.chromium import Chromium, chromium
from tests.browser.house import SCREENS, at_chat, call, code, house, lan_address, paired, say, token_of
from tests.browser.page import PHONE, Page
from tests.fakes.cloud.server import FakeCloud
from tests.integration.gateway_process import TOKEN, GatewayProcess

Box = tuple[GatewayProcess, FakeCloud]


@pytest.fixture
async def lan(tmp_path: Path) -> AsyncIterator[Box]:
    """A gateway that listens in the network, with TLS and plaintext on its one port."""
    async with house(tmp_path, gateway={"bind": "lan"}) as both:
        yield both


def trust(folder: Path, authority: Path) -> None:
    """Do in a browser's home what /trust asks for: add the authority as one that vouches for servers."""
    base = folder / ".pki/nssdb"
    base.mkdir(parents=True)
    (folder / "empty").write_text("\n")
    (folder / "ca.der").write_bytes(der_of(authority))
    for command in (
        ["-N", "--empty-password"],
        ["-A", "-n", "box", "-t", "C,,", "-i", str(folder / "ca.der")],
    ):
        subprocess.run(
            ["certutil", "-d", f"sql:{base}", *command, "-f", str(folder / "empty")],
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
            timeout=60,
        )


def own_name(gateway: GatewayProcess) -> str:
    """Return the name under which the certificate is good in the house."""
    names = facts_of((gateway.state / "tls/leaf.pem").read_bytes())[2]
    return next(name for name in names if name.endswith(".local"))


async def test_a_page_without_encryption_pairs_and_talks_but_does_not_manage(tmp_path: Path, lan: Box) -> None:
    gateway, _ = lan
    address = lan_address()
    base = f"http://{address}:{gateway.facts['port']}"
    async with chromium(tmp_path / "browser", names=f"EXCLUDE {address}") as browser:
        page = await Page.open(browser)
        await page.goto(base)
        await page.sees("This page is not encrypted.")
        assert await page.js("[isSecureContext, typeof crypto.subtle, 'serviceWorker' in navigator]") == [
            False,
            "undefined",
            False,
        ]
        await page.write("textbox", "Setup code", await code(gateway, "full", base))
        await page.press("button", "Connect")
        await at_chat(page)
        await say(page, "Hello?")
        await page.sees("Hello there.")
        await page.reload()
        await page.sees("Hello there.")
        assert not await page.found("link", "Devices")
        await page.goto(f"{base}/config")
        await page.sees("This device may not see this page")
        (device,) = (await call(gateway, "device.pair.list"))["paired"]
        assert not {"operator.admin", "operator.pairing"} & set(device["scopes"])
        assert page.problems == []


async def test_an_owner_lets_a_second_phone_in_and_puts_it_out_at_once(tmp_path: Path, lan: Box) -> None:
    gateway, _ = lan
    address = lan_address()
    async with chromium(tmp_path / "browser", names=f"EXCLUDE {address}") as browser:
        owner = await paired(browser, gateway)
        guest = await Page.open(browser)
        await guest.goto(f"http://{address}:{gateway.facts['port']}/#token={TOKEN}")
        await guest.sees("Waiting for approval")
        assert TOKEN not in await guest.js("location.href")
        request = (await call(gateway, "device.pair.list"))["pending"][0]["requestId"]
        await guest.sees(f"homarus devices approve {request[:8]}")
        await owner.sees("wants to connect")
        await owner.press("button", "Look")
        await owner.sees("wants to come in")
        await owner.shot(SCREENS / "approve-phone-light-en.png")
        await owner.press("button", "Approve")
        await at_chat(guest)
        await say(guest, "Am I in?")
        await guest.sees("Hello there.")
        await owner.sees("connected now")
        await _other_device(owner)
        await owner.press("menuitem", "Sign out")
        await owner.press("button", "Sign out")
        await owner.sees("is signed out")
        await guest.sees("This browser was removed from the box or its access was renewed.")  # at once, by itself
        await guest.reload()
        await guest.sees("Connect this device")
        assert owner.problems == guest.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_owner_makes_a_code_on_the_screen_and_sees_who_came_with_it(
    tmp_path: Path, lan: Box, scheme: str
) -> None:
    gateway, _ = lan
    async with chromium(tmp_path / "browser", names=f"EXCLUDE {lan_address()}") as browser:
        owner = await paired(browser, gateway, replace(PHONE, scheme=scheme))
        await owner.press("link", "Devices")
        await owner.press("button", "Add a device")
        await owner.sees("Who is it for?")
        found = await grave(owner)
        await owner.press("button", "Somebody of the house.*")
        await owner.find("image", "QR code to scan")
        await owner.shot(SCREENS / f"code-phone-{scheme}-en.png")
        found += await grave(owner)
        await owner.press("radio", "Link")
        await owner.sees("#bootstrapToken=")
        found += await grave(owner)
        link = await owner.js("document.querySelector('dialog code').innerText")
        guest = await Page.open(browser)
        await guest.send("Security.setIgnoreCertificateErrors", ignore=True)  # what /trust is for
        await guest.goto(link)
        await at_chat(guest)
        await owner.sees("is in")
        await owner.sees("The code is used up.")
        await owner.press("button", "Done")
        await say(guest, "Hello?")
        await guest.sees("Hello there.")
        assert not await guest.found("link", "Devices")
        await owner.press("button", "More")
        await owner.find("link", "Models")
        assert found + await grave(owner) == []
        assert owner.problems == []


async def _other_device(page: Page) -> None:
    """Open the menu of the device that is not this one."""
    await page.js(
        "[...document.querySelectorAll('.row')].find((row) => !row.innerText.includes('This device'))"
        ".querySelector('[aria-haspopup]').setAttribute('aria-label', 'the other one')"
    )
    await page.press("button", "the other one")


async def test_a_browser_that_does_not_trust_the_box_refuses_its_certificate(browser: Chromium, lan: Box) -> None:
    gateway, _ = lan
    page = await Page.open(browser)
    with pytest.raises(AssertionError, match="ERR_CERT_AUTHORITY_INVALID"):
        await page.goto(f"https://127.0.0.1:{gateway.facts['port']}/")


async def test_with_the_boxs_authority_trusted_the_page_is_secure_and_opens_without_the_box(
    tmp_path: Path, lan: Box
) -> None:
    gateway, _ = lan
    name = own_name(gateway)
    port = gateway.facts["port"]
    base = f"https://{name}:{port}"
    trust(tmp_path / "browser", gateway.state / "tls/authority.pem")
    async with chromium(tmp_path / "browser", names=f"MAP {name} 127.0.0.1") as browser:
        page = await Page.open(browser)
        await page.goto(f"{base}/#bootstrapToken={token_of(await code(gateway, 'control-ui', base))}")
        await at_chat(page)
        assert await page.js("[isSecureContext, location.protocol, typeof crypto.subtle]") == [True, "https:", "object"]
        await say(page, "Hello?")
        await page.sees("Hello there.")
        await page.true("navigator.serviceWorker.ready.then((ready) => ready.active?.state == 'activated')")
        assert (await page.send("Page.getInstallabilityErrors"))["installabilityErrors"] in (
            [],
            [{"errorId": "in-incognito", "errorArguments": []}],  # a fresh context of the browser counts as one
        )
        assert page.problems == []
        await asyncio.to_thread(gateway.stop)
        await page.reload()
        await page.sees("Hello there.")
        await page.sees("No connection to the box.")


async def test_the_authority_of_the_box_cannot_vouch_for_anybody_else(tmp_path: Path, lan: Box) -> None:
    gateway, _ = lan
    name = own_name(gateway)
    authority = (gateway.state / "tls/authority.pem").read_bytes()
    trust(tmp_path / "browser", gateway.state / "tls/authority.pem")
    names = f"MAP {name} 127.0.0.1, MAP example.com 127.0.0.1, MAP *.example.com 127.0.0.1"
    async with chromium(tmp_path / "browser", names=names) as browser:
        page = await Page.open(browser)
        for host, good in [(name, True), ("example.com", False), ("www.example.com", False)]:
            leaf = make_leaf(authority, "x", [host], [], int(time.time() * 1000)).pem
            async with tls_server(tmp_path / "leaf.pem", leaf) as port:
                if good:
                    await page.goto(f"https://{host}:{port}/")
                    await page.sees("you are fooled")
                else:
                    with pytest.raises(AssertionError, match="ERR_CERT_"):
                        await page.goto(f"https://{host}:{port}/")


@contextlib.asynccontextmanager
async def tls_server(file: Path, pem: bytes) -> AsyncIterator[int]:
    """Somebody who holds a stolen authority and makes a certificate for this name."""
    file.touch(0o600)
    file.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="you are fooled", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("language", "words"), [("en", "trust"), ("de", "vertrau"), ("fr", "confiance")])
async def test_the_page_about_trust_speaks_the_language_of_who_looks(
    tmp_path: Path, lan: Box, language: str, words: str
) -> None:
    gateway, _ = lan
    async with chromium(tmp_path / "browser") as browser:
        page = await Page.open(browser, replace(PHONE, language=language))
        await page.goto(f"{gateway.http}/trust")
        assert words in (await page.text()).lower()
        assert await page.js("document.documentElement.lang") == language
        assert await page.js("document.querySelectorAll('a[href*=homarus-ca]').length") >= 1
        assert await page.js("document.documentElement.scrollWidth <= innerWidth")
        await page.shot(SCREENS / f"trust-phone-light-{language}.png")
        assert await grave(page) == []
        await page.look(replace(PHONE, language=language, scheme="dark"))
        assert await grave(page) == []
        assert page.problems == []
