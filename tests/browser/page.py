"""A page of the browser as a person uses it: finds things by role and name, presses, types, reads, waits."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.browser.chromium import Chromium, ProtocolError

T = TypeVar("T")
_WAIT_S = 30.0
_KEYS = {
    "Enter": (13, "\r"),
    "Tab": (9, ""),
    "Escape": (27, ""),
    "ArrowDown": (40, ""),
    "ArrowUp": (38, ""),
    " ": (32, " "),
}
_SHIFT = 8


@dataclass(frozen=True, slots=True)
class Look:
    """The screen a page is shown on and the wishes of who looks at it."""

    width: int = 390
    height: int = 844
    touch: bool = True
    scheme: str = "light"
    language: str = "en-GB"
    density: float = 2


PHONE = Look()
DESKTOP = Look(1280, 800, touch=False, density=1)


async def until(
    look: Callable[[], Awaitable[T | None]], what: Callable[[], str] | str = "it", timeout_s: float = _WAIT_S
) -> T:
    """Call `look` until it gives something true and return that. A page that is just being replaced gives nothing."""
    deadline = time.monotonic() + timeout_s
    seen: Any = None
    while True:
        try:
            if seen := await look():
                return seen
        except ProtocolError as error:
            seen = error
        if time.monotonic() > deadline:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"{said} did not come true within {timeout_s:g} s; last seen: {seen!r}")
        await asyncio.sleep(0.05)


class Page:
    """One tab. `context` is a browser of its own: pages that share one share their storage."""

    def __init__(self, browser: Chromium, context: str, target: str, session: str) -> None:
        self.browser = browser
        self.context = context
        self.target = target
        self._session = session
        self._loaded = asyncio.Event()
        self.problems: list[str] = []  # what a person with the console open would see in red
        self.asked: list[str] = []  # every address that the page asked for
        self.weights: dict[str, int] = {}  # bytes as they travelled, by kind ("Script", "Stylesheet", ...)
        self._kinds: dict[str, str] = {}
        browser.listen(session, self._hear)

    @classmethod
    async def open(cls, browser: Chromium, look: Look = PHONE, beside: Page | None = None) -> Self:
        """Open a tab: of a browser of its own, or `beside` another one."""
        made = {"browserContextId": beside.context} if beside else await browser.send("Target.createBrowserContext")
        context = made["browserContextId"]
        # A window of its own: a tab behind another one sleeps.
        where = {"url": "about:blank", "browserContextId": context, "newWindow": True}
        made = await browser.send("Target.createTarget", where)
        target = made["targetId"]
        session = (await browser.send("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
        page = cls(browser, context, target, session)
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "Accessibility"):
            await page.send(f"{domain}.enable")
        await page.send("Emulation.setFocusEmulationEnabled", enabled=True)
        await page.look(look)
        return page

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        return await self.browser.send(method, params, self._session)

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
            self._kinds[params["requestId"]] = params.get("type", "Other")
        elif method == "Network.loadingFinished":
            kind = self._kinds.pop(params["requestId"], "Other")
            self.weights[kind] = self.weights.get(kind, 0) + int(params["encodedDataLength"])
        elif method == "Network.webSocketCreated":
            self.asked.append(params["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.problems.append(" ".join(str(one.get("value", one.get("description"))) for one in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{params['entry']['text']} ({params['entry'].get('url', '')})")

    async def look(self, look: Look) -> None:
        """Change the screen."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=look.width,
            height=look.height,
            deviceScaleFactor=look.density,
            mobile=look.touch,
        )
        await self.send("Emulation.setTouchEmulationEnabled", enabled=look.touch)
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": look.scheme}])
        await self.send("Emulation.setLocaleOverride", locale=look.language.replace("-", "_"))
        agent = (await self.browser.send("Browser.getVersion"))["userAgent"].replace("Headless", "")
        await self.send("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=look.language)

    async def goto(self, url: str) -> None:
        """Load an address and wait until it is loaded. Fails when the browser cannot show it."""
        self._loaded.clear()
        went = await self.send("Page.navigate", url=url)
        if "errorText" in went:
            raise AssertionError(f"{url}: {went['errorText']}")
        if "loaderId" in went:  # else only the part after # changed
            async with asyncio.timeout(_WAIT_S):
                await self._loaded.wait()

    async def reload(self) -> None:
        self._loaded.clear()
        await self.send("Page.reload")
        async with asyncio.timeout(_WAIT_S):
            await self._loaded.wait()

    async def js(self, expression: str) -> Any:
        """Evaluate and return what it gives, awaited."""
        done = await self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise ProtocolError(details.get("exception", {}).get("description") or details["text"])
        return done["result"].get("value")

    async def text(self) -> str:
        return str(await self.js("document.body?.innerText ?? ''"))

    async def sees(self, words: str, timeout_s: float = _WAIT_S) -> None:
        """Wait until the page shows these words."""

        # The typographic apostrophe of the app is the plain one of a test; a line may break anywhere.
        async def shown() -> bool:
            return _plain(words) in _plain(await self.text())

        try:
            await until(shown, timeout_s=timeout_s)
        except AssertionError:
            raise AssertionError(f"{words!r} is not shown, but:\n{await self.text()}\n{self.problems}") from None

    async def lacks(self, words: str) -> None:
        """Wait until these words are gone."""

        async def gone() -> bool:
            return _plain(words) not in _plain(await self.text())

        await until(gone, f"{words!r} is still shown; that it goes")

    async def true(self, expression: str, what: str = "", timeout_s: float = _WAIT_S) -> None:
        """Wait until an expression gives something true, awaited."""
        asked = f"Promise.resolve({expression}).then((given) => !!given)"  # an element has no value of its own here
        await until(lambda: self.js(asked), what or expression, timeout_s)

    async def found(self, role: str, name: str) -> list[int]:
        """Return what a screen reader finds now by role and a pattern for the whole name."""
        root = (await self.send("DOM.getDocument", depth=0))["root"]["nodeId"]
        nodes = (await self.send("Accessibility.queryAXTree", nodeId=root, role=role))["nodes"]
        pattern = re.compile(name)
        return [
            one["backendDOMNodeId"]
            for one in nodes
            if not one["ignored"] and pattern.fullmatch(_plain(one.get("name", {}).get("value", "")))
        ]

    async def find(self, role: str, name: str) -> int:
        """Wait for the first thing with this role and name."""
        return (await until(lambda: self.found(role, name), f"a {role} named {name!r}"))[0]

    async def press(self, role: str, name: str) -> None:
        """Press a thing with the pointer, once it stands still, where it really is."""

        async def place() -> tuple[float, float] | None:
            there = await self.found(role, name)
            if not there:
                return None
            await self.send("DOM.scrollIntoViewIfNeeded", backendNodeId=there[0])
            first = await self._middle(there[0])
            await self.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            return first if first == await self._middle(there[0]) else None

        x, y = await until(place, f"a {role} named {name!r} that stands still")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def _middle(self, node: int) -> tuple[float, float]:
        quad = (await self.send("DOM.getContentQuads", backendNodeId=node))["quads"][0]
        return sum(quad[0::2]) / 4, sum(quad[1::2]) / 4

    async def focus(self, role: str, name: str) -> None:
        await self.send("DOM.focus", backendNodeId=await self.find(role, name))

    async def write(self, role: str, name: str, words: str) -> None:
        """Type into a field, behind what is there."""
        await self.focus(role, name)
        await self.type(words)

    async def type(self, words: str) -> None:
        """Type where the focus is."""
        await self.send("Input.insertText", text=words)

    async def key(self, key: str, *, shift: bool = False) -> None:
        """Press a key."""
        code, text = _KEYS[key]
        common = {"key": key, "code": key.replace(" ", "Space"), "windowsVirtualKeyCode": code}
        common["modifiers"] = _SHIFT if shift else 0
        await self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    async def focused(self) -> str:
        """Return role and name of what has the focus, as a screen reader says it."""
        found = await self.send("Runtime.evaluate", expression="document.activeElement")
        thing = found["result"]["objectId"]
        told = await self.send("Accessibility.getPartialAXTree", objectId=thing, fetchRelatives=False)
        node = told["nodes"][0]
        return _plain(f"{node.get('role', {}).get('value', '')} {node.get('name', {}).get('value', '')}").strip()

    async def shot(self, path: Path) -> None:
        """Keep a picture."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode((await self.send("Page.captureScreenshot"))["data"]))

    async def close(self) -> None:
        await self.browser.send("Target.closeTarget", {"targetId": self.target})


def _plain(words: str) -> str:
    return " ".join(words.replace("’", "'").split())


def quoted(value: Any) -> str:
    """Return a value as an expression of the page."""
    return json.dumps(value)
