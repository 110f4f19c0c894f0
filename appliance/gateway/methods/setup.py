"""device.pair.setupCode and its kin: codes that make a phone or a node trusted, and where they lead (protocol.md 5.4).

It asks where the gateway is reached (`gateway.reach`) and decides which of these addresses a code may carry.
"""

from __future__ import annotations

import base64
import io
import ipaddress
from collections.abc import Callable
from typing import Final, Literal
from urllib.parse import urlsplit

from appliance.gateway.http.join import Joins
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.device_rows import completion_row
from appliance.gateway.reach import MAX_URLS, Reach
from appliance.identity.setup.code import SetupCode
from appliance.identity.setup.profiles import Profile
from appliance.identity.setup.store import SetupCodes
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.devices import (
    SetupCancelParams,
    SetupCancelResult,
    SetupCodeParams,
    SetupCodeResult,
    SetupStatusParams,
    SetupStatusResult,
)
from appliance.protocol.roles import ADMIN

OPEN_LAN: Final = "homarus config set gateway.bind lan"
"""What lets the other devices of the house in, after the next start of the gateway."""

_SCHEMES: Final = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_PRIVATE_SUFFIXES: Final = (".local", ".lan", ".home.arpa", ".internal", ".localhost")
_QR_SCALES: Final = (6, 4, 3, 2)
_MAX_QR_CHARS: Final = 16384


class Setup:
    """The answers to device.pair.setupCode, setupStatus and homarus.pair.cancel.

    `reach` says where this gateway is; `auth` which kind of secret it has; `joins` keeps short links to codes.
    """

    def __init__(
        self,
        codes: SetupCodes,
        joins: Joins,
        reach: Callable[[], Reach],
        auth: Callable[[], Literal["token", "password"]],
    ) -> None:
        self._codes = codes
        self._joins = joins
        self._reach = reach
        self._auth = auth

    def methods(self) -> tuple[Method, ...]:
        """Return the methods. Published clients do not look for the first two in hello."""
        return (
            Method(
                "device.pair.setupCode", ADMIN, SetupCodeParams, self.code, result=SetupCodeResult, advertised=False
            ),
            Method(
                "device.pair.setupStatus",
                ADMIN,
                SetupStatusParams,
                self.status,
                result=SetupStatusResult,
                advertised=False,
            ),
            Method("homarus.pair.cancel", ADMIN, SetupCancelParams, self.cancel, result=SetupCancelResult),
        )

    async def code(self, call: Call, params: SetupCodeParams) -> SetupCodeResult:
        reach = self._reach()
        urls, source, fingerprint = _addresses(reach, params)
        wanted = Profile(params.bootstrap_profile or "full")
        profile = _safe(wanted, urls)
        issued = await self._codes.issue(profile, call.now_ms)
        code = SetupCode(urls[0], issued.token, urls if len(urls) > 1 else (), issued.expires_at_ms, fingerprint)
        text = code.encode()
        return SetupCodeResult(
            setup_id=issued.setup_id,
            setup_code=text,
            gateway_url=urls[0],
            gateway_urls=list(urls) if len(urls) > 1 else UNSET,
            auth=self._auth(),
            url_source=source,
            access="full" if issued.access == "full" else "limited" if issued.access == "limited" else "node",
            access_downgraded=True if profile is not wanted else UNSET,
            expires_at_ms=issued.expires_at_ms,
            qr_data_url=qr_data_url(text) if params.include_qr else UNSET,
            join_url=self._joins.add(text, issued.setup_id, urls[0]) if params.join_url else UNSET,
        )

    def status(self, call: Call, params: SetupStatusParams) -> SetupStatusResult:
        status = self._codes.status(params.setup_id, call.now_ms)
        if status is None or status.completion is None:
            return SetupStatusResult()
        row = completion_row(status.completion)
        return (
            SetupStatusResult(delivery_uncertain=row)
            if status.completion.uncertain
            else SetupStatusResult(completion=row)
        )

    async def cancel(self, call: Call, params: SetupCancelParams) -> SetupCancelResult:
        return SetupCancelResult(setup_id=params.setup_id, cancelled=await self._codes.cancel(params.setup_id))


def _addresses(reach: Reach, params: SetupCodeParams) -> tuple[tuple[str, ...], str, str | None]:
    """Return the addresses for a code, who said so, and the certificate to pin there."""
    if params.public_url is not None:
        url = public_url(params.public_url)
        return (url,), "publicUrl", reach.fingerprint if url in reach.urls else None
    if reach.loopback_only:
        raise invalid_request(
            "this gateway listens on this machine only, so a code would lead nowhere: open it to the network with "
            f"`{OPEN_LAN}` and `homarus gateway restart`, or name the address of a tunnel with publicUrl",
            details={"code": "LOOPBACK_ONLY", "fix": OPEN_LAN},
        )
    urls = tuple(dict.fromkeys(reach.urls))[:MAX_URLS]
    if not urls:
        raise invalid_request(
            "this gateway has no network address at the moment: connect the box to the network, then ask again",
            details={"code": "NO_ADDRESS"},
        )
    if params.prefer_remote_url:
        urls = tuple(sorted(urls, key=_is_near))
    return urls, reach.source, reach.fingerprint


def public_url(text: str) -> str:
    """Return `text` as a ws or wss address without a slash at the end. Raises WireError."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    scheme = _SCHEMES.get(text.strip().split("://", 1)[0].lower())
    if scheme is None or not host or parts.username is not None or parts.query or parts.fragment or port == 0:
        raise invalid_request(f"{text} is no address of a gateway; write for example wss://box.example:443")
    if scheme == "ws" and _is_public(host):
        raise invalid_request(
            f"{text} would send the code unencrypted over the internet; use wss:// there, "
            "or ws:// with a private address of this network"
        )
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}{f':{port}' if port else ''}{parts.path}".rstrip("/")


def _is_public(host: str) -> bool:
    """Tell whether the way to `host` leads through networks of others. Clients refuse ws:// there as well."""
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return "." in host and not host.endswith(_PRIVATE_SUFFIXES)
    return not (address.is_loopback or address.is_private or address.is_link_local)


def _is_near(url: str) -> bool:
    """Tell whether an address only works inside the house."""
    host = urlsplit(url).hostname or ""
    return not host.endswith(".ts.net") and not _is_public(host)


def is_safe(url: str) -> bool:
    """Tell whether nobody can read along on the way to `url`: TLS, or this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "wss" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _safe(wanted: Profile, urls: tuple[str, ...]) -> Profile:
    """Full rights travel only where nobody can read along (protocol.md 5.4); else the code is a limited one."""
    if wanted in (Profile.FULL, Profile.CONTROL_UI) and not all(is_safe(url) for url in urls):
        return Profile.LIMITED
    return wanted


def qr_data_url(text: str) -> str:
    """Return a QR code as a PNG in a data URL of at most 16384 characters: as large as fits."""
    import segno  # a picture is asked for once a month; the module stays out of a gateway that draws none

    code = segno.make(text, error="l", boost_error=False, micro=False)
    for scale in _QR_SCALES:
        picture = io.BytesIO()
        code.save(picture, kind="png", scale=scale, border=4)
        url = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
        if len(url) <= _MAX_QR_CHARS:
            return url
    raise invalid_request("the code is too long for a picture")
