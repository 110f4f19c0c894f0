"""What strangers write is shown as words: no script of theirs runs, nothing they name is asked for."""

from __future__ import annotations

import asyncio
import base64
from urllib.parse import urlsplit

from tests.browser.chromium import Chromium
from tests.browser.house import MAIN, call, paired
from tests.browser.page import Page
from tests.fakes.cloud.script import Answer, Call, Say
from tests.fakes.cloud.server import FakeCloud
from tests.fakes.wire import DeviceKey
from tests.integration.gateway_process import GatewayProcess
from tests.integration.node_client import node

Box = tuple[GatewayProcess, FakeCloud]

_ACT = "top.__owned=1"
_WORDS = [
    f"<script>{_ACT}</script>",
    f"<img src=x onerror={_ACT}>",
    f"<svg/onload={_ACT}>",
    f"<svg><animate onbegin={_ACT} attributeName=x dur=1s></svg>",
    f"<iframe srcdoc='<script>{_ACT}</script>'></iframe>",
    "<iframe src=http://evil.example/frame></iframe>",
    "<object data=http://evil.example/object></object><embed src=http://evil.example/embed>",
    "<link rel=stylesheet href=http://evil.example/a.css><style>@import 'http://evil.example/b.css';</style>",
    "<div style='background:url(http://evil.example/css)'>x</div>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/meta'><base href=http://evil.example/>",
    f"<form action=http://evil.example/form><button formaction='javascript:{_ACT}'>press</button></form>",
    "<video src=http://evil.example/v autoplay poster=http://evil.example/p></video><audio src=http://evil.example/a>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={_ACT}></style></mglyph></table></mtext></math>",
    f"<details open ontoggle={_ACT}><summary>x</summary></details><input autofocus onfocus={_ACT}>",
    f"[press me](javascript:{_ACT}) [and me](data:text/html,<script>{_ACT}</script>) <javascript:{_ACT}>",
    f"[ref]: javascript:{_ACT}\n\n[ref] [tab](java&#x09;script:{_ACT}) [up](JaVaScRiPt:{_ACT}) [vb](vbscript:x)",
    '![picture](http://evil.example/pixel.png) ![two](//evil.example/pixel2.png "x")',
    f'![x](x"onerror="{_ACT}) `<img src=x onerror={_ACT}>`',
    f'```"><img src=x onerror={_ACT}>\n<script>{_ACT}</script>\n```',
    f"| a | b |\n|---|---|\n| <img src=x onerror={_ACT}> | <script>{_ACT}</script> |",
    f"<a href='x' onclick={_ACT} id=location name=body>clobber</a><form id=document><input name=cookie></form>",
    "https://evil.example/plain <https://evil.example/auto> \u202egnp.exe",
]
_NAME = f"<img src=http://evil.example/name onerror={_ACT}>\"'`${{{_ACT}}}.txt"


async def _is_calm(page: Page, gateway: GatewayProcess) -> None:
    """Nothing of it ran, and nobody else was asked for anything."""
    await asyncio.sleep(0)
    assert not await page.js("window.__owned || document.querySelector('script:not([src^=\"/\"])')")
    own = f"127.0.0.1:{gateway.facts['port']}"
    strangers = [url for url in page.asked if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != own]
    assert strangers == []
    assert await page.js("location.host") == own
    assert page.problems == []


async def _press_every_link(page: Page) -> None:
    """Press what the text offers to press; a new tab of another site is not ours to judge."""
    await page.js(
        "for (const one of document.querySelectorAll('.turn a, .turn button, .said a')) {"
        " if (one.target !== '_blank' && !one.closest('footer')) one.click(); }"
    )


async def test_hostile_answers_and_messages_stay_words(browser: Chromium, box: Box) -> None:
    gateway, cloud = box
    page = await paired(browser, gateway)
    for index, words in enumerate(_WORDS):
        cloud.script(Answer((Say(f"{words}\n\nend of {index}", piece=17),)))  # cut anywhere, also inside a tag
        await call(gateway, "chat.send", sessionKey=MAIN, message=words, idempotencyKey=f"hostile-{index}")
        await page.sees(f"end of {index}")
    await _press_every_link(page)
    await _is_calm(page, gateway)
    for one in await page.js("[...document.querySelectorAll('.turn a')].map((link) => link.protocol)"):
        assert one in ("http:", "https:", "mailto:")
    assert not await page.js(
        "document.querySelector('.turn :is(iframe, object, embed, form, style, link, svg animate)')"
    )
    assert "<script>" in await page.js("document.querySelector('.turn pre').innerText")  # Markdown it was
    await page.reload()  # and the same from the transcript
    await page.sees(f"end of {len(_WORDS) - 1}")
    await _is_calm(page, gateway)


async def test_hostile_file_names_titles_tools_and_search_results_stay_words(browser: Chromium, box: Box) -> None:
    gateway, cloud = box
    cloud.script(
        Answer((Call("note_add", {"text": _NAME}),)),
        Answer((Say("Noted."),)),
    )
    page = await paired(browser, gateway)
    file = {"type": "file", "mimeType": "text/plain", "fileName": _NAME}
    file["content"] = base64.b64encode(b"<script>1</script>").decode()
    message = {"sessionKey": MAIN, "message": "read this needle", "idempotencyKey": "file", "attachments": [file]}
    await call(gateway, "chat.send", **message)
    await page.sees("Noted.")
    await call(gateway, "sessions.patch", key=MAIN, label=_NAME[:60])
    await page.js("document.querySelectorAll('details, .tool button').forEach((one) => one.click?.())")
    await _is_calm(page, gateway)
    for path in ("/history?q=needle", "/today", "/chat", "/logs", "/usage"):
        await page.goto(gateway.http + path)
        await page.true("document.querySelector('main')?.innerText.length > 0")
        await _is_calm(page, gateway)


async def test_hostile_names_of_devices_and_nodes_stay_words(browser: Chromium, box: Box) -> None:
    gateway, _ = box
    page = await paired(browser, gateway)
    name = f"<img src=http://evil.example/ onerror={_ACT}>"
    async with node(gateway.target.url, DeviceKey(), "system.which", name=name):
        for path in ("/devices", "/nodes", "/status"):
            await page.goto(gateway.http + path)
            if path != "/status":
                await page.sees(name)
            await page.js("document.querySelectorAll('main .press').forEach((one) => one.click())")
            await _is_calm(page, gateway)
