"""The shared secret of the gateway: token, password or none, compared in constant time."""

from __future__ import annotations

import enum
import hmac
from dataclasses import dataclass, field


class AuthMode(enum.StrEnum):
    """`gateway.auth.mode`. `trusted-proxy` is not built yet and configuration refuses it."""

    NONE = "none"
    TOKEN = "token"
    PASSWORD = "password"


class SharedResult(enum.StrEnum):
    """How a presented secret fared; the values are the `authReason` of protocol.md 4.4."""

    OK = "ok"
    TOKEN_MISSING = "token_missing"
    TOKEN_MISMATCH = "token_mismatch"
    TOKEN_NOT_CONFIGURED = "token_missing_config"
    PASSWORD_MISSING = "password_missing"
    PASSWORD_MISMATCH = "password_mismatch"
    PASSWORD_NOT_CONFIGURED = "password_missing_config"

    @property
    def wrong(self) -> bool:
        """True when a secret was presented and is not ours: only that counts as an attempt."""
        return self in (SharedResult.TOKEN_MISMATCH, SharedResult.PASSWORD_MISMATCH)


@dataclass(frozen=True, slots=True)
class SharedAuth:
    """What a client must know to be the owner. An empty secret is no secret: it never matches."""

    mode: AuthMode
    token: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def verify(self, token: str | None, password: str | None) -> SharedResult:
        """Compare what was presented with what this mode asks for."""
        if self.mode is AuthMode.NONE:
            return SharedResult.OK
        if self.mode is AuthMode.TOKEN:
            return _compare(
                token,
                self.token,
                (SharedResult.TOKEN_NOT_CONFIGURED, SharedResult.TOKEN_MISSING, SharedResult.TOKEN_MISMATCH),
            )
        return _compare(
            password,
            self.password,
            (SharedResult.PASSWORD_NOT_CONFIGURED, SharedResult.PASSWORD_MISSING, SharedResult.PASSWORD_MISMATCH),
        )

    def accepts_bearer(self, credential: str) -> bool:
        """Tell whether `Authorization: Bearer <credential>` is the secret of this mode (protocol.md 1.1)."""
        if self.mode is AuthMode.NONE:
            return True
        return self.verify(credential, credential) is SharedResult.OK


def _compare(
    given: str | None, expected: str, results: tuple[SharedResult, SharedResult, SharedResult]
) -> SharedResult:
    not_configured, missing, mismatch = results
    if not expected:
        return not_configured
    if not given:
        return missing
    # compare_digest of text raises on non-ASCII, and bytes with lone surrogates cannot be encoded strictly.
    same = hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))
    return SharedResult.OK if same else mismatch
