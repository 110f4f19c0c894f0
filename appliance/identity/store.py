"""Paired devices and pairing requests in the database, with the devices in use kept in memory."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from appliance.access.scopes import covers
from appliance.foundation.errors import OverloadedError
from appliance.foundation.ids import new_id
from appliance.identity import restoring
from appliance.identity.errors import DeviceMissingError, RequestMissingError
from appliance.identity.model import Approval, Claim, Device, PairingRequest
from appliance.identity.pairing import approved, rotated, with_token
from appliance.identity.revocations import Revocations, rights_of
from appliance.identity.shrinking import Shrinks
from appliance.identity.tokens import Tokens, new_secret
from appliance.protocol.roles import NODE, OPERATOR
from appliance.storage.database import Database

REQUEST_LIFE_MS: Final = 300_000
"""A pairing request lives this long after the device last asked (protocol.md 5.1)."""

MAX_REQUESTS: Final = 64
"""Waiting requests. Only who knows the gateway's secret can make one, so this bounds mistakes, not attackers."""

MAX_REQUESTS_PER_ADDRESS: Final = 16
"""Waiting requests from one address: one machine gone wild leaves room for the others."""

_CACHED_DEVICES: Final = 1024
_MAX_UNSAVED: Final = 4096

T = TypeVar("T")


