"""A house with a box: a real gateway, a model service whose answers a test holds back, a line that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import ifaddr
import pytest

from appliance.identity.setup.code import decode
from tests.browser.chromium import Chromium
from tests.browser.page import PHONE, Look, Page
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import FakeCloud
from tests.integration.box import cloud_box, cloud_config
from tests.integration.gateway_process import GatewayProcess

SCREENS = Path(os.environ.get("CI_ARTIFACTS") or Path(__file__).resolve().parents[2] / "build") / "screens"
MAIN = "agent:main:main"


async def call(gateway: GatewayProcess, method: str, **params: Any) -> Any:
    """Ask the gateway through its local socket, as the owner at the box."""
    return await asyncio.to_thread(gateway.call, method, params)


async def link(gateway: GatewayProcess, profile: str = "control-ui", base: str = "") -> str:
    """Make a code and return the link that a camera reads."""
    base = base or gateway.http
    made = await code(gateway, profile, base)
    return f"{base}/#bootstrapToken={token_of(made)}"


async def code(gateway: GatewayProcess, profile: str = "control-ui", base: str = "") -> str:
    """Make a setup code as the terminal shows it."""
    url = (base or gateway.http).replace("http", "ws", 1)
    made = await call(gateway, "device.pair.setupCode", publicUrl=url, bootstrapProfile=profile)
    return str(made["setupCode"])


def token_of(setup_code: str) -> str:
    """Return the secret part of a code."""
    return decode(setup_code).bootstrap_token


async def paired(browser: Chromium, gateway: GatewayProcess, look: Look = PHONE, base: str = "") -> Page:
    """Return a page of a browser of its own that is in, at the chat."""
    page = await Page.open(browser, look)
    await page.goto(await link(gateway, base=base))
    await at_chat(page)
    return page


async def at_chat(page: Page) -> None:
    await page.find("textbox", "Message|Nachricht|Message .*")
    await page.true("location.pathname.startsWith('/chat')")


async def say(page: Page, words: str) -> None:
    """Write and send."""
    await page.write("textbox", "Message", words)
    await page.press("button", "Send")


def slow(text: str, words_first: int = 3) -> Answer:
    """Return an answer that stops after its first words until it is released or given up."""
    return Answer((Say(text),), hold_after=1 + words_first)


@asynccontextmanager
async def house(folder: Path, **sections: Any) -> AsyncIterator[tuple[GatewayProcess, FakeCloud]]:
    """Run a gateway whose one model is the service that it comes with."""

    def config(cloud: FakeCloud) -> dict[str, Any]:
        made = cloud_config(cloud, **sections)
        made["models"]["mini"] = {"enabled": False}
        return made

    async with cloud_box(folder, config, OPENCLAW_DISABLE_BONJOUR="1") as both:  # the network of the tests is not ours
        yield both


def lan_address() -> str:
    """Return an address of this machine that others could reach; skips the test where there is none."""
    for adapter in ifaddr.get_adapters():
        for one in adapter.ips:
            if one.is_IPv4 and not ipaddress.ip_address(str(one.ip)).is_loopback:
                return str(one.ip)
    pytest.skip("this machine has no address but loopback")


class Line:
    """The cable between a browser and the box. `cut` ends every connection and takes no new one until `mend`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server:
            self._server.close()
        for end in list(self._ends):
            end.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._server = None

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            self._ends |= {writer, far_writer}
            await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))
            self._ends -= {writer, far_writer}
        finally:
            self._tasks.discard(task)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def line(gateway: GatewayProcess) -> AsyncIterator[Line]:
    """Lay a cable to a gateway."""
    cable = Line(int(gateway.facts["port"]))
    await cable.mend()
    try:
        yield cable
    finally:
        await cable.cut()
