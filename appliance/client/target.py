"""Where a gateway is, how to be let in, and as what to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:  # one question over the control socket must not pay for cryptography
    from appliance.identity.device_key import SignedConnect

FULL_SCOPES: Final = (
    "operator.admin",
    "operator.read",
    "operator.write",
    "operator.approvals",
    "operator.questions",
    "operator.pairing",
    "operator.talk.secrets",
)


class Signer(Protocol):
    """The key of this device; `appliance.identity.box_key.BoxKey` is one."""

    @property
    def device_id(self) -> str: ...

    @property
    def public_key(self) -> str: ...

    def sign(self, connect: SignedConnect) -> str: ...


@dataclass(frozen=True, slots=True)
class SocketTarget:
    """The control socket of a gateway on this machine: the operating system proves who asks."""

    path: Path


@dataclass(frozen=True, slots=True)
class UrlTarget:
    """A gateway by WebSocket URL (ws:// or wss://) and what opens it.

    `token` and `password` are the shared secrets. A device comes with its `key` and with the `device_token` that it was
    given, or with the `bootstrap_token` of a setup code. `pin` is the SHA-256 of the certificate in hex: no authority
    is asked then, and no other certificate is accepted.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    key: Signer | None = field(default=None, repr=False)
    device_token: str | None = field(default=None, repr=False)
    bootstrap_token: str | None = field(default=None, repr=False)
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteTarget:
    """A gateway elsewhere, to which this machine comes as a device; `folder` keeps its key and what it was given.

    `token` and `password` are the shared secrets; with `fallback` they are presented only where the gateway gave this
    device no token of its own, or takes it no more.
    """

    url: str
    folder: Path
    token: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    pin: str | None = None
    fallback: bool = False


Target: TypeAlias = SocketTarget | UrlTarget | RemoteTarget


def on_this_machine(url: str) -> bool:
    """Tell whether an address leads to this very machine, where nobody listens in."""
    from urllib.parse import urlsplit  # not for who asks over the socket

    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Introduction:
    """As what a client comes (protocol.md 3.1)."""

    client_id: str = "cli"
    mode: str = "cli"
    role: str = "operator"
    scopes: Sequence[str] = FULL_SCOPES
    caps: Sequence[str] = ()
    commands: Sequence[str] = ()
    permissions: Mapping[str, bool] = field(default_factory=dict)
    display_name: str | None = None
    platform: str = "linux"
    device_family: str | None = None
    path_env: str | None = None
