"""This machine as a device of gateways elsewhere: one key, one file per gateway with address, certificate and token."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from appliance.client import membership as members
from appliance.client.connection import Connection
from appliance.client.errors import ConnectRefused, PinnedInTheClear
from appliance.client.lasting import pair
from appliance.client.membership import Membership
from appliance.client.target import Introduction, RemoteTarget, UrlTarget
from appliance.identity.box_key import BoxKey
from appliance.identity.setup.code import SetupCode

_MAX_GATEWAYS: Final = 64
_ROLE: Final = "operator"
_NARROWED: Final = "AUTH_SCOPE_MISMATCH"
_TOKEN_SPENT: Final = frozenset({"AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_TOKEN_MISMATCH", _NARROWED})
"""Refusals of a device token that the shared secret may still mend: it was rotated, or the device was removed."""

Connect = Callable[..., contextlib.AbstractAsyncContextManager[Connection]]


def normal(url: str) -> str:
    """Return an address as it is compared: ws or wss, without a slash at its end."""
    return f"ws{url.removeprefix('http')}".rstrip("/") if url.startswith("http") else url.rstrip("/")


class Gateways:
    """The folder: mode 0700, `device.key` and a file per gateway."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self) -> BoxKey:
        """Return the key of this machine, made the first time. Raises BoxKeyError."""
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return BoxKey.open(self._folder / "device.key")

    def find(self, url: str) -> Membership | None:
        """Return what is known of the gateway at `url`. Raises MembershipError for a damaged file."""
        return next((known for _, known in self._all() if url in known.urls), None)

    def keep(self, membership: Membership) -> None:
        """Write what is known of a gateway, in place of what was known under any of its addresses."""
        self.forget(membership.urls)
        name = hashlib.sha256(membership.urls[0].encode()).hexdigest()[:16]
        members.save(self._folder / f"gateway-{name}.json", membership)

    def forget(self, urls: tuple[str, ...]) -> bool:
        """Remove what is known under these addresses; False when that was nothing."""
        found = [path for path, known in self._all() if set(urls) & set(known.urls)]
        for path in found:
            path.unlink(missing_ok=True)
        return bool(found)

    def _all(self) -> Iterator[tuple[Path, Membership]]:
        for path in sorted(self._folder.glob("gateway-*.json"))[:_MAX_GATEWAYS]:
            yield path, members.read(path)


@contextlib.asynccontextmanager
async def meet(target: RemoteTarget, who: Introduction, connect: Connect) -> AsyncIterator[Connection]:
    """Connect as a device and keep what the gateway hands out. Raises what `connect` raises, PinnedInTheClear."""
    gateways, url = Gateways(target.folder), normal(target.url)
    known = gateways.find(url) or Membership((url,))
    known = msgspec.structs.replace(known, fingerprint=_pin(target) or known.fingerprint)
    if known.fingerprint and not url.startswith("wss:"):
        raise PinnedInTheClear(f"The certificate of {url} is pinned: write wss:// instead of ws://.")
    key = gateways.key()
    async with contextlib.AsyncExitStack() as stack:
        connection = await _first(stack, connect, list(_ways(target, known, key, _named(who))))
        told = known.told(connection.hello).met_at(url)
        if told != gateways.find(url):
            gateways.keep(told)
        yield connection


async def _first(
    stack: contextlib.AsyncExitStack, connect: Connect, ways: list[tuple[UrlTarget, Introduction]]
) -> Connection:
    """Come with the first credential that is taken; with a token that was narrowed, for the scopes left to it."""
    narrowed = False
    while True:
        (target, who), ways = ways[0], ways[1:]
        try:
            return await stack.enter_async_context(connect(target, introduction=who))
        except ConnectRefused as error:
            left = _left(error)
            if left is not None and not narrowed:
                narrowed = True
                ways.insert(0, (target, dataclasses.replace(who, scopes=left)))
            elif not ways or error.reason not in _TOKEN_SPENT:
                raise


def _left(error: ConnectRefused) -> tuple[str, ...] | None:
    """Return the scopes that a rotation left to the token of this device; None where the gateway names none."""
    facts = error.details.get("homarus") if error.reason == _NARROWED else None
    scopes = facts.get("scopes") if isinstance(facts, dict) else None
    return tuple(str(one) for one in scopes) if isinstance(scopes, list) else None


def _ways(
    target: RemoteTarget, known: Membership, key: BoxKey, who: Introduction
) -> Iterator[tuple[UrlTarget, Introduction]]:
    """Yield what to present: the token of this device, the shared secret, in the order that the target wants."""
    url, own = normal(target.url), known.tokens.get(_ROLE)
    shared = target.token or target.password
    if own and (target.fallback or not shared):
        # Asking for more than was approved would be a request to the owner, each time.
        narrow = dataclasses.replace(who, scopes=known.scopes or who.scopes)
        yield known.target(url, key, _ROLE), narrow
    if shared or not own:
        yield UrlTarget(url, target.token, target.password, key, pin=known.fingerprint), who


async def join(folder: Path, code: SetupCode, name: str | None) -> Membership:
    """Spend a setup code: this machine is a device of that gateway from now on. Raises ClientError, BoxKeyError."""
    gateways = Gateways(folder)
    who = _named(Introduction(display_name=name))
    joined = await pair(members.of_code(code), code.bootstrap_token, gateways.key(), who)
    gateways.keep(joined)
    return joined


def _named(who: Introduction) -> Introduction:
    """The owner sees in the list of devices which machine it is."""
    return dataclasses.replace(who, display_name=who.display_name or os.uname().nodename)


def _pin(target: RemoteTarget) -> str | None:
    return target.pin.replace(":", "").replace(" ", "").lower() if target.pin else None
