"""Every page of the app: quiet console, nobody else asked, nothing jumps, screen readers and eyes are served."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.axe import grave
from tests.browser.chromium import Chromium, chromium
from tests.browser.house import MAIN, SCREENS, at_chat, call, house, link
from tests.browser.page import DESKTOP, PHONE, Look, Page, quoted
from tests.fakes.cloud.script import Answer, Call, Say
from tests.fakes.cloud.server import FakeCloud
from tests.fakes.wire import DeviceKey
from tests.integration.gateway_process import GatewayProcess
from tests.integration.node_client import node

Box = tuple[GatewayProcess, FakeCloud]
WEB = Path(__file__).resolve().parents[2] / "web"
_VIEWS = re.findall(r'name: "(\w+)", path: "(/[\w/]*?)(?:/:\w+\?)?"', (WEB / "src/app/views.ts").read_text())
_MOST_SHIFT = 0.1  # what Core Web Vitals call good
_LOOKS = {
    "phone-light": PHONE,
    "phone-dark": replace(PHONE, scheme="dark"),
    "desktop-light": DESKTOP,
    "desktop-dark": replace(DESKTOP, scheme="dark"),
}
_WATCH = """
window.__shift = 0; window.__shifted = [];
new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) {
  window.__shift += one.value;
  for (const { node } of one.sources ?? []) window.__shifted.push(node?.className ?? node?.nodeName ?? "gone");
} }).observe({ type: "layout-shift", buffered: true });
"""
_ANSWER = """Here is what I know.

| Room | Degrees |
|---|---|
| Kitchen | 21 |
| Attic | 17 |

1. Close the **attic** window.
2. Read [the notes](https://example.org/notes).

```python
def warm(room: str) -> bool:
    return degrees[room] > 20
```
"""


@pytest.fixture
async def lived_in(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """A box that somebody lives with: a conversation, a timer, a list, a note, a node, a device that waits."""
    async with house(tmp_path) as (gateway, cloud):
        await _live(gateway, cloud)
        async with node(gateway.target.url, DeviceKey(), "system.which", "device.info", name="Attic"):
            yield gateway


async def _live(gateway: GatewayProcess, cloud: FakeCloud) -> None:
    cloud.script(
        Answer((Call("timer_set", {"duration_s": 1500, "label": "Bread"}),)),
        Answer((Say("The timer runs."),)),
        Answer((Call("list_add", {"list": "shopping", "items": ["milk", "bread"]}),)),
        Answer((Say("Both are on the list."),)),
        Answer((Call("note_add", {"text": "The spare key is with Ada."}),)),
        Answer((Say("Noted."),)),
        Answer((Say(_ANSWER),)),
    )
    said = ("Bread, 25 minutes", "Milk and bread, please", "Ada has the key", "And the rooms?")
    for number, words in enumerate(said):
        key = f"life-{number}"
        await call(gateway, "chat.send", sessionKey=MAIN, message=words, idempotencyKey=key)
        await call(gateway, "agent.wait", runId=key, timeoutMs=15_000)


async def _visit(page: Page, base: str, path: str) -> None:
    """Open a page and wait until it stands still."""
    await page.goto(base + path)
    await page.true("document.querySelector('main h1, main textarea, main .empty-title')", f"content of {path}")
    await page.true("!document.querySelector('main .skeleton, main .spinner')", f"an end of the waiting on {path}")
    await page.js("document.fonts.ready.then(() => new Promise((done) => setTimeout(done, 150)))")


def _strangers(page: Page, base: str) -> list[str]:
    return [
        url
        for url in page.asked
        if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != urlsplit(base).netloc
    ]


async def _arrive(browser: Chromium, gateway: GatewayProcess, look: Look) -> Page:
    page = await Page.open(browser, look)
    await page.send("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
    await page.goto(await link(gateway))
    await at_chat(page)
    return page


@pytest.mark.parametrize("name", _LOOKS)
async def test_every_page_is_quiet_steady_and_readable(tmp_path: Path, lived_in: GatewayProcess, name: str) -> None:
    base = lived_in.http
    problems: list[str] = []
    async with chromium(tmp_path / "browser") as browser:
        page = await _arrive(browser, lived_in, _LOOKS[name])
        for view, path in _VIEWS:
            await _visit(page, base, path)
            await page.shot(SCREENS / f"{view}-{name}-en.png")
            problems += [f"{path}: {each}" for each in await _judge(page)]
        await page.goto("about:blank")
        door = await Page.open(browser, _LOOKS[name])
        await door.goto(base)
        await door.sees("Connect this device")
        await door.shot(SCREENS / f"door-{name}-en.png")
        problems += [f"door: {each}" for each in await grave(door)]
        problems += page.problems + door.problems
        problems += _strangers(page, base) + _strangers(door, base)
    assert not problems, "\n".join(problems)


async def _judge(page: Page) -> list[str]:
    shift, shifted, wide = await page.js(
        "[window.__shift, [...new Set(window.__shifted)].slice(0, 6),"
        " document.documentElement.scrollWidth - innerWidth]"
    )
    found = await grave(page)
    if shift >= _MOST_SHIFT:
        found.append(f"jumps by {shift:.3f}: {shifted}")
    if wide > 0:
        found.append(f"is {wide} px wider than the screen")
    return found


@pytest.mark.parametrize("name", ["phone-light", "desktop-light"])
async def test_an_empty_box_does_not_jump_either(browser: Chromium, box: Box, name: str) -> None:
    gateway, _ = box
    page = await _arrive(browser, gateway, _LOOKS[name])
    problems: list[str] = []
    for view, path in _VIEWS:
        await _visit(page, gateway.http, path)
        await page.shot(SCREENS / f"empty-{view}-{name}-en.png")
        problems += [f"{path}: {each}" for each in await _judge(page)]
    problems += page.problems
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("language", ["de", "fr"])
async def test_every_page_speaks_the_language_of_the_browser(
    tmp_path: Path, lived_in: GatewayProcess, language: str
) -> None:
    base = lived_in.http
    async with chromium(tmp_path / "browser") as browser:
        page = await Page.open(browser, replace(PHONE, language=language))
        await page.goto(await link(lived_in))
        await page.true("location.pathname.startsWith('/chat')")
        for view, path in _VIEWS:
            await _visit(page, base, path)
            assert await page.js("document.documentElement.lang") == language
            assert await page.js("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
            raw = await page.js(r"(document.body.innerText.match(/\b[a-z]+\.[a-z]+[A-Z]\w*/g) ?? [])")
            assert [one for one in raw if one.split(".")[0] in _AREAS] == [], f"{path} shows a key instead of words"
            await page.shot(SCREENS / f"{view}-phone-light-{language}.png")
        assert page.problems == []


_AREAS = {path.stem.split(".")[0] for path in (WEB / "src/words").glob("*.ts")}


async def test_a_wish_for_less_motion_is_respected(browser: Chromium, lived_in: GatewayProcess) -> None:
    page = await _arrive(browser, lived_in, PHONE)
    features: list[dict[str, Any]] = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    await page.send("Emulation.setEmulatedMedia", features=features)
    await page.goto(f"{lived_in.http}/today")
    await asyncio.sleep(0)
    moving = await page.js(
        "document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 100"
        " && one.effect.getComputedTiming().iterations > 1).map((one) => one.animationName)"
    )
    assert moving == [], quoted(moving)
