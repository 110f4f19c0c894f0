"""Where clients find this gateway: the addresses that go into a setup code, best first, and the pin of its TLS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MAX_URLS: Final = 8
"""What a setup code holds (protocol.md 5.4)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An answer to "where are you": ws and wss addresses without a trailing slash, the best first.

    `fingerprint`: SHA-256 of the TLS certificate in lower-case hex, to be pinned; None without TLS or where a public
    authority vouches for it. `source`: the option that decided. `loopback_only`: nobody else can come.
    """

    urls: tuple[str, ...]
    fingerprint: str | None = None
    source: str = "gateway.bind=loopback"
    loopback_only: bool = True


class Reachable:
    """Answers with the addresses of this moment: interfaces come and go."""

    def __init__(self, port: Callable[[], int]) -> None:
        self._port = port

    def __call__(self) -> Reach:
        return Reach((f"ws://127.0.0.1:{self._port()}",))
