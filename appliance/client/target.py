"""Where a gateway is and how to be let in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class SocketTarget:
    """The control socket of a gateway on this machine: the operating system proves who asks."""

    path: Path


@dataclass(frozen=True, slots=True)
class UrlTarget:
    """A gateway by WebSocket URL (ws:// or wss://) with its token or password."""

    url: str
    token: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


Target: TypeAlias = SocketTarget | UrlTarget
