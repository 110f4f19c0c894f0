"""The way in: a code pasted or read by a camera, codes that are no good, and what the person reads then."""

from __future__ import annotations

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
