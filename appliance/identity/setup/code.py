"""The text of a setup code, in all forms that people scan and paste (protocol.md 5.4). Pure."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from appliance.foundation.errors import ApplianceError

LINK_SCHEME: Final = "oc-pair"
RECOVERY_PREFIX: Final = "recovery-"
"""What tells a recovery code from a setup code where both are presented, in `auth.bootstrapToken`."""

MAX_URLS: Final = 8
_MAX_TEXT_CHARS: Final = 8192
_MAX_URL_CHARS: Final = 512
_MAX_TOKEN_CHARS: Final = 512
_SHA256_DIGITS: Final = 64
_SOCKET_SCHEMES: Final = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


class SetupCodeError(ApplianceError):
    """The text is no setup code, or one that names no usable gateway."""

    code = "setup_code_invalid"


@dataclass(frozen=True, slots=True)
class SetupCode:
    """Where the gateway is and the one-time token to present there.

    `url` is tried first, then `urls` (at most 8); all are ws or wss without a slash at the end. `expires_at_ms` is in
    milliseconds since the epoch. `tls_fingerprint` is the SHA-256 of the certificate that wss addresses show; whoever
    has it pins it and believes no advert that says otherwise.
    """

    url: str
    bootstrap_token: str
    urls: tuple[str, ...] = ()
    expires_at_ms: int | None = None
    tls_fingerprint: str | None = None

    def encode(self) -> str:
        """Return the bare code: base64url without padding of compact JSON, the form of the QR for apps."""
        fields: dict[str, Any] = {"url": self.url}
        if self.urls:
            fields["urls"] = list(self.urls[:MAX_URLS])
        fields["bootstrapToken"] = self.bootstrap_token
        if self.expires_at_ms is not None:
            fields["expiresAtMs"] = self.expires_at_ms
        if self.tls_fingerprint is not None:
            fields["tlsFingerprint"] = self.tls_fingerprint
        compact = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(compact).rstrip(b"=").decode("ascii")

    def link(self) -> str:
        """Return the code as a link that an app on the same device opens."""
        return f"{LINK_SCHEME}://{self.encode()}"

    def pinned(self, fingerprint: str | None) -> SetupCode:
        """Return it with the certificate that the owner names, for a link, which carries none. The code's own stays.

        Raises SetupCodeError for what is no SHA-256.
        """
        if not fingerprint or self.tls_fingerprint is not None:
            return self
        bare = "".join(fingerprint.replace(":", " ").split()).lower()
        if len(bare) != _SHA256_DIGITS or set(bare) - set(string.hexdigits):
            raise SetupCodeError("The fingerprint must be the SHA-256 of a certificate, 64 hexadecimal digits.")
        return dataclasses.replace(self, tls_fingerprint=bare)

    def page(self) -> str:
        """Return the address that a phone's camera opens: the web app, with the token where no server log sees it."""
        scheme, rest = self.url.split("://", 1)
        return f"{'https' if scheme == 'wss' else 'http'}://{rest}/#bootstrapToken={self.bootstrap_token}"


def decode(text: str) -> SetupCode:
    """Read a setup code: bare base64url, `oc-pair://…`, `https://…/#bootstrapToken=…` or raw JSON.

    Raises SetupCodeError. What is read was written by a stranger: its addresses are only places to try.
    """
    # People paste what a terminal broke into lines.
    stripped = "".join(text.split())
    if not stripped or len(stripped) > _MAX_TEXT_CHARS:
        raise SetupCodeError("This is no setup code. Copy the whole code that `homarus pair` shows.")
    if stripped.lower().startswith(RECOVERY_PREFIX):
        raise SetupCodeError(
            "This is a recovery code: type it into the web app of the box, where that asks for a code. "
            "Commands and nodes need a code of `homarus pair`."
        )
    scheme = stripped.split("://", 1)[0].lower() if "://" in stripped[:16] else ""
    if scheme == LINK_SCHEME:
        return _from_base64(stripped.split("://", 1)[1].strip("/"))
    if scheme in _SOCKET_SCHEMES:
        return _from_page(stripped)
    return _from_json(stripped) if stripped.startswith("{") else _from_base64(stripped)


def _from_base64(text: str) -> SetupCode:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        return _from_json(data.decode())
    except (binascii.Error, ValueError) as error:
        raise SetupCodeError("This is no setup code: a part is missing or mistyped. Copy the whole code.") from error


def _from_json(text: str) -> SetupCode:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SetupCodeError("This is no setup code: a part is missing or mistyped. Copy the whole code.") from error
    if not isinstance(fields, Mapping):
        raise SetupCodeError("This is no setup code. Copy the whole code that `homarus pair` shows.")
    listed = fields.get("urls", ())
    urls = tuple(_url(one) for one in listed[:MAX_URLS]) if isinstance(listed, list) else ()
    expires = fields.get("expiresAtMs")
    fingerprint = fields.get("tlsFingerprint")
    return SetupCode(
        _url(fields.get("url")),
        _token(fields.get("bootstrapToken")),
        urls,
        expires if type(expires) is int else None,
        fingerprint if isinstance(fingerprint, str) and len(fingerprint) <= _MAX_URL_CHARS else None,
    )


def _from_page(text: str) -> SetupCode:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise SetupCodeError("This link is no setup code. Open `homarus pair` and copy it again.") from error
    values = parse_qs(parts.fragment)
    token = values.get("bootstrapToken", [None])[0]
    named = values.get("gatewayUrl", [None])[0]
    if named is not None:
        return SetupCode(_url(named), _token(token))
    return SetupCode(_url(f"{parts.scheme}://{parts.netloc}{parts.path}"), _token(token))


def _url(value: Any) -> str:
    """A socket address without a slash at the end. Raises SetupCodeError."""
    if isinstance(value, str) and len(value) <= _MAX_URL_CHARS:
        try:
            parts = urlsplit(value)
            valid = parts.hostname is not None and parts.username is None and (parts.port or 1) > 0
        except ValueError:
            valid = False
        if valid and (scheme := _SOCKET_SCHEMES.get(parts.scheme)) is not None:
            return f"{scheme}://{parts.netloc}{parts.path}".rstrip("/")
    raise SetupCodeError("This setup code names no gateway address. Make a new one with `homarus pair`.")


def _token(value: Any) -> str:
    if isinstance(value, str) and 0 < len(value) <= _MAX_TOKEN_CHARS and value.isascii() and value.isprintable():
        return value
    raise SetupCodeError("This setup code has no token in it. Make a new one with `homarus pair`.")
