"""The story of a first evening: an empty box, a terminal, a phone, an answer. Prints its steps and their seconds."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from pathlib import Path

import pytest

from tests.browser.chromium import chromium
from tests.browser.house import SCREENS, at_chat, call, lan_address
from tests.browser.page import Page
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.pseudo_terminal import PseudoTerminal

_LINK = re.compile(r"https://\S+#bootstrapToken=[\w-]+")
_PATIENCE = 3  # times that a terminal waits for words


class _Watch:
    """Seconds since the beginning, by step."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self.lines: list[str] = []

    def __call__(self, step: str) -> None:
        now = time.monotonic()
        self.lines.append(f"{now - self._began:6.1f} s  (+{now - self._last:4.1f})  {step}")
        self._last = now


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def _onboard(box: GatewayProcess, watch: _Watch) -> tuple[PseudoTerminal, str]:
    """Take every usual answer until the link of the first device is on the screen."""
    environ = {name: value for name, value in box.environ.items() if name != "HOMARUS_GATEWAY_TOKEN"}
    terminal = PseudoTerminal([box.python, "-m", "appliance", "onboard"], environ, CHECKOUT)
    for question, answer in (
        ("Which language", "\r"),
        ("What may I call you?", "Ada\r"),
        ("Who may reach this box?", "\r"),
        ("Which model shall answer?", "\r"),
        ("A cloud model as a helper?", "\r"),
    ):
        _wait_for(terminal, question)
        terminal.wait_for("›")
        terminal.type(answer)
        watch(f"the terminal asked: {question}")
    terminal.wait_for("The link:")
    terminal.wait_for("#bootstrapToken=")
    terminal.wait_for("\n")
    link = _LINK.search(terminal.text)
    assert link is not None
    watch("the code is on the screen")
    return terminal, link[0]


def _wait_for(terminal: PseudoTerminal, words: str) -> None:
    """Wait for a question; before some of them the box starts again and measures itself."""
    for _ in range(_PATIENCE):
        with contextlib.suppress(AssertionError):
            terminal.wait_for(words)
            return
    terminal.wait_for(words)


@pytest.mark.engine
async def test_an_empty_box_answers_a_phone_within_a_few_steps(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    box = GatewayProcess(tmp_path / "box", HOMARUS_GATEWAY_PORT=_free_port(), OPENCLAW_DISABLE_BONJOUR="1")
    watch = _Watch()
    terminal, link = await asyncio.to_thread(_onboard, box, watch)
    try:
        async with chromium(tmp_path / "browser", names=f"EXCLUDE {lan_address()}") as browser:
            page = await Page.open(browser)
            # The phone warns once, as /trust explains: the certificate is the box's own. Its owner goes on.
            await page.send("Security.setIgnoreCertificateErrors", ignore=True)
            watch("a browser was opened")
            await page.goto(link)
            await at_chat(page)
            watch("the phone is in")
            await page.shot(SCREENS / "story-in-phone-light-en.png")
            await page.write("textbox", "Message", "Set a timer for ten minutes")
            await page.press("button", "Send")
            await page.true("document.querySelector('article.turn .facts-line, article.turn footer')", "an answer")
            watch("the first answer is there")
            await asyncio.to_thread(terminal.wait_for, "ready")
            watch("the terminal says that all is done")
            await page.shot(SCREENS / "story-answer-phone-light-en.png")
            # Browsers keep no page of a certificate that was only waved through.
            assert not [one for one in page.problems if "SSL certificate" not in one and "not kept" not in one]
            assert [each["kind"] for each in await _agenda(box)] == ["timer"]
    finally:
        await asyncio.to_thread(terminal.hang_up)
        await asyncio.to_thread(terminal.ended)
    told = "\n".join(watch.lines)
    SCREENS.mkdir(parents=True, exist_ok=True)
    (SCREENS / "story.txt").write_text(told + "\n")
    with capfd.disabled():
        print(f"\n{told}")


async def _agenda(box: GatewayProcess) -> list[dict[str, str]]:
    answer: dict[str, list[dict[str, str]]] = await call(box, "homarus.agenda.list")
    return answer["rows"]
