"""The set-up in the browser: asked step by step, across a start of the box, to a code for the next device."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.house import SCREENS, link
from tests.browser.page import Page
from tests.integration.box import no_engine
from tests.integration.gateway_process import GatewayProcess


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """A box that nobody has set up, without an engine: nothing is measured, so no test waits for that."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gateway = GatewayProcess(tmp_path / "box", **no_engine(tmp_path), OPENCLAW_DISABLE_BONJOUR="1")
    await asyncio.to_thread(gateway.start, port=port)
    yield gateway
    await asyncio.to_thread(gateway.stop)


async def _begun(browser: Chromium, box: GatewayProcess) -> Page:
    """Pair: on a box that nobody has set up the first page is the set-up."""
    page = await Page.open(browser)
    await page.goto(await link(box))
    await page.sees("Set up your assistant")
    await page.shot(SCREENS / "welcome-begin.png")
    await page.press("button", "Begin")
    return page


async def _choose(page: Page, title: str, label: str = "", name: str = "") -> None:
    await page.sees(title)
    if label:
        await page.press("radio", label)
    await page.shot(SCREENS / f"welcome-{name}.png")
    await page.press("button", "Continue|Weiter")


async def test_the_set_up_goes_to_its_end_across_a_start_of_the_box(browser: Chromium, box: GatewayProcess) -> None:
    page = await _begun(browser, box)
    await _choose(page, "Which language shall the box speak?", name="language")
    await page.sees("What may I call you?")
    await page.write("textbox", "What may I call you.*", "Ada")
    await page.shot(SCREENS / "welcome-name.png")
    await page.press("button", "Continue")
    await _choose(page, "Who may reach this box?", name="exposure")
    await page.sees("Which model shall answer?")
    assert "This step did not work" in await page.text(), "a box without an engine says that it could not be measured"
    await _choose(page, "Which model shall answer?", name="model")
    await _choose(page, "A cloud model as a helper?", "Anthropic.*", name="cloud")
    await page.sees("The key of Anthropic (Claude)")
    await page.shot(SCREENS / "welcome-key.png")
    await page.press("button", "Not now")
    await page.sees("Another device?")
    await page.true("document.querySelector('svg.qr path')", "the code as a picture")
    await page.shot(SCREENS / "welcome-device.png")
    await page.press("button", "Continue")
    await page.sees("All set")
    await page.shot(SCREENS / "welcome-done.png")
    assert 'name: "Ada"' in box.config_file.read_text()


async def test_a_page_that_is_loaded_again_goes_on_where_it_was(browser: Chromium, box: GatewayProcess) -> None:
    page = await _begun(browser, box)
    await _choose(page, "Which language shall the box speak?", "Deutsch", name="language-de")
    await page.sees("Wie darf ich Sie nennen?")
    await page.reload()
    await page.sees("Wie darf ich Sie nennen?")
