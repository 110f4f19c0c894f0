"""`scripts/bench web`: how soon a phone shows the app and can be typed at, and what travels for it.

A phone's screen, a processor slowed four times, real Chromium, a real gateway; beside it in the same run a page with
one line and one field from a bare aiohttp server. Nothing is asserted about time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.process import Child
from tests.bench.report import Figure, save, table
from tests.bench.rig import config
from tests.browser.chromium import chromium
from tests.browser.house import at_chat, link
from tests.browser.page import PHONE, Page
from tests.integration.gateway_process import GatewayProcess

SLOWED = 4
_VISITS = 7
_PAINT_GOAL_MS, _TYPE_GOAL_MS = 1_000, 2_000
MOST_SCRIPT = 150_000
MOST_SHIFT = 0.1
_QUIET_MS = 500  # a page is done when it worked on nothing for so long

# Runs before anything of the page: when the field is there, when the box said hello, what kept the page busy.
_WATCH = """
window.__seen = { busyUntil: 0, shift: 0 };
const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take))
  .observe({ type, buffered: true });
watch("longtask", (one) => { __seen.busyUntil = Math.max(__seen.busyUntil, one.startTime + one.duration); });
watch("layout-shift", (one) => { if (!one.hadRecentInput) __seen.shift += one.value; });
new MutationObserver((_, watch) => { const field = document.querySelector("main textarea");
  if (field && !field.disabled) { __seen.field = performance.now(); watch.disconnect(); }
}).observe(document, { childList: true, subtree: true });
const Bare = WebSocket;
WebSocket = class extends Bare { constructor(...given) { super(...given);
  this.addEventListener("message", (event) => {
    if (!__seen.hello && String(event.data).includes("hello-ok")) __seen.hello = performance.now(); }); } };
"""
_TOLD = """(() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  if (!paint || !__seen.field || !__seen.hello) return null;
  const since = Math.max(__seen.field, __seen.hello, __seen.busyUntil);
  if (performance.now() - since < QUIET) return null;
  return { paint: paint.startTime, typing: Math.max(__seen.field, __seen.busyUntil), hello: __seen.hello,
    shift: __seen.shift };
})()""".replace("QUIET", str(_QUIET_MS))


@dataclass(frozen=True, slots=True)
class Visit:
    """One load of a page: milliseconds, bytes as they travelled by kind, how far things jumped."""

    paint: float
    typing: float
    hello: float
    shift: float
    script: int
    style: int
    all: int


async def visit(page: Page, url: str, *, cold: bool) -> Visit:
    """Load a page as one who never was there (`cold`) or as one who comes back, and watch it."""
    await page.goto("about:blank")
    await page.send("Network.setCacheDisabled", cacheDisabled=cold)
    await page.send("Network.setBypassServiceWorker", bypass=cold)
    await page.send("Emulation.setCPUThrottlingRate", rate=SLOWED)
    page.weights.clear()
    await page.goto(url)
    deadline = time.monotonic() + 60
    while (told := await page.js(_TOLD)) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"{url} did not come to rest: {await page.js('__seen')}")
        await asyncio.sleep(0.2)
    await page.send("Emulation.setCPUThrottlingRate", rate=1)
    weights = dict(page.weights)
    everything = sum(weights.values())
    return Visit(**told, script=weights.get("Script", 0), style=weights.get("Stylesheet", 0), all=everything)


async def visits(folder: Path, times: int) -> dict[str, list[Visit]]:
    """Visit floor and app in turns, each from nothing and again: `floor`, `cold`, `warm`."""
    found: dict[str, list[Visit]] = {"floor": [], "cold": [], "warm": []}
    with Child("tests.bench.instant") as model, Child("tests.bench.web_floor") as floor:
        gateway = GatewayProcess(folder / "state", config(model.port))
        await asyncio.to_thread(gateway.start)
        try:
            async with chromium(folder / "browser") as browser:
                page = await Page.open(browser, PHONE)
                await page.goto(await link(gateway))
                await at_chat(page)
                await page.true("navigator.serviceWorker.ready.then((ready) => ready.active?.state == 'activated')")
                await page.send("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
                chat = f"{gateway.http}/chat"
                for _ in range(times):
                    found["floor"].append(await visit(page, f"http://127.0.0.1:{floor.port}/", cold=True))
                    found["cold"].append(await visit(page, chat, cold=True))
                    found["warm"].append(await visit(page, chat, cold=False))
        finally:
            await asyncio.to_thread(gateway.stop)
    return found


def figures(found: dict[str, list[Visit]]) -> list[Figure]:
    """Return medians, beside the floor of the same run."""

    def middle(kind: str, what: str) -> float:
        return statistics.median(float(getattr(one, what)) for one in found[kind])

    floor = {what: middle("floor", what) for what in ("paint", "typing", "hello")}
    made = []
    for kind, words in (("cold", "first visit"), ("warm", "next visit")):
        made += [
            Figure(f"{words}: first paint", middle(kind, "paint"), "ms", goal=_PAINT_GOAL_MS, floor=floor["paint"]),
            Figure(
                f"{words}: can be typed at", middle(kind, "typing"), "ms", goal=_TYPE_GOAL_MS, floor=floor["typing"]
            ),
            Figure(f"{words}: connected", middle(kind, "hello"), "ms", floor=floor["hello"]),
            Figure(f"{words}: script", middle(kind, "script"), "bytes", goal=MOST_SCRIPT),
            Figure(f"{words}: all", middle(kind, "all"), "bytes"),
            Figure(f"{words}: layout shift", middle(kind, "shift"), "", goal=MOST_SHIFT),
        ]
    return made


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench web", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="do this many times the usual amount")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="hb") as folder:
        found = asyncio.run(visits(Path(folder), max(1, round(_VISITS * options.scale))))
    made = figures(found)
    facts: dict[str, Any] = {"machine": platform.platform(), "cores": os.cpu_count(), "slowed": SLOWED}
    facts["visits"] = {kind: [asdict(one) for one in each] for kind, each in found.items()}
    path = save(made, facts, f"web-{time.strftime('%Y%m%d-%H%M%S')}")
    if options.json:
        print(json.dumps([asdict(each) for each in made], indent=1))
    else:
        print(f"a phone's screen, a processor slowed {SLOWED} times\n\n{table(made)}\n\n{path}", file=sys.stdout)
