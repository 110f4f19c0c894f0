"""/trust and /homarus-ca.crt: how a browser comes to trust this box, in three steps, for each system.

Served without a secret and over plaintext too: who needs the page has no trusted connection yet. It shows the
fingerprint of the authority, which the terminal of the box shows as well: that comparison is what makes it safe.
"""

from __future__ import annotations

import base64
import hashlib
import html
import ssl
from collections.abc import Callable
from typing import Final

from aiohttp import web

# The colours of the app: web/src/ui/tokens.css.
STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1d1f;--quiet:#5a5d61;--ground:#f6f5f2;--card:#fff;--line:#e1dfd9;--mark:#1d5d78}
@media(prefers-color-scheme:dark){:root{--ink:#eceef0;--quiet:#a7aeb6;--ground:#131517;--card:#1b1e21;--line:#2c3136;
--mark:#83c5df}}
body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}
main{max-width:40rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p,li{margin:.4rem 0}.quiet{color:var(--quiet)}
a.get{display:inline-block;padding:.75rem 1.25rem;border-radius:.6rem;background:var(--mark);color:#fff;
text-decoration:none;font-weight:600}
@media(prefers-color-scheme:dark){a.get{color:#08222d}}
a{color:var(--mark)}a:focus-visible,summary:focus-visible{outline:3px solid var(--mark);outline-offset:3px}
code{font:.9rem/1.7 ui-monospace,monospace;overflow-wrap:anywhere}
details{background:var(--card);border:1px solid var(--line);border-radius:.6rem;margin:.5rem 0;padding:0 1rem}
summary{cursor:pointer;padding:.7rem 0;font-weight:600;min-height:1.6rem}
ol{margin:.25rem 0 1rem;padding-inline-start:1.4rem}
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# The name of a system and what its browsers say of it. Android says Linux too, and iOS says Mac OS X.
_SYSTEMS: Final = (
    ("Android", "android"),
    ("iPhone", "ios"),
    ("iPad", "ios"),
    ("Windows", "windows"),
    ("Macintosh", "macos"),
    ("Linux", "linux"),
)
_MAX_LANGUAGES: Final = 16


def routes(authority: Callable[[], bytes]) -> list[web.RouteDef]:
    """Return the routes. `authority` gives the certificate of the authority as DER; it raises OSError, ValueError."""

    async def page(request: web.Request) -> web.Response:
        fingerprint = hashlib.sha256(authority()).hexdigest()
        language = chosen_language(request.headers.get("Accept-Language", ""))
        text = render(language, system_of(request.headers.get("User-Agent", "")), fingerprint, request.host)
        headers = _HEADERS | {"Content-Language": language, "Vary": "Accept-Language, User-Agent"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def der(_: web.Request) -> web.Response:
        return _file(authority(), "homarus-ca.crt", "application/x-x509-ca-cert")

    async def pem(_: web.Request) -> web.Response:
        return _file(ssl.DER_cert_to_PEM_cert(authority()).encode(), "homarus-ca.pem", "application/x-pem-file")

    return [web.get("/trust", page), web.get("/homarus-ca.crt", der), web.get("/homarus-ca.pem", pem)]


def _file(body: bytes, name: str, kind: str) -> web.Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, content_type=kind, headers=headers)


def chosen_language(header: str) -> str:
    """Return en, de or fr: what an Accept-Language header wants most (RFC 9110, 12.5.4)."""
    best, weight = "en", 0.0
    for part in header.split(",")[:_MAX_LANGUAGES]:
        tag, _, parameter = part.strip().partition(";")
        name = tag.strip().lower()[:2]
        quality = parameter.strip().removeprefix("q=")
        try:
            wanted = float(quality) if quality else 1.0
        except ValueError:
            continue
        if name in ("en", "de", "fr") and wanted > weight:
            best, weight = name, wanted
    return best


def system_of(agent: str) -> str:
    """Return the system of a browser: ios, android, macos, windows or linux; "" when it does not say."""
    return next((system for mark, system in _SYSTEMS if mark in agent), "")


def grouped(fingerprint: str) -> str:
    """Return a fingerprint as people compare it: groups of four digits."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4)).upper()


def _prose(text: str) -> str:
    """Return a sentence as markup; what stands between backticks is code."""
    pieces = html.escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces))


def render(language: str, system: str, fingerprint: str, host: str) -> str:
    """Return the page. `host` is what the request asked for, with its port."""
    from appliance.gateway.http.trust_words import PAGES, SYSTEMS

    words = PAGES[language]
    secure = html.escape(f"https://{host}/", quote=True)
    order = sorted(SYSTEMS[language], key=lambda one: one != system)
    blocks = "".join(
        f"<details{' open' if one == system else ''}><summary>{html.escape(SYSTEMS[language][one][0])}</summary><ol>"
        + "".join(f"<li>{_prose(step)}</li>" for step in SYSTEMS[language][one][1])
        + "</ol></details>"
        for one in order
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(words.title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{html.escape(words.title)}</h1><p>{html.escape(words.why)}</p>"
        f"<h2>1. {html.escape(words.get)}</h2>"
        f'<p><a class="get" href="/homarus-ca.crt" download>{html.escape(words.button)}</a></p>'
        f"<p>{_prose(words.compare)}</p><p><code>{grouped(fingerprint)}</code></p>"
        f"<h2>2. {html.escape(words.install)}</h2>{blocks}"
        f'<h2>3. {html.escape(words.open)}</h2><p><a href="{secure}">{secure}</a></p>'
        f'<p class="quiet">{html.escape(words.limits)}</p></main></body></html>'
    )
