"""A conversation on a phone: streamed, stopped, reloaded in the middle, open in two tabs, by keyboard alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.house import at_chat, call, code, paired, say, slow
from tests.browser.page import DESKTOP, Page, until
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import FakeCloud
from tests.integration.engine.process import make_model
from tests.integration.gateway_process import GatewayProcess

Box = tuple[GatewayProcess, FakeCloud]
_STORY = "Once upon a time there was a lobster that kept a house."


async def test_a_running_answer_can_be_stopped_and_the_next_one_comes(browser: Chromium, box: Box) -> None:
    gateway, cloud = box
    cloud.script(slow(_STORY), Answer((Say("As you wish."),)))
    page = await paired(browser, gateway)
    await say(page, "Tell me a story")
    await page.sees("Once upon")
    await page.press("button", "Stop the answer")
    await page.sees("Stopped")
    async with asyncio.timeout(10):
        await cloud.gone.wait()  # nobody pays for words that nobody reads
    await say(page, "Enough")
    await page.sees("As you wish.")
    assert page.problems == []


async def test_a_reload_in_the_middle_of_an_answer_loses_nothing_of_it(browser: Chromium, box: Box) -> None:
    gateway, cloud = box
    cloud.script(slow(_STORY))
    page = await paired(browser, gateway)
    await say(page, "Tell me a story")
    await page.sees("Once upon")
    await page.reload()
    await page.sees("Tell me a story")
    await page.sees("Once upon")
    await page.find("button", "Stop the answer")  # it is still made
    cloud.release.set()
    await page.sees(_STORY)
    assert len(await page.found("article", "Answer")) == 1
    stored = await call(gateway, "chat.history", sessionKey="agent:main:main", limit=100)
    assert [one["role"] for one in stored["messages"]] == ["user", "assistant"]
    assert page.problems == []


async def test_two_tabs_show_the_same_conversation_as_it_is_made(browser: Chromium, box: Box) -> None:
    gateway, cloud = box
    cloud.script(slow(_STORY))
    one = await paired(browser, gateway)
    other = await Page.open(browser, beside=one)
    await other.goto(gateway.http)
    await at_chat(other)
    assert len((await call(gateway, "device.pair.list"))["paired"]) == 1  # one browser, one device
    await say(one, "Tell me a story")
    for page in (one, other):
        await page.sees("Tell me a story")
        await page.sees("Once upon")
    cloud.release.set()
    for page in (one, other):
        await page.sees(_STORY)
        assert len(await page.found("article", "Answer")) == 1
    await other.close()
    await say(one, "And then?")
    await one.sees("Hello there.")
    assert one.problems == other.problems == []


async def test_the_keyboard_alone_pairs_sends_and_stops(browser: Chromium, box: Box) -> None:
    gateway, cloud = box
    cloud.script(slow(_STORY))
    page = await Page.open(browser, DESKTOP)
    await page.goto(gateway.http)
    await page.sees("Connect this device")
    await _tab_to(page, "textbox Setup code")
    await page.type(await code(gateway))
    await _tab_to(page, "button Connect")
    await page.key("Enter")
    await at_chat(page)
    if await page.focused() != "textbox Message":
        await _tab_to(page, "textbox Message")
    await page.type("Tell me a story")
    await page.key("Enter")
    await page.sees("Once upon")
    await page.key("Escape")
    await page.sees("Stopped")
    await _tab_to(page, "link Status")
    await page.key("Enter")
    await page.true("location.pathname == '/status'")
    assert page.problems == []


async def _tab_to(page: Page, wanted: str) -> None:
    """Walk forward with Tab, as one does who sees where the focus is."""
    seen = []
    for _ in range(60):
        await page.key("Tab")
        seen.append(await page.focused())
        if seen[-1] == wanted:
            return
    raise AssertionError(f"Tab does not come to {wanted!r}: {seen}")


@pytest.mark.engine
async def test_an_answer_of_the_boxs_own_model_streams_and_stops(browser: Chromium, tmp_path: Path) -> None:
    words = [f" w{number}" for number in range(1200)]
    model = await asyncio.to_thread(
        make_model, tmp_path / "talker.gguf", "--context", "8192", "--width", "128", "--reply", *words
    )
    config = {
        "models": {"local": {"path": str(model), "contextTokens": 8192}, "mini": {"enabled": False}},
        "tools": {"allow": ["clock_now"]},
        "agents": {"defaults": {"model": {"primary": "local/any"}}},
    }
    gateway = GatewayProcess(tmp_path / "s", config)
    await asyncio.to_thread(gateway.start)
    try:
        await until(lambda: _has_local_model(gateway), "the local model")
        page = await paired(browser, gateway)
        await say(page, "Count for me")
        await page.sees("w0 w1 w2")
        await page.press("button", "Stop the answer")
        await page.sees("Stopped")
        assert "w1199" not in await page.text()
        assert page.problems == []
    finally:
        await asyncio.to_thread(gateway.stop)


async def _has_local_model(gateway: GatewayProcess) -> bool:
    return any(one["provider"] == "local" for one in (await call(gateway, "models.list"))["models"])
