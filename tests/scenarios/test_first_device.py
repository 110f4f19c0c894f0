"""A story: a new box, the usual answers in a terminal, the code on the screen, a phone, its first answer.

The phone is the published client of the protocol; tests/browser/test_story.py tells the same with the web page. Steps
and seconds are printed.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance.host.interfaces import addresses
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.pseudo_terminal import PseudoTerminal
from tests.protocol.test_pairing_reference import _phone as phone

pytestmark = pytest.mark.engine
_ENTER = "\r"
_QUESTION = "set a timer for ten minutes"
_PATIENCE = 6  # waits of 20 s: a box that builds something beside is slow, and no time is asserted here
_HAS_NETWORK = any(one.ip.version == 4 and not one.ip.is_loopback and not one.inner for one in addresses())
_SETUP_CODE = re.compile(r"^(eyJ[\w-]{40,})$", re.MULTILINE)
_LINK = re.compile(r"^(https://\S+/#bootstrapToken=\S+)$", re.MULTILINE)


@dataclass
class Story:
    """What happened, with the second at which it did."""

    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    def tell(self, what: str) -> None:
        self.lines.append(f"  {time.monotonic() - self.began:6.1f} s  {what}")

    def text(self) -> str:
        return "\n".join(["", "from nothing to the first answer of a phone:", *self.lines])


def _box(folder: Path) -> GatewayProcess:
    with socket.socket() as free:
        free.bind(("0.0.0.0", 0))
        port = str(free.getsockname()[1])
    return GatewayProcess(folder / "box", HOMARUS_GATEWAY_PORT=port, OPENCLAW_DISABLE_BONJOUR="1")


def _await(terminal: PseudoTerminal, words: str) -> None:
    for left in reversed(range(_PATIENCE)):
        try:
            terminal.wait_for(words)
            return
        except AssertionError:
            if not left:
                raise


def onboard(terminal: PseudoTerminal, story: Story) -> tuple[str, str]:
    """Give the usual answers and return the code and the link that stand on the screen then."""
    for question, answer in (
        ("Which language shall the box speak?", _ENTER),
        ("What may I call you?", f"Ada{_ENTER}"),
        ("Who may reach this box?", _ENTER),
        ("Which model shall answer?", _ENTER),
        ("A cloud model as a helper?", _ENTER),
    ):
        _await(terminal, question)
        story.tell(question)
        _await(terminal, "›")
        terminal.type(answer)
    _await(terminal, "Your first device")
    _await(terminal, "Waiting for the device")
    story.tell("the code is on the screen")
    code, link = _SETUP_CODE.search(terminal.text), _LINK.search(terminal.text)
    assert code, terminal.text
    assert link, terminal.text
    return code[1], link[1]


async def _tell_the_story(folder: Path, story: Story, device: Callable[[GatewayProcess, str, str], Any]) -> None:
    """Run the story with a device that pairs with (box, code, link), asks and returns when it was answered."""
    box = _box(folder)
    argv = [box.python, "-m", "appliance", "onboard"]
    terminal = await asyncio.to_thread(PseudoTerminal, argv, box.environ, CHECKOUT)
    try:
        code, link = await asyncio.to_thread(onboard, terminal, story)
        async with asyncio.TaskGroup() as both:
            both.create_task(device(box, code, link))
            both.create_task(_paired(terminal, story))
        await asyncio.to_thread(_await, terminal, "›")  # the chat that goes on in this window
        terminal.type(f"/quit{_ENTER}")
        assert await asyncio.to_thread(terminal.ended) == 0
    finally:
        await asyncio.to_thread(terminal.close)
    state = (box.state / "onboarding.json").read_text()
    assert '"status":"done"' in state
    assert code not in state


async def _paired(terminal: PseudoTerminal, story: Story) -> None:
    await asyncio.to_thread(_await, terminal, "paired: ")
    story.tell("the terminal says that it is paired")
    await asyncio.to_thread(_await, terminal, "Your assistant is ready, Ada.")


needs_network = pytest.mark.skipif(not _HAS_NETWORK, reason="no network here: a box without an address has no code")


@needs_network
async def test_an_app_scans_the_code_and_gets_its_first_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story()

    async def app(box: GatewayProcess, code: str, link: str) -> None:
        seen = await phone(tmp_path, "", code, ASK=_QUESTION)
        story.tell(f"the app is answered: {_words(seen['answer'])}")
        assert "10 minutes" in _words(seen["answer"])
        assert seen["url"].startswith("wss://"), "encrypted, and pinned to the certificate that the code names"

    await _tell_the_story(tmp_path, story, app)
    with capsys.disabled():
        print(story.text())


def _words(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
