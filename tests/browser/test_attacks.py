"""Another site in the same browser: it can frame nothing, read nothing, open no socket and guess no code."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from tests.browser.chromium import Chromium, chromium
from tests.browser.house import at_chat, call, code, paired, token_of
from tests.browser.page import DESKTOP, Page, quoted
from tests.fakes.cloud.server import FakeCloud
from tests.integration.gateway_process import TOKEN, GatewayProcess

Box = tuple[GatewayProcess, FakeCloud]

# Knocks as the app does, and says how it ended. It has no key, so it asks with a code or a secret alone.
_KNOCK = """(url, auth) => new Promise((done) => {
  const socket = new WebSocket(url);
  const told = [];
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    if (frame.event === "connect.challenge") socket.send(JSON.stringify({ type: "req", id: "1", method: "connect",
      params: { minProtocol: 4, maxProtocol: 4, role: "operator", scopes: ["operator.read"], auth,
        client: { id: "openclaw-control-ui", mode: "webchat", version: "1", platform: "web" } } }));
    else if (frame.type === "res") {
      told.push(frame.ok ? "in" : frame.error.details?.code ?? frame.error.code);
      socket.close();
    }
  };
  socket.onclose = () => done(told[0] ?? "closed");
  socket.onerror = () => done("refused");
})"""


@contextlib.asynccontextmanager
async def site(html: str) -> AsyncIterator[str]:
    """Serve a page of somebody else on this machine."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html><title>evil</title>{html}", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_another_site_cannot_put_the_page_into_a_frame(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    victim = await paired(browser, gateway)  # signed in: what is framed would be theirs to press
    frames = "".join(f"<iframe src='{gateway.http}{path}'></iframe>" for path in ("/", "/chat", "/devices", "/trust"))
    async with site(frames) as evil:
        page = await Page.open(browser, DESKTOP, beside=victim)
        before = len((await call(gateway, "device.pair.list"))["paired"])
        await page.goto(evil)
        refusals = [one for one in page.problems if "frame" in one.lower()]
        assert len(refusals) == 4, page.problems
        assert await page.js("[...document.querySelectorAll('iframe')].every((one) => one.contentDocument === null)")
        assert not [url for url in page.asked if url.startswith("ws")]
        assert len((await call(gateway, "device.pair.list"))["paired"]) == before
    assert victim.problems == []


async def test_another_site_opens_no_socket_even_with_a_good_secret(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    url = gateway.target.url
    async with site("") as evil:
        page = await Page.open(browser)
        await page.goto(evil)
        for auth in ({"token": TOKEN}, {"bootstrapToken": "x" * 43}, {}):
            assert await page.js(f"({_KNOCK})({quoted(url)}, {quoted(auth)})") != "in"


async def test_another_site_reads_nothing_of_the_box(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    async with site("") as evil:
        page = await Page.open(browser)
        await page.goto(evil)
        for path in ("/", "/health", "/metrics", "/control-ui-config.json", "/v1/models", "/trust", "/homarus-ca.crt"):
            for options in ({}, {"headers": {"Authorization": f"Bearer {TOKEN}"}}, {"credentials": "include"}):
                read = f"fetch({quoted(gateway.http + path)}, {quoted(options)}).then((r) => r.text(), () => null)"
                assert await page.js(read) is None, path
        # What a page may load without asking, it must not be able to use.
        for tag in ("script", "img", "link"):
            loaded = await page.js(
                f"new Promise((done) => {{ const one = document.createElement('{tag}');"
                f" one.rel = 'stylesheet'; one.onload = () => done(true); one.onerror = () => done(false);"
                f" one.src = one.href = {quoted(gateway.http + '/theme.js')}; document.head.append(one); }})"
            )
            assert not loaded, tag


async def test_another_site_cannot_guess_codes_and_locks_nobody_out(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    async with site("") as evil:
        page = await Page.open(browser)
        await page.goto(evil)
        tries = (
            f"(async () => {{ const told = []; for (let n = 0; n < 40; n++)"
            f" told.push(await ({_KNOCK})({quoted(gateway.target.url)}, {{ bootstrapToken: 'guess'.repeat(8) + n }}));"
            f" return told; }})()"
        )
        told = await page.js(tries)
        assert "in" not in told
        owner = await Page.open(browser)
        await owner.goto(gateway.http)
        await owner.write("textbox", "Setup code", await code(gateway))
        await owner.press("button", "Connect")
        await at_chat(owner)
        assert owner.problems == []


async def test_who_guesses_in_the_page_itself_is_slowed_down_and_told_when_to_come_back(
    browser: Chromium, box: Box
) -> None:
    gateway, _ = box
    page = await Page.open(browser)
    await page.goto(gateway.http)
    await page.sees("Connect this device")
    for number in range(40):
        await page.js("document.querySelector('textarea')?.select()")
        await page.write("textbox", "Setup code", f"{number:02d}" + "x" * 41)
        await page.press("button", "Connect")
        await page.true("!document.querySelector('button[aria-busy=true]')")
        if "Too many wrong tries." in await page.text():
            break
    else:
        raise AssertionError("forty guesses in a row were all heard")
    await page.sees("The box listens again in")
    await page.press("button", "Use a code instead")
    await page.sees("Connect this device")


async def test_a_name_that_was_turned_to_this_machine_opens_nothing(tmp_path: Path, box: Box) -> None:
    gateway, _ = box
    port = gateway.facts["port"]
    async with chromium(tmp_path / "rebound", names="MAP rebound.example 127.0.0.1") as browser:
        page = await Page.open(browser)
        # The page of an attacker was loaded before the name was turned: no policy of ours holds it back.
        await page.send("Page.setBypassCSP", enabled=True)
        await page.goto(f"http://rebound.example:{port}/#token={TOKEN}")
        await page.sees("Host not allowed")
        for auth in ({"token": TOKEN}, {"bootstrapToken": token_of(await code(gateway))}):
            assert await page.js(f"({_KNOCK})('ws://rebound.example:{port}/', {quoted(auth)})") != "in"
        for path in ("/control-ui-config.json", "/v1/models", "/metrics"):
            options = quoted({"headers": {"Authorization": f"Bearer {TOKEN}"}})
            read = f"fetch({quoted(path)}, {options}).then((one) => one.ok, () => false)"
            assert await page.js(read) is False, path
