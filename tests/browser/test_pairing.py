"""The way in: a code pasted or read by a camera, codes that are no good, and what the person reads then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from appliance.identity.setup.code import decode
from tests.browser.chromium import Chromium
from tests.browser.house import at_chat, call, code, link, paired, say, slow, token_of
from tests.browser.page import Page
from tests.fakes.cloud.server import FakeCloud
from tests.integration.gateway_process import GatewayProcess

Box = tuple[GatewayProcess, FakeCloud]
_INVALID = "The box does not know this code. It may have been used already, or its ten minutes are over"


async def test_a_pasted_code_lets_a_phone_in_and_its_first_answer_streams(browser: Chromium, box: Box) -> None:
    gateway, cloud = box
    cloud.script(slow("Good evening, the house is quiet.", words_first=3))
    page = await Page.open(browser)
    await page.goto(gateway.http)
    await page.sees("Connect this device")
    await page.write("textbox", "Setup code", await code(gateway))
    await page.press("button", "Connect")
    await at_chat(page)
    await say(page, "How is the house?")
    await page.sees("Good evening")  # while the service still holds the rest back
    assert "is quiet" not in await page.text()
    cloud.release.set()
    await page.sees("Good evening, the house is quiet.")
    await page.true("!document.querySelector('button[aria-label=\"Stop the answer\"]')")
    assert page.problems == []


async def test_the_link_of_the_camera_lets_in_and_its_secret_stays_nowhere(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    page = await Page.open(browser)
    address = await link(gateway)
    secret = address.partition("#bootstrapToken=")[2]
    await page.goto(address)
    await at_chat(page)
    history = await page.send("Page.getNavigationHistory")
    assert secret not in str([one["url"] for one in history["entries"][1:]])
    stored = "JSON.stringify({ ...localStorage, ...sessionStorage })"
    assert secret not in await page.js(f"location.href + document.title + {stored}")
    assert not [one for one in page.asked if secret in one]
    assert secret not in gateway.output
    kept = [path for path in gateway.state.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert kept == []
    assert page.problems == []


@pytest.mark.parametrize(("profile", "owner"), [("full", True), ("limited", False)])
async def test_codes_for_apps_are_good_for_the_page_too(browser: Chromium, box: Box, profile: str, owner: bool) -> None:
    gateway, _ = box
    page = await Page.open(browser)
    await page.goto(gateway.http)
    await page.write("textbox", "Setup code", await code(gateway, profile))
    await page.press("button", "Connect")
    await at_chat(page)
    await say(page, "Hello?")
    await page.sees("Hello there.")
    assert bool(await page.found("link", "Devices")) is owner
    await page.goto(f"{gateway.http}/devices")
    await page.sees("Add a device" if owner else "This device may not see this page")
    assert page.problems == []


async def _tried(page: Page) -> None:
    """Wait until nothing is being tried any more."""
    await page.js("new Promise((done) => setTimeout(done, 100))")
    await page.true("!document.querySelector('button[aria-busy=true]')")


async def test_codes_that_are_no_good_say_why_and_what_to_do(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    good = await code(gateway)
    used = await Page.open(browser)
    await used.goto(f"{gateway.http}/#bootstrapToken={token_of(good)}")
    await at_chat(used)
    page = await Page.open(browser)
    await page.goto(gateway.http)
    await page.sees("Connect this device")
    fresh = decode(await code(gateway))
    for words, told in [
        ("good morning", "This is not a setup code. Copy all of it, from the first to the last character."),
        (good, _INVALID),
        ("x" * 43, _INVALID),
        (replace(fresh, expires_at_ms=1_700_000_000_000).encode(), "This code is too old."),
    ]:
        await page.js("document.querySelector('textarea').select()")
        await page.write("textbox", "Setup code", words)
        await page.press("button", "Connect")
        await _tried(page)  # what was said to the code before is still shown until then
        await page.sees(told)
        assert "Setup code" in await page.text()  # and the next try is one paste away
    await page.js("document.querySelector('textarea').select()")
    await page.write("textbox", "Setup code", fresh.encode())
    await page.press("button", "Connect")
    await at_chat(page)


async def test_a_page_that_is_in_stays_in_over_a_reload_and_a_restart(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    page = await paired(browser, gateway)
    await page.reload()
    await at_chat(page)
    port = int(gateway.facts["port"])
    await asyncio.to_thread(gateway.stop)
    await asyncio.to_thread(gateway.start, port=port)
    await page.reload()
    await at_chat(page)
    devices = await call(gateway, "device.pair.list")
    assert (len(devices["paired"]), devices["pending"]) == (1, [])
