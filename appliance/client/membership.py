"""What this device remembers of the gateway that it belongs to: addresses, certificate, tokens. One file, mode 0600."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from appliance.client.target import Signer, UrlTarget
from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError
from appliance.identity.setup.code import SetupCode

_MAX_URLS: Final = 16
_MAX_BYTES: Final = 64 * 1024


class MembershipError(ApplianceError):
    """The file cannot be read, or there is none yet."""

    code = "not_paired"


class Membership(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One gateway. `tokens` by role, `scopes` those of the operator's.

    `fingerprint` is the SHA-256 of its certificate, which no advert can replace.
    """

    urls: tuple[str, ...]
    fingerprint: str | None = None
    tokens: dict[str, str] = {}
    scopes: tuple[str, ...] = ()

    def target(self, url: str, key: Signer, role: str) -> UrlTarget:
        """Return how to come back at `url`. A pinned gateway is never met in the clear."""
        return UrlTarget(url, key=key, device_token=self.tokens.get(role), pin=self._pin(url))

    def invited(self, url: str, key: Signer, token: str) -> UrlTarget:
        """Return how to come the first time, with the token of a setup code."""
        return UrlTarget(url, key=key, bootstrap_token=token, pin=self._pin(url))

    @property
    def usable_urls(self) -> tuple[str, ...]:
        """The addresses to try: with a pinned certificate only those that can show it."""
        return tuple(url for url in self.urls if self.fingerprint is None or url.startswith("wss:"))

    def _pin(self, url: str) -> str | None:
        return self.fingerprint if url.startswith("wss:") else None

    def told(self, hello: dict[str, Any]) -> Membership:
        """Return it with the tokens that a hello brought (protocol.md 3.3)."""
        auth = hello.get("auth") or {}
        tokens = dict(self.tokens)
        if isinstance(token := auth.get("deviceToken"), str):
            tokens[str(auth.get("role"))] = token
        for one in auth.get("deviceTokens") or ():
            if isinstance(one, dict) and isinstance(one.get("deviceToken"), str):
                tokens[str(one.get("role"))] = one["deviceToken"]
        scopes = auth.get("scopes") if auth.get("role") == "operator" else None
        kept = tuple(str(one) for one in scopes) if isinstance(scopes, list) else self.scopes
        return msgspec.structs.replace(self, tokens=tokens, scopes=kept)

    def met_at(self, url: str) -> Membership:
        """Return it with `url` first: where the gateway was met last is tried first."""
        urls = tuple(dict.fromkeys((url, *self.urls)))[:_MAX_URLS]
        return msgspec.structs.replace(self, urls=urls)


def of_code(code: SetupCode) -> Membership:
    """Return what a setup code says of its gateway."""
    fingerprint = code.tls_fingerprint.replace(":", "").lower() if code.tls_fingerprint else None
    return Membership(tuple(dict.fromkeys((code.url, *code.urls))), fingerprint)


def read(path: Path) -> Membership:
    """Read the file. Raises MembershipError."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=Membership)
    except FileNotFoundError as error:
        raise MembershipError(
            "This device belongs to no gateway yet. Pair it: `homarus node run --pair CODE`, with a code of "
            "`homarus pair --profile node` on the box."
        ) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise MembershipError(
            f"{path} cannot be used ({error}). Remove it and pair anew (`--pair CODE`, with a code of `homarus pair`)."
        ) from error


def save(path: Path, membership: Membership) -> None:
    """Write the file; a token that was handed out once must survive a power cut."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(membership)))
