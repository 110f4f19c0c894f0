"""The local interface of Tailscale's daemon: HTTP over its Unix socket (tailscale.com/kb, `localapi/v0`).

Only what a gateway needs: its name in the tailnet, who is behind an address, and letting the daemon pass HTTPS on.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from appliance.foundation.errors import ApplianceError

SOCKET: Final = Path("/var/run/tailscale/tailscaled.sock")
_HOST: Final = "local-tailscaled.sock"
_TIMEOUT_S: Final = 5.0
_MAX_BYTES: Final = 4 * 1024 * 1024  # the status of a tailnet with thousands of peers


class TailscaleError(ApplianceError):
    """Tailscale is not there, not logged in, or said no; the message names the fix."""

    code = "tailscale"


@dataclass(frozen=True, slots=True)
class Tailnet:
    """This machine in its tailnet. `name`: the DNS name without the last dot. `certificates`: HTTPS is enabled."""

    name: str
    addresses: tuple[str, ...]
    certificates: bool


class LocalApi:
    """Asks the daemon; each call is a connection of its own, and none is kept."""

    def __init__(self, socket: Path = SOCKET) -> None:
        self._socket = socket

    async def status(self) -> Tailnet:
        """Return where this machine is in its tailnet. Raises TailscaleError."""
        answer, _ = await self._call("GET", "status?peers=false")
        if answer.get("BackendState") != "Running":
            raise TailscaleError("Tailscale runs but is not connected; `tailscale up` connects it.")
        me = answer.get("Self") or {}
        name = str(me.get("DNSName") or "").rstrip(".").lower()
        return Tailnet(name, tuple(answer.get("TailscaleIPs") or ()), bool(answer.get("CertDomains")))

    async def login(self, address: str) -> str | None:
        """Return the login of the person behind an address of the tailnet; None for nobody, or a tagged machine."""
        try:
            answer, _ = await self._call("GET", f"whois?addr={quote(address, safe='')}")
        except TailscaleError:
            return None
        if (answer.get("Node") or {}).get("Tags"):
            return None
        return str((answer.get("UserProfile") or {}).get("LoginName") or "") or None

    async def serve(self, name: str, port: int) -> None:
        """Let the daemon pass https://NAME on to 127.0.0.1:`port`; what else it serves stays. Raises TailscaleError.

        Refuses to take the place of something else that is served there.
        """
        config, tag = await self._call("GET", "serve-config")
        site, handlers = _site(config, name)
        wanted = f"http://127.0.0.1:{port}"
        there = handlers.get("/")
        if there == {"Proxy": wanted} and _tls_port(config).get("HTTPS"):
            return
        if there is not None and there != {"Proxy": wanted}:
            raise TailscaleError(
                f"Tailscale serves something else at https://{name}/; `tailscale serve reset` frees it."
            )
        handlers["/"] = {"Proxy": wanted}
        config.setdefault("TCP", {})["443"] = {"HTTPS": True}
        config.setdefault("Web", {})[site] = {"Handlers": handlers}
        await self._call("POST", "serve-config", config, tag=tag)

    async def unserve(self, name: str, port: int) -> None:
        """Take back what `serve` did; anything else stays. Raises TailscaleError."""
        config, tag = await self._call("GET", "serve-config")
        site, handlers = _site(config, name)
        if handlers.get("/") != {"Proxy": f"http://127.0.0.1:{port}"}:
            return
        del handlers["/"]
        web = config.get("Web") or {}
        if handlers:
            web[site] = {"Handlers": handlers}
        else:
            web.pop(site, None)
            (config.get("TCP") or {}).pop("443", None)
        await self._call("POST", "serve-config", config, tag=tag)

    async def call(self, verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask anything else; return the object that is answered, empty for none. Raises TailscaleError."""
        answer, _ = await self._call(verb, path, body)
        return answer

    async def _call(
        self, verb: str, path: str, body: dict[str, Any] | None = None, *, tag: str | None = None
    ) -> tuple[dict[str, Any], str | None]:
        content = b"" if body is None else json.dumps(body).encode()
        # HTTP/1.0: the answer ends with the connection, so nothing has to be put together from chunks.
        head = [f"{verb} /localapi/v0/{path} HTTP/1.0", f"Host: {_HOST}", "Sec-Tailscale: localapi"]
        head += [f"Content-Length: {len(content)}", *([f"If-Match: {tag}"] if tag else [])]
        request = "\r\n".join([*head, "", ""]).encode("ascii") + content
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                status, headers, answer = _answer(await self._exchange(request))
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise TailscaleError(
                f"Tailscale does not answer at {self._socket} ({error or 'no answer in time'}). Is it installed, and "
                "may this user ask it (`sudo tailscale set --operator=$USER`)?"
            ) from error
        if not 200 <= status < 300:
            said = answer[:200].decode("utf-8", "replace").strip()
            raise TailscaleError(f"Tailscale said no ({status}): {said}")
        return _object(answer), headers.get("etag")

    async def _exchange(self, request: bytes) -> bytes:
        """Send a request and return everything that comes back. Raises OSError, ValueError."""
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            writer.write(request)
            await writer.drain()
            answer = bytearray()
            while piece := await reader.read(65536):
                answer += piece
                if len(answer) > _MAX_BYTES:
                    raise ValueError("the answer is too long")
            return bytes(answer)
        finally:
            writer.close()


def _answer(raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Split an answer into status, headers in lower case and body. Raises ValueError."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/"):
        raise ValueError("this is no HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines[1:])}
    return int(parts[1]), headers, body


def _object(content: bytes) -> dict[str, Any]:
    if not content.strip():
        return {}
    try:
        value = json.loads(content)
    except ValueError as error:
        raise TailscaleError("Tailscale answered something that is no JSON.") from error
    return value if isinstance(value, dict) else {}


def _site(config: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    site = f"{name}:443"
    return site, dict(((config.get("Web") or {}).get(site) or {}).get("Handlers") or {})


def _tls_port(config: dict[str, Any]) -> dict[str, Any]:
    return dict((config.get("TCP") or {}).get("443") or {})