class DeviceStore:
    """What the owner decided about devices. One process writes, so the copy in memory is never stale."""

    def __init__(self, database: Database, secret: bytes, revocations: Revocations | None = None) -> None:
        self._database = database
        self._revocations = revocations
        self._cache: OrderedDict[str, Device] = OrderedDict()
        self._seen: dict[str, tuple[int, str]] = {}
        self.tokens = Tokens(secret)
        self.shrinks = Shrinks()

    @classmethod
    async def open(
        cls,
        database: Database,
        make_secret: Callable[[], bytes] = new_secret,
        revocations: Revocations | None = None,
    ) -> DeviceStore:
        """Read the secret of the box; the first time keep a new one from `make_secret` (32 bytes).

        With `revocations` what is taken away is also written there, where no backup brings it back.
        """
        fresh = make_secret()

        def secret(connection: sqlite3.Connection) -> bytes:
            connection.execute(
                "INSERT OR IGNORE INTO identity_secrets (name, value) VALUES ('device-tokens', ?)", (fresh,)
            )
            row = connection.execute("SELECT value FROM identity_secrets WHERE name = 'device-tokens'").fetchone()
            return bytes(row[0])

        return cls(database, await database.write(secret), revocations)

    async def get(self, device_id: str) -> Device | None:
        """Return the paired device."""
        if (device := self._cache.get(device_id)) is not None:
            self._cache.move_to_end(device_id)
            return device
        epoch = self.shrinks.epoch
        device = await self._database.read(lambda connection: read_device(connection, device_id))
        if device_id in self._cache:  # a write put it into memory while we read: that is newer
            return self._cache[device_id]
        if device is not None and epoch == self.shrinks.epoch:
            self.remember(device)
        return device

    async def devices(self) -> list[Device]:
        """Return every paired device, oldest approval first."""

        def read(connection: sqlite3.Connection) -> list[Device]:
            rows = connection.execute("SELECT document FROM identity_devices").fetchall()
            return [_decode(row[0], Device) for row in rows]

        return sorted(await self._database.read(read), key=lambda device: device.approved_at_ms)

    async def approve(self, claim: Claim, via: Approval, now_ms: int) -> Device:
        """Trust `claim` from now on; return the device with a token for the claimed role."""

        def write(connection: sqlite3.Connection) -> Device:
            device = approved(read_device(connection, claim.device_id), claim, via, now_ms)
            self.write(connection, device)
            connection.execute(
                "DELETE FROM identity_requests WHERE device_id = ? AND role = ?", (claim.device_id, claim.role)
            )
            return device

        return await self._change(write)

    async def ensure_token(self, device_id: str, role: str, now_ms: int) -> Device:
        """Give an approved role a token again after its token was revoked; never with more scopes than before."""

        def write(connection: sqlite3.Connection) -> Device:
            device = with_token(_existing(connection, device_id), role, now_ms)
            self.write(connection, device)
            return device

        return await self._change(write)

    async def rotate(
        self, device_id: str, role: str, scopes: tuple[str, ...] | None, now_ms: int
    ) -> tuple[Device, str]:
        """Start the next generation of a token; return it. The old one works until the new one is used."""

        def write(connection: sqlite3.Connection) -> Device:
            device = _existing(connection, device_id)
            token = device.token(role)
            if token is None:
                raise DeviceMissingError(f"device {device_id} has no usable token for role {role}")
            tokens = {**device.tokens, role: rotated(token, scopes, now_ms)}
            device = msgspec.structs.replace(device, tokens=tokens)
            self.write(connection, device, shrinks=True)
            return device

        device = await self._change(write)
        self.shrinks.note(device_id, (role,), "device token rotated")
        return device, self.tokens.derive(device_id, role, device.tokens[role].generation)

    async def confirm(self, device_id: str, role: str) -> Device:
        """Note that the newest token was used: the one before it stops working."""
        return await self._replace_token(device_id, role, {"previous_valid": False})

    async def revoke(self, device_id: str, role: str, now_ms: int) -> Device:
        """End the token of a role. The caller closes the sockets that use it."""
        device = await self._replace_token(device_id, role, {"revoked_at_ms": now_ms, "previous_valid": False})
        self.shrinks.note(device_id, (role,), "device token revoked")
        return device

    async def rename(self, device_id: str, label: str) -> Device:
        """Give the device a name of the owner's."""

        def write(connection: sqlite3.Connection) -> Device:
            device = msgspec.structs.replace(_existing(connection, device_id), operator_label=label)
            write_device(connection, device)
            return device

        return await self._change(write)

    async def remove(self, device_id: str) -> bool:
        """Forget a device; False when it was not paired. The caller closes its sockets."""

        def write(connection: sqlite3.Connection) -> bool:
            self._note(connection, device_id, None)
            cursor = connection.execute("DELETE FROM identity_devices WHERE device_id = ?", (device_id,))
            # What it still asked for would bring it back with one click on a list that the owner did not look at again.
            connection.execute("DELETE FROM identity_requests WHERE device_id = ?", (device_id,))
            return cursor.rowcount > 0

        removed = await self._database.write(write)
        self._cache.pop(device_id, None)
        self._seen.pop(device_id, None)
        self.shrinks.note(device_id, (OPERATOR, NODE), "device removed")
        return removed

    async def request(
        self, claim: Claim, reason: str, now_ms: int, *, repair: bool = False
    ) -> tuple[PairingRequest, bool]:
        """Ask the owner for `claim`; return (request, new). A device that asks for no more keeps its request id.

        Raises OverloadedError when too many requests wait.
        """

        def write(connection: sqlite3.Connection) -> tuple[PairingRequest, bool]:
            _drop_expired(connection, now_ms)
            row = connection.execute(
                "SELECT document FROM identity_requests WHERE device_id = ? AND role = ?",
                (claim.device_id, claim.role),
            ).fetchone()
            known = None if row is None else _decode(row[0], PairingRequest)
            if known is None:
                _check_room(connection, claim)
            # Who asks for more asks anew: the owner must not approve by its id a request that grew after it was shown.
            same = known is not None and covers(known.claim.scopes, claim.scopes)
            request_id = known.request_id if known is not None and same else new_id()
            request = PairingRequest(request_id, claim, now_ms, reason, repair)
            connection.execute(
                "INSERT OR REPLACE INTO identity_requests (request_id, device_id, role, refreshed_ms, document) "
                "VALUES (?, ?, ?, ?, ?)",
                (request.request_id, claim.device_id, claim.role, now_ms, _encode(request)),
            )
            return request, not same

        return await self._database.write(write)

    async def requests(self, now_ms: int) -> list[PairingRequest]:
        """Return the requests that wait, oldest first."""

        def read(connection: sqlite3.Connection) -> list[PairingRequest]:
            rows = connection.execute(
                "SELECT document FROM identity_requests WHERE refreshed_ms > ? ORDER BY refreshed_ms",
                (now_ms - REQUEST_LIFE_MS,),
            ).fetchall()
            return [_decode(row[0], PairingRequest) for row in rows]

        return await self._database.read(read)

    async def approve_request(
        self, request_id: str, now_ms: int, may: Callable[[Claim], None] = lambda claim: None
    ) -> tuple[PairingRequest, Device]:
        """Grant what was requested. `may` is asked in the transaction that grants, and raises to refuse.

        Raises RequestMissingError and what `may` raises; then the request still waits.
        """

        def write(connection: sqlite3.Connection) -> tuple[PairingRequest, Device]:
            request = _take_request(connection, request_id, now_ms)
            may(request.claim)
            before = read_device(connection, request.claim.device_id)
            device = approved(before, request.claim, Approval.OWNER, now_ms)
            self.write(connection, device)
            return request, device

        request, device = await self._database.write(write)
        self.remember(device)
        return request, device

    async def reject_request(
        self, request_id: str, now_ms: int, may: Callable[[Claim], None] = lambda claim: None
    ) -> PairingRequest:
        """Refuse what was requested. `may` and the errors are those of `approve_request`."""

        def write(connection: sqlite3.Connection) -> PairingRequest:
            request = _take_request(connection, request_id, now_ms)
            may(request.claim)
            return request

        return await self._database.write(write)

    def token_for(self, device: Device, role: str) -> str:
        """Return the current token of a role that has one."""
        return self.tokens.derive(device.device_id, role, device.tokens[role].generation)

    def seen(self, device_id: str, now_ms: int, reason: str) -> None:
        """Note a sign of life in memory; `save_seen` writes it. A connect must not wait for the disk because of it."""
        if device_id in self._seen or len(self._seen) < _MAX_UNSAVED:
            self._seen[device_id] = (now_ms, reason)

    async def sightings(self) -> dict[str, tuple[int, str]]:
        """Return when each paired device last gave a sign of life (ms since the epoch), and which."""

        def read(connection: sqlite3.Connection) -> dict[str, tuple[int, str]]:
            rows = connection.execute(
                "SELECT device_id, last_seen_ms, last_seen_reason FROM identity_devices WHERE last_seen_ms IS NOT NULL"
            )
            return {device_id: (seen_ms, reason) for device_id, seen_ms, reason in rows}

        return {**await self._database.read(read), **self._seen}

    async def save_seen(self) -> None:
        """Write the noted signs of life, all in one commit."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        rows = [(now_ms, reason, device_id) for device_id, (now_ms, reason) in seen.items()]
        await self._database.write(
            lambda connection: connection.executemany(
                "UPDATE identity_devices SET last_seen_ms = ?, last_seen_reason = ? WHERE device_id = ?", rows
            )
        )

    async def _replace_token(self, device_id: str, role: str, changes: dict[str, object]) -> Device:
        def write(connection: sqlite3.Connection) -> Device:
            device = _existing(connection, device_id)
            token = device.tokens.get(role)
            if token is None:
                raise DeviceMissingError(f"device {device_id} has no token for role {role}")
            tokens = {**device.tokens, role: msgspec.structs.replace(token, **changes)}
            device = msgspec.structs.replace(device, tokens=tokens)
            self.write(connection, device, shrinks=True)
            return device

        return await self._change(write)

    async def _change(self, write: Callable[[sqlite3.Connection], Device]) -> Device:
        device = await self._database.write(write)
        self.remember(device)
        return device

    def write(self, connection: sqlite3.Connection, device: Device, *, shrinks: bool = False) -> None:
        """Write one device inside a transaction of the caller; with `shrinks` it can do less than before."""
        write_device(connection, device)
        if shrinks or (self._revocations is not None and self._revocations.knows(device.device_id)):
            self._note(connection, device.device_id, device)

    def _note(self, connection: sqlite3.Connection, device_id: str, device: Device | None) -> None:
        # First the file, then the commit: after a crash in between the device has lost its rights, not kept them.
        if self._revocations is not None:
            restoring.note(connection, self._revocations.put(device_id, rights_of(device)))

    def remember(self, device: Device) -> None:
        """Keep in memory what a transaction on the same database just wrote."""
        self._cache[device.device_id] = device
        self._cache.move_to_end(device.device_id)
        if len(self._cache) > _CACHED_DEVICES:
            self._cache.popitem(last=False)


def read_device(connection: sqlite3.Connection, device_id: str) -> Device | None:
    """Read one device inside a transaction of the caller."""
    row = connection.execute("SELECT document FROM identity_devices WHERE device_id = ?", (device_id,)).fetchone()
    return None if row is None else _decode(row[0], Device)


def write_device(connection: sqlite3.Connection, device: Device) -> None:
    """Write one device inside a transaction of the caller."""
    connection.execute(
        "INSERT INTO identity_devices (device_id, document) VALUES (?, ?) "
        "ON CONFLICT (device_id) DO UPDATE SET document = excluded.document",
        (device.device_id, _encode(device)),
    )


def _existing(connection: sqlite3.Connection, device_id: str) -> Device:
    device = read_device(connection, device_id)
    if device is None:
        raise DeviceMissingError(f"no paired device has the id {device_id}")
    return device


def _take_request(connection: sqlite3.Connection, request_id: str, now_ms: int) -> PairingRequest:
    _drop_expired(connection, now_ms)
    row = connection.execute(
        "DELETE FROM identity_requests WHERE request_id = ? RETURNING document", (request_id,)
    ).fetchone()
    if row is None:
        raise RequestMissingError("unknown requestId")
    return _decode(row[0], PairingRequest)


def _check_room(connection: sqlite3.Connection, claim: Claim) -> None:
    documents = [row[0] for row in connection.execute("SELECT document FROM identity_requests")]
    if len(documents) >= MAX_REQUESTS:
        raise OverloadedError("too many devices wait for approval; approve or reject some", retry_after_s=60)
    addresses = [_decode(document, PairingRequest).claim.remote_ip for document in documents]
    if claim.remote_ip is not None and addresses.count(claim.remote_ip) >= MAX_REQUESTS_PER_ADDRESS:
        raise OverloadedError(
            "too many devices at this address wait for approval; approve or reject some", retry_after_s=60
        )


def _drop_expired(connection: sqlite3.Connection, now_ms: int) -> None:
    # Also those of a future that a clock set back has made: they would take the room of others until it comes again.
    connection.execute(
        "DELETE FROM identity_requests WHERE refreshed_ms <= ? OR refreshed_ms > ?",
        (now_ms - REQUEST_LIFE_MS, now_ms + REQUEST_LIFE_MS),
    )


def _encode(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _decode(document: str, kind: type[T]) -> T:
    return msgspec.json.decode(document, type=kind)
