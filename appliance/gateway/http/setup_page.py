"""/setup: a page without scripts for a box that nobody has paired yet: what was wrong on its card, and its Wi-Fi.

Everybody in reach may read it, so it names no value and no secret. The Wi-Fi is chosen only by who came through the
box's own network, whose key stands on the screen and on the card; pages of others cannot send the form (address of the
peer, name in the request, origin).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from aiohttp import web

from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.gateway.bearer import Bearer
from appliance.gateway.http.trust import STYLE, chosen_language

Ask = Callable[[str, Mapping[str, object]], Awaitable[Mapping[str, Any]]]
_MAX_FORM_BYTES: Final = 4096
_STATE_S: Final = 2.0
_STYLE: Final = f"""{STYLE}
label{{display:block;margin:.9rem 0 .2rem}}
input,select{{box-sizing:border-box;width:100%;padding:.7rem;font:inherit;color:inherit;background:var(--card);
border:1px solid var(--line);border-radius:.6rem}}
button{{margin-top:1.2rem;padding:.8rem 1.4rem;font:inherit;font-weight:600;border:0;border-radius:.6rem;
background:var(--mark);color:#fff}}
input:focus-visible,select:focus-visible,button:focus-visible{{outline:3px solid var(--mark);outline-offset:2px}}
.alert{{border-inline-start:4px solid var(--mark);padding:.1rem 0 .1rem .8rem}}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}


class Sparing:
    """Puts questions to the box's root service, that for the state of the Wi-Fi at most every two seconds.

    Each question is a process of root's, of which few may run at a time; the page is read by whoever is in reach.
    """

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._one = asyncio.Lock()
        self._state: Mapping[str, Any] = {}
        self._until = float("-inf")

    async def __call__(self, verb: str, params: Mapping[str, object]) -> Mapping[str, Any]:
        """Return what is answered; {} for a state that nobody can say. Raises HostError for everything else."""
        if verb != "wifi.state":
            self._until = float("-inf")
            return await self._ask(verb, params)
        async with self._one:
            if self._clock.monotonic() >= self._until:
                try:
                    self._state = await self._ask(verb, params)
                except ApplianceError:
                    self._state = {}  # kept too: a box that is in trouble is asked no more often
                self._until = self._clock.monotonic() + _STATE_S
            return self._state


@dataclass(frozen=True, slots=True)
class Page:
    """What the page is made of. `ask` puts a question to the box's root service; `mistakes` reads a file.

    `development`: the image trusts keys that anybody may have, which whoever is to use the box should know.
    """

    bearer: Bearer
    name: Callable[[], str]
    mistakes: Callable[[], Sequence[str]]
    ask: Ask
    development: bool = False

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/setup", self._show), web.post("/setup", self._join)]

    async def _show(self, request: web.Request) -> web.Response:
        language, state = _language(request), await self._state()
        mistakes = await asyncio.to_thread(self.mistakes)
        inside = self._inside(request, state)
        warning = _words(language)["development"] if self.development else ""
        return _answer(language, render(language, self.name(), mistakes, state, inside=inside, warning=warning))

    async def _join(self, request: web.Request) -> web.Response:
        language, state = _language(request), await self._state()
        words = _words(language)
        if not self._inside(request, state) or not _own(request):
            return _answer(language, _framed(language, self.name(), [_said(words["elsewhere"])]), 403)
        body = b""
        while chunk := await request.content.read(_MAX_FORM_BYTES):
            body += chunk
            if len(body) > _MAX_FORM_BYTES:
                raise web.HTTPRequestEntityTooLarge(_MAX_FORM_BYTES, len(body))
        fields = {key: rows[0] for key, rows in parse_qs(body.decode("utf-8", "replace"), max_num_fields=8).items()}
        params = _params(fields)
        try:
            await self.ask("wifi.join", params)
        except ApplianceError as error:
            text = words["busy"].format(reason=error)
            page = render(language, self.name(), (), state, inside=True, said=text)
            return _answer(language, page, 400)
        return _answer(language, _framed(language, self.name(), _trying(words, params, self.name())))

    async def _state(self) -> Mapping[str, Any]:
        try:
            return await self.ask("wifi.state", {})
        except ApplianceError:
            return {}  # a box without a radio, or one that has not looked yet

    def _inside(self, request: web.Request, state: Mapping[str, Any]) -> bool:
        """Tell whether somebody came through the own network of the box, while it is open."""
        try:
            network = ipaddress.ip_network(str(state["setupNetwork"]))
            peer = self.bearer.peer(request)
            return not peer.rejected and ipaddress.ip_address(peer.remote) in network
        except (KeyError, ValueError):
            return False


def render(
    language: str,
    name: str,
    mistakes: Sequence[str],
    state: Mapping[str, Any],
    *,
    inside: bool,
    said: str = "",
    warning: str = "",
) -> str:
    """Return the page. `inside`: with the form for the Wi-Fi; `said`: what went wrong with the last one."""
    words = _words(language)
    parts = [_said(one) for one in (warning, said) if one]
    if mistakes:
        rows = "".join(f"<li>{html.escape(one)}</li>" for one in mistakes)
        parts.append(f"<p>{html.escape(words['mistakes'])}</p><ul>{rows}</ul>")
    if inside:
        result = state.get("result")
        if not said and isinstance(result, str) and result in words:
            parts.append(_said(words[result]))
        parts.append(_form(words, state))
    else:
        parts += [_prose(words["pair"]), f'<p><a class="get" href="/">{html.escape(words["chat"])}</a></p>']
        if "setupNetwork" in state:
            parts.append(f'<p class="quiet">{html.escape(words["elsewhere"])}</p>')
    return _framed(language, name, parts)


def _form(words: Mapping[str, str], state: Mapping[str, Any]) -> str:
    rows = state.get("networks")
    options = "".join(
        f'<option value="{html.escape(str(one.get("ssidHex", "")), quote=True)}">'
        f"{html.escape(str(one.get('name', '')))} ({int(one.get('strength') or 0)} %)</option>"
        for one in (rows if isinstance(rows, list) else [])
    )
    other = f'<option value="">{html.escape(words["other"])}</option>'
    fields = (
        f'<label for="n">{html.escape(words["network"])}</label><select id="n" name="ssidHex">{options}{other}</select>'
        + _input("ssid", words["other.name"], 'maxlength="32" autocapitalize="none"')
        + _input("password", words["password"], 'type="password" maxlength="64" autocomplete="off"')
        + _input("country", words["country"], 'maxlength="2" autocapitalize="characters"')
    )
    button = f"<button>{html.escape(words['join'])}</button>"
    return f'<h2>{html.escape(words["wifi"])}</h2><form method="post" action="/setup">{fields}{button}</form>'


def _input(name: str, text: str, rest: str) -> str:
    return f'<label for="{name}">{html.escape(text)}</label><input id="{name}" name="{name}" {rest}>'


def _params(fields: Mapping[str, str]) -> dict[str, object]:
    """Return what was typed as the verb takes it. A name that was typed is one that may be hidden."""
    typed = fields.get("ssid", "")
    params: dict[str, object] = {"ssid": typed, "hidden": True} if typed else {"ssidHex": fields.get("ssidHex", "")}
    for key in ("password", "country"):
        if fields.get(key):
            params[key] = fields[key]
    return params


def _trying(words: Mapping[str, str], params: Mapping[str, object], name: str) -> list[str]:
    try:
        network = str(params.get("ssid") or bytes.fromhex(str(params.get("ssidHex"))).decode("utf-8", "replace"))
    except ValueError:
        network = "?"
    text = words["trying.next"].format(network=network, address=f"https://{name}.local:18789")
    return [f"<h2>{html.escape(words['trying'].format(network=network))}</h2>", f"<p>{html.escape(text)}</p>"]


def _own(request: web.Request) -> bool:
    """Tell whether the form came from this page: a page elsewhere has another origin, a rebound name is a name."""
    try:
        ipaddress.ip_address(request.url.host or "")
    except ValueError:
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin in (f"http://{request.host}", f"https://{request.host}")


def _language(request: web.Request) -> str:
    return chosen_language(request.headers.get("Accept-Language", ""))


def _words(language: str) -> Mapping[str, str]:
    from appliance.gateway.http.setup_words import WORDS  # once in the life of most boxes

    return WORDS[language]


def _prose(text: str) -> str:
    pieces = html.escape(text).split("`")
    return "<p>" + "".join(f"<code>{one}</code>" if at % 2 else one for at, one in enumerate(pieces)) + "</p>"


def _said(text: str) -> str:
    return f'<p class="alert" role="alert">{html.escape(text)}</p>'


def _framed(language: str, name: str, parts: Sequence[str]) -> str:
    title = html.escape(_words(language)["title"].format(name=name))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
        f"{''.join(parts)}</main></body></html>"
    )


def _answer(language: str, text: str, status: int = 200) -> web.Response:
    headers = _HEADERS | {"Content-Language": language}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
