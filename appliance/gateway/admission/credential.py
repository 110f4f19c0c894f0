"""The presented secrets of one connect: shared, bootstrap or device token, and the locks after wrong ones."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from appliance.access.origin import OriginPolicy
from appliance.access.scopes import covers
from appliance.access.shared import AuthMode, SharedAuth, SharedResult
from appliance.access.throttle import Bucket, Throttle
from appliance.gateway.admission.refusal import (
    RETRY_WITH_DEVICE_TOKEN,
    UPDATE_CREDENTIALS,
    Refusal,
    auth_refusal,
    invalid_code,
)
from appliance.gateway.transport.peer import Peer
from appliance.identity.model import Claim, Device
from appliance.identity.setup.store import Bootstrap
from appliance.identity.tokens import TokenMatch, Tokens
from appliance.protocol.connect import ConnectParams
from appliance.protocol.roles import OPERATOR

AuthMethod: TypeAlias = Literal["token", "password", "none", "device-token", "bootstrap-token", "tailscale"]
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner configured. `auto_approve_networks`: new nodes from there that ask for no scope just come in."""

    auth: SharedAuth
    origins: OriginPolicy = field(default_factory=OriginPolicy)
    auto_approve_local: bool = True
    auto_approve_networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody for whom the network vouches (`gateway.auth.allowTailscale`), and what they may have at most."""

    login: str
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Hello:
    """One socket at the moment of its `connect`. `visitor` is looked up only where no secret is presented.

    `ceiling` is the header x-openclaw-scopes: no more than it names, whoever comes.
    """

    params: ConnectParams
    peer: Peer
    nonce: str
    now_ms: int
    origin: str | None = None
    host: str = ""
    visitor: Visitor | None = None
    ceiling: str | None = None


class Proven(NamedTuple):
    """The credential that counted. `confirm`: the newest token was used, the one before it can end.

    `bootstrap`: a live setup code was presented; what it is good for is still to be decided.
    """

    method: AuthMethod
    confirm: bool = False
    bootstrap: Bootstrap | None = None


def role_of(params: ConnectParams) -> str:
    return params.role if params.role is not None else OPERATOR


@dataclass(frozen=True, slots=True)
class Credential:
    """How the presented secrets fared against the shared one, before any device is looked at."""

    hello: Hello
    method: AuthMethod
    result: SharedResult
    source: str
    locked_ms: int
    exempt: bool
    control: bool = False

    @classmethod
    def of(cls, hello: Hello, auth: SharedAuth, throttle: Throttle) -> Credential:
        """Compare the shared secret. Loopback is exempt from locks, web pages on loopback are not: each page of a
        browser could otherwise guess without end ("ClawJacked"), and each gets a bucket of its own."""
        peer = hello.peer
        method: AuthMethod = auth.mode.value
        exempt = peer.direct_local and hello.origin is None and (throttle.exempt_local or peer.control)
        source = f"origin:{hello.origin}" if hello.origin is not None and peer.direct_local else peer.remote
        if peer.control and hello.origin is None:
            return cls(hello, "none", SharedResult.OK, source, 0, exempt, control=True)
        if hello.visitor is not None:
            return cls(hello, "tailscale", SharedResult.OK, source, 0, exempt)
        given = hello.params.auth
        token, password = (given.token, given.password) if given is not None else (None, None)
        presented = token if auth.mode is AuthMode.TOKEN else password
        locked_ms = 0 if exempt or not presented else throttle.locked_ms(Bucket.SHARED, source, hello.now_ms)
        if locked_ms:
            mismatch = SharedResult.TOKEN_MISMATCH if auth.mode is AuthMode.TOKEN else SharedResult.PASSWORD_MISMATCH
            return cls(hello, method, mismatch, source, locked_ms, exempt)
        result = auth.verify(token, password)
        credential = cls(hello, method, result, source, 0, exempt)
        if result is SharedResult.OK and auth.mode is not AuthMode.NONE:
            throttle.succeeded(Bucket.SHARED, source)
        elif result.wrong and hello.params.device is None:
            credential.count(Bucket.SHARED, throttle)
        return credential

    @property
    def ok(self) -> bool:
        return self.result is SharedResult.OK

    @property
    def presented(self) -> bool:
        return self.result.wrong or (self.hello.params.auth is not None and self._not_configured)

    @property
    def _not_configured(self) -> bool:
        return self.result in (SharedResult.TOKEN_NOT_CONFIGURED, SharedResult.PASSWORD_NOT_CONFIGURED)

    def count(self, bucket: Bucket, throttle: Throttle) -> None:
        if not self.exempt:
            throttle.failed(bucket, self.source, self.hello.now_ms)

    def with_device(
        self, claim: Claim, device: Device | None, tokens: Tokens, throttle: Throttle, found: Bootstrap | None
    ) -> Proven | Refusal:
        """Choose the credential that counts (protocol.md 4.2, 6): shared, then bootstrap, then device token.

        `found` is the live code of the bootstrap token. Where no secret is asked for (mode none), a code says more.
        A wrong shared secret counts as a failure whatever came beside it: who has a device, a code or another lock to
        stand behind must not guess uncounted, and hello would tell by its `auth.method` that a guess was right.
        """
        if self.result.wrong and not self.locked_ms and not self._is_device_token(claim, device, tokens):
            self.count(Bucket.SHARED, throttle)
        auth = self.hello.params.auth
        if self.ok and not (self.method == "none" and found is not None):
            return Proven(self.method)
        if auth is None:
            return self.refusal(has_device=True)
        if auth.bootstrap_token:
            return self._bootstrap(found, throttle)
        presented = [token for token in (auth.device_token, auth.token) if token]
        if not presented:
            return self.refusal(has_device=True)
        locked_ms = 0
        if not self.exempt:
            locked_ms = throttle.locked_ms(Bucket.DEVICE_TOKEN, self.source, self.hello.now_ms)
        if locked_ms:
            return rate_limited(locked_ms)
        for text in presented:
            match = TokenMatch.NONE if device is None else tokens.match(device, claim.role, text)
            if device is not None and match is not TokenMatch.NONE:
                return self._device_token(claim, device, match, throttle)
        self.count(Bucket.DEVICE_TOKEN, throttle)
        if auth.device_token:
            message = "unauthorized: device token mismatch (rotate/reissue device token)"
            return auth_refusal("AUTH_DEVICE_TOKEN_MISMATCH", message, "device_token_mismatch", UPDATE_CREDENTIALS)
        return self.refusal(has_device=True)

    def _is_device_token(self, claim: Claim, device: Device | None, tokens: Tokens) -> bool:
        """Tell whether what was compared with the shared token is the token of this device: clients send it there."""
        auth = self.hello.params.auth
        if device is None or auth is None or not auth.token or self.result is not SharedResult.TOKEN_MISMATCH:
            return False
        return tokens.match(device, claim.role, auth.token) is not TokenMatch.NONE

    def _device_token(self, claim: Claim, device: Device, match: TokenMatch, throttle: Throttle) -> Proven | Refusal:
        throttle.succeeded(Bucket.DEVICE_TOKEN, self.source)
        token = device.token(claim.role)
        if token is not None and covers(token.scopes, claim.scopes):
            return Proven("device-token", match is TokenMatch.CURRENT and token.previous_valid)
        message = "unauthorized: the device token does not include the requested scopes"
        # To the device itself, which has shown its key and its token: it can come back with what is left to it.
        facts = {"scopes": list(token.scopes)} if token is not None else None
        return auth_refusal("AUTH_SCOPE_MISMATCH", message, "scope_mismatch", "review_auth_configuration", facts=facts)

    def _bootstrap(self, found: Bootstrap | None, throttle: Throttle) -> Proven | Refusal:
        if not self.exempt:
            locked_ms = throttle.locked_ms(Bucket.BOOTSTRAP, self.source, self.hello.now_ms)
            if locked_ms:
                return rate_limited(locked_ms)
        if found is None:
            self.count(Bucket.BOOTSTRAP, throttle)
            return invalid_code()
        throttle.succeeded(Bucket.BOOTSTRAP, self.source)
        return Proven("bootstrap-token", bootstrap=found)

    def refusal(self, *, has_device: bool) -> Refusal:
        """Say why the shared secret did not do."""
        if self.locked_ms:
            return rate_limited(self.locked_ms)
        code, message, step = _SHARED_REFUSALS[self.result]
        auth = self.hello.params.auth
        can_retry = (
            has_device and self.result is SharedResult.TOKEN_MISMATCH and auth is not None and not auth.device_token
        )
        if can_retry:
            step = RETRY_WITH_DEVICE_TOKEN
        return auth_refusal(code, message, self.result.value, step, can_retry_with_device_token=can_retry)


_SHARED_REFUSALS: Final[dict[SharedResult, tuple[str, str, str]]] = {
    SharedResult.TOKEN_MISSING: (
        "AUTH_TOKEN_MISSING",
        "unauthorized: gateway token missing (provide gateway auth token)",
        "update_auth_configuration",
    ),
    SharedResult.TOKEN_MISMATCH: (
        "AUTH_TOKEN_MISMATCH",
        "unauthorized: gateway token mismatch (provide gateway auth token)",
        UPDATE_CREDENTIALS,
    ),
    SharedResult.TOKEN_NOT_CONFIGURED: (
        "AUTH_TOKEN_NOT_CONFIGURED",
        "unauthorized: gateway token not configured on gateway (set gateway.auth.token)",
        "update_auth_configuration",
    ),
    SharedResult.PASSWORD_MISSING: (
        "AUTH_PASSWORD_MISSING",
        "unauthorized: gateway password missing (enter the password)",
        "update_auth_configuration",
    ),
    SharedResult.PASSWORD_MISMATCH: (
        "AUTH_PASSWORD_MISMATCH",
        "unauthorized: gateway password mismatch (enter the password)",
        UPDATE_CREDENTIALS,
    ),
    SharedResult.PASSWORD_NOT_CONFIGURED: (
        "AUTH_PASSWORD_NOT_CONFIGURED",
        "unauthorized: gateway password not configured on gateway (set gateway.auth.password)",
        "update_auth_configuration",
    ),
}


def rate_limited(locked_ms: int) -> Refusal:
    """Refuse a source that failed too often; it may come back after `locked_ms`."""
    message = "unauthorized: too many failed authentication attempts (retry later)"
    return auth_refusal("AUTH_RATE_LIMITED", message, "rate_limited", "wait_then_retry", retry_after_ms=locked_ms)
