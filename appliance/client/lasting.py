"""A connection that lasts: it comes back after every end, at any address of its gateway, and says why it waits."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from appliance.client.connection import Connection, connect
from appliance.client.errors import CertificateChanged, ClientError, ConnectionLost, ConnectRefused, GatewayAway
from appliance.client.membership import Membership
from appliance.client.target import Introduction, Signer, UrlTarget
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock

_LOOK_AROUND_AFTER: Final = 3
"""Rounds of a closed door before the network is searched: a gateway that restarts needs a moment.

Where nobody is at any address, or somebody else, it is searched at once: routers give out new addresses.
"""

_MAX_FOUND: Final = 16
"""Whoever wants can announce our certificate; each such address costs one attempt, which the certificate ends."""

_HEARTBEAT_S: Final = 15.0
_REACH_S: Final = 5.0
"""A busy box answers in one; there are other addresses, and another round."""

_PAIRING: Final = "PAIRING_REQUIRED"
_PASSING: Final = frozenset({"AUTH_RATE_LIMITED", "DEVICE_AUTH_SIGNATURE_EXPIRED", ""})
"""Refusals that time mends; "" are those of a gateway that starts or ends.

An old signature: we sign with the time of the gateway's challenge, so its clock was set in between.
"""


class Waiting(enum.StrEnum):
    """Why there is no connection at the moment."""

    AWAY = "away"
    APPROVAL = "approval"
    REFUSED = "refused"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class News:
    """What a person wants to know: connected at `url`, or why not."""

    waiting: Waiting | None
    text: str
    url: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seams:
    """What a lasting connection asks of its owner.

    `remember` stores the membership; `look_around` returns further addresses of the same gateway, found on the network.
    """

    remember: Callable[[Membership], None]
    told: Callable[[News], None]
    clock: Clock
    look_around: Callable[[Membership], Awaitable[tuple[str, ...]]] | None = None
    backoff: Backoff = Backoff(first_s=0.5, limit_s=30.0)


async def pair(membership: Membership, token: str, key: Signer, who: Introduction) -> Membership:
    """Come with the token of a setup code; return the membership with what was handed over. Raises ClientError."""
    failure: ClientError = GatewayAway("The setup code names no address that can be used.")
    for url in membership.usable_urls:
        try:
            async with connect(membership.invited(url, key, token), introduction=who) as connection:
                return membership.told(connection.hello).met_at(url)
        except GatewayAway as error:
            failure = error
    raise failure


class Lasting:
    """Keeps one membership connected. `serve` is called with each connection and returns when it ends."""

    def __init__(self, membership: Membership, key: Signer, who: Introduction, seams: Seams) -> None:
        self._membership = membership
        self._key = key
        self._who = who
        self._seams = seams
        self._found: tuple[str, ...] = ()
        self._closed_door = False
        self._last: dict[str, News] = {}

    async def keep(self, serve: Callable[[Connection], Awaitable[None]]) -> None:
        """Connect, serve, come back, until cancelled. Raises ConnectRefused when only a new pairing can help."""
        failed = 0
        while True:
            if await self._round(serve):
                failed = 0
            else:
                failed += 1
                await self._look_around(failed)
            await self._seams.clock.sleep(self._seams.backoff.delay_s(max(0, failed - 1)))

    async def _round(self, serve: Callable[[Connection], Awaitable[None]]) -> bool:
        """Try every address once, those just found first; return whether one let us in."""
        self._closed_door = False
        for url in dict.fromkeys((*self._found, *self._membership.usable_urls)):
            try:
                await self._meet(url, self._membership.target(url, self._key, self._who.role), serve)
                return True
            except CertificateChanged as error:
                self._tell(News(Waiting.CERTIFICATE, str(error), url))
            except GatewayAway as error:
                self._closed_door = self._closed_door or bool(error.details.get("machineAnswers"))
                self._tell(News(Waiting.AWAY, str(error), url))
            except ConnectRefused as error:
                self._refused(error, url)
                return False
        return False

    async def _meet(self, url: str, target: UrlTarget, serve: Callable[[Connection], Awaitable[None]]) -> None:
        async with connect(target, introduction=self._who, heartbeat_s=_HEARTBEAT_S, reach_s=_REACH_S) as connection:
            membership = self._membership.told(connection.hello).met_at(url)
            if membership != self._membership:
                self._seams.remember(membership)
                self._membership = membership
            self._found = ()
            self._last.clear()
            self._seams.told(News(None, "connected", url))
            try:
                await serve(connection)
            except ConnectionLost as error:
                self._seams.told(News(Waiting.AWAY, str(error), url))

    def _tell(self, news: News) -> None:
        """Say what is new: a box that is off for a week is no line every half minute."""
        if self._last.get(news.url) != news:
            self._last[news.url] = news
            self._seams.told(news)

    def _refused(self, error: ConnectRefused, url: str) -> None:
        if error.reason == _PAIRING:
            self._tell(News(Waiting.APPROVAL, str(error), url, dict(error.details)))
        elif error.reason in _PASSING:
            self._tell(News(Waiting.AWAY, str(error), url))
        else:
            self._seams.told(News(Waiting.REFUSED, str(error), url))
            raise error

    async def _look_around(self, failed: int) -> None:
        """Ask the network for the gateway whose certificate is pinned; without a pin anybody could answer."""
        search = self._seams.look_around
        due = not self._closed_door or failed % _LOOK_AROUND_AFTER == 0
        if search is not None and self._membership.fingerprint and due:
            heard = await search(self._membership)
            # An advert that names our certificate and no encryption wants to hear our token.
            self._found = tuple(url for url in heard if url.startswith("wss:"))[:_MAX_FOUND]
