"""What axe finds wrong with a page for people who read it otherwise."""

from __future__ import annotations

from pathlib import Path

from tests.browser.page import Page

_AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
# Bad for some readers; what axe calls moderate or minor is advice.
_GRAVE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
  const places = (one) => one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ");
  return found.violations.filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.help}: ${places(one)}`);
}"""


async def grave(page: Page) -> list[str]:
    """Return what is serious or critical. axe is put in from outside: the page's own policy would not load it."""
    await page.send("Runtime.evaluate", expression=_AXE.read_text() + "; 0")
    return list(await page.js(f"({_GRAVE})()"))
