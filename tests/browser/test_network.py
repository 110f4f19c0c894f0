"""The box goes away and comes back: what was typed and sent meanwhile is not lost, and the app opens without it."""

from __future__ import annotations

import asyncio

from tests.browser.chromium import Chromium
from tests.browser.house import at_chat, call, line, paired, say, slow
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import FakeCloud
from tests.integration.gateway_process import GatewayProcess

Box = tuple[GatewayProcess, FakeCloud]
_AWAY = "No connection to the box. What you write is kept and sent later."


async def _said(gateway: GatewayProcess) -> list[str]:
    answer = await call(gateway, "chat.history", sessionKey="agent:main:main", limit=100)
    return [one["content"] for one in answer["messages"] if one["role"] == "user"]


async def test_a_cut_line_is_shown_and_what_was_said_meanwhile_is_sent_once_it_is_back(
    browser: Chromium, box: Box
) -> None:
    gateway, cloud = box
    async with line(gateway) as cable:
        page = await paired(browser, gateway, base=cable.http)
        await page.write("textbox", "Message", "half a tho")
        await cable.cut()
        await page.sees(_AWAY)
        await page.type("ught")
        await page.press("button", "Send")
        await page.sees("half a thought")
        await page.sees("Waits for the connection")
        await page.write("textbox", "Message", "and the rest of it")
        await cable.mend()
        await page.lacks(_AWAY)
        await page.sees("Hello there.")
        assert await page.js("document.querySelector('textarea').value") == "and the rest of it"
        await page.press("button", "Send")
        await page.true("document.querySelectorAll('article.turn').length == 2")
        assert await _said(gateway) == ["half a thought", "and the rest of it"]
        assert len(cloud.requests) == 2


async def test_an_answer_that_ends_while_the_line_is_cut_is_there_when_it_is_mended(
    browser: Chromium, box: Box
) -> None:
    gateway, cloud = box
    cloud.script(slow("It rains in Lisbon and the windows are open."))
    async with line(gateway) as cable:
        page = await paired(browser, gateway, base=cable.http)
        await say(page, "How is the weather?")
        await page.sees("It rains")
        await cable.cut()
        await page.sees(_AWAY)
        cloud.release.set()
        await cable.mend()
        await page.sees("It rains in Lisbon and the windows are open.")
        assert len(await page.found("article", "Answer")) == 1


async def test_a_page_opens_without_its_box_and_sends_what_was_written_when_it_is_back(
    browser: Chromium, box: Box
) -> None:
    gateway, cloud = box
    cloud.script(Answer((Say("First answer."),)), Answer((Say("Second answer."),)))
    page = await paired(browser, gateway)
    await say(page, "One")
    await page.sees("First answer.")
    await page.true("navigator.serviceWorker.ready.then(() => caches.keys()).then((names) => names.length)")
    port = int(gateway.facts["port"])
    await asyncio.to_thread(gateway.kill)
    await page.sees(_AWAY)
    await page.reload()  # nothing listens there: the app comes from this device
    await at_chat(page)
    await page.sees("First answer.")
    await say(page, "Two")
    await page.sees("Waits for the connection")
    await page.write("textbox", "Message", "a draft")
    await page.reload()  # neither what waits nor what is typed needs the page to stay open
    await page.sees("Waits for the connection")
    assert await page.js("document.querySelector('textarea').value") == "a draft"
    await asyncio.to_thread(gateway.start, port=port)
    await page.sees("Second answer.", timeout_s=60)
    await page.lacks("Waits for the connection")
    assert await _said(gateway) == ["One", "Two"]
