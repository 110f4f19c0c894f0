"""Setup codes that were given out: made, found by their token, bound to one device and spent once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.foundation.errors import OverloadedError
from appliance.foundation.ids import new_id, new_token
from appliance.identity.model import Approval, Claim, Device
from appliance.identity.pairing import approved
from appliance.identity.recovery import Recovery, is_recovery
from appliance.identity.setup.profiles import Grant, Profile, grant
from appliance.identity.store import DeviceStore, read_device
from appliance.protocol.roles import OPERATOR
from appliance.storage.database import Database

LIFE_MS: Final = 600_000
"""A setup code lives ten minutes (protocol.md 5.4)."""

MAX_LIVE: Final = 32
"""Codes that may wait at a time: they are made by the owner, so this bounds a mistake."""

_KEPT_MS: Final = 3_600_000
_MAX_KEPT: Final = 64
"""How long, and how many, spent or dead codes are remembered for `status`; without their token."""

_BACK_MS: Final = 60_000
"""A clock set back further than this before the moment of issue says nothing about age: the code is dead."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A code that was just made. The token is nowhere else: only its SHA-256 is kept."""

    setup_id: str
    token: str
    expires_at_ms: int
    access: str


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A live code that a token belongs to, and the device and role that first presented it, if one did."""

    setup_id: str
    profile: Profile
    device_id: str | None = None
    role: str | None = None

    def free_for(self, device_id: str, role: str) -> bool:
        """Tell whether this device may spend it in this role: it is nobody's yet, or its own."""
        return self.device_id is None or (self.device_id, self.role) == (device_id, role)


@dataclass(frozen=True, slots=True)
class Completion:
    """A code that was spent. `uncertain`: the device was gone before it could be told (deliveryUncertain)."""

    setup_id: str
    device_id: str
    device_name: str | None
    access: str
    ts: int
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class SetupStatus:
    """What became of a code. `spoiled`: presented by the wrong client or role, so nobody can spend it any more."""

    setup_id: str
    live: bool
    spoiled: bool = False
    completion: Completion | None = None


class _Record(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    setup_id: str
    profile: Profile
    issued_ms: int
    expires_ms: int
    issued_boot_ms: int
    token_hash: str | None = None
    label: str = ""
    device_id: str | None = None
    role: str | None = None
    redeemed_ms: int | None = None
    device_name: str | None = None
    access: str | None = None
    uncertain: bool = False


def _alive(record: _Record, now_ms: int, boot_ms: int) -> bool:
    """Tell whether a code may still be spent: both clocks must agree.

    The wall clock may be set back, which must not lengthen a life, so the time since boot counts as well. After a
    reboot that clock starts anew and the wall clock stands alone.
    """
    if record.token_hash is None or not record.issued_ms - _BACK_MS <= now_ms < record.expires_ms:
        return False
    return boot_ms < record.issued_boot_ms or boot_ms - record.issued_boot_ms < LIFE_MS


class SetupCodes:
    """The setup codes of this box. One process writes, so the copy in memory is never stale."""

    def __init__(
        self, database: Database, devices: DeviceStore, recovery: Recovery, monotonic: Callable[[], float]
    ) -> None:
        self._database = database
        self._devices = devices
        self._recovery = recovery
        self._monotonic = monotonic
        self._records: dict[str, _Record] = {}
        self._listeners: list[Callable[[Completion], None]] = []

    @classmethod
    async def open(
        cls, database: Database, devices: DeviceStore, recovery: Recovery, monotonic: Callable[[], float]
    ) -> SetupCodes:
        """Read the codes that were given out. `monotonic` returns seconds since boot, suspended time included."""
        codes = cls(database, devices, recovery, monotonic)

        def read(connection: sqlite3.Connection) -> list[_Record]:
            rows = connection.execute("SELECT document FROM identity_setup_codes").fetchall()
            return [_decode(row[0]) for row in rows]

        codes._records = {record.setup_id: record for record in await database.read(read)}
        return codes

    def listen(self, listener: Callable[[Completion], None]) -> None:
        """Tell `listener` of every code that is spent, in the step in which it is. It must not wait."""
        self._listeners.append(listener)

    async def issue(self, profile: Profile, now_ms: int, *, label: str = "") -> Issued:
        """Make a code. `label` names the device that spends it. Raises OverloadedError when too many wait."""
        boot_ms = self._boot_ms()
        dead = self._dead(now_ms, boot_ms)
        live = [one for one in self._records.values() if one.setup_id not in dead and _alive(one, now_ms, boot_ms)]
        if len(live) >= MAX_LIVE:
            soonest = min(one.expires_ms for one in live)
            raise OverloadedError(
                "too many setup codes wait to be used; use one of them, or wait until the oldest expires",
                retry_after_s=max(1.0, (soonest - now_ms) / 1000),
            )
        token = new_token()
        record = _Record(new_id(), profile, now_ms, now_ms + LIFE_MS, boot_ms, _hash(token), label)

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM identity_setup_codes WHERE setup_id = ?", [(one,) for one in dead])
            _write(connection, record)

        await self._database.write(write)
        for setup_id in dead:
            self._records.pop(setup_id, None)
        self._records[record.setup_id] = record
        return Issued(record.setup_id, token, record.expires_ms, grant(profile).access)

    def find(self, token: str, now_ms: int) -> Bootstrap | None:
        """Return the live code that `token` belongs to."""
        if is_recovery(token):
            return Bootstrap("recovery", Profile.RECOVERY) if self._recovery.matches(token) else None
        wanted, boot_ms = _hash(token), self._boot_ms()
        for record in self._records.values():
            # The hash of a random token tells nothing by the time that its comparison takes.
            if record.token_hash == wanted and _alive(record, now_ms, boot_ms):
                return Bootstrap(record.setup_id, record.profile, record.device_id, record.role)
        return None

    def status(self, setup_id: str, now_ms: int) -> SetupStatus | None:
        """Return what became of a code; None when it is not known, any more or at all."""
        record = self._records.get(setup_id)
        if record is None:
            return None
        spoiled = record.device_id is not None and record.redeemed_ms is None
        return SetupStatus(setup_id, _alive(record, now_ms, self._boot_ms()), spoiled, _completion(record))

    async def cancel(self, setup_id: str) -> bool:
        """Take a code back before it is spent; False when there is nothing to take back."""

        def end(known: _Record) -> _Record | None:
            # Asked in the transaction: a device may be spending it while the owner takes it back.
            return None if known.token_hash is None else msgspec.structs.replace(known, token_hash=None)

        return await self._update(setup_id, end) is not None

    async def bind(self, bootstrap: Bootstrap, claim: Claim) -> None:
        """Note who presented a code first. Who may not spend it has spoiled it for everybody (protocol.md 5.4)."""
        if bootstrap.profile is Profile.RECOVERY or bootstrap.device_id is not None:
            return  # the paper in the drawer is not burnt by a mistake

        def spoil(known: _Record) -> _Record | None:
            if known.device_id is not None or known.token_hash is None:
                return None  # somebody was first while this waited for the disk, perhaps the one who spent it
            return msgspec.structs.replace(known, device_id=claim.device_id, role=claim.role)

        await self._update(bootstrap.setup_id, spoil)

    async def redeem(
        self, bootstrap: Bootstrap, token: str, claim: Claim, granted: Grant, now_ms: int
    ) -> Device | None:
        """Spend a code: trust `claim` with what was granted. None when somebody else was first.

        The code ends and the device is written in one transaction: a crash leaves both or none.
        """
        if bootstrap.profile is Profile.RECOVERY:
            device = await self._recovery.spend(
                token, lambda connection: self._trust(connection, claim, granted, now_ms)
            )
            if device is not None:
                self._devices.remember(device)
            return device
        setup_id, boot_ms = bootstrap.setup_id, self._boot_ms()

        def write(connection: sqlite3.Connection) -> tuple[_Record, Device] | None:
            known = _read(connection, setup_id)
            if known is None or known.token_hash != _hash(token) or not _alive(known, now_ms, boot_ms):
                return None
            if known.device_id is not None and (known.device_id, known.role) != (claim.device_id, claim.role):
                return None
            named = msgspec.structs.replace(claim, display_name=known.label or claim.display_name)
            device = self._trust(connection, named, granted, now_ms)
            spent = msgspec.structs.replace(
                known,
                token_hash=None,
                device_id=claim.device_id,
                role=claim.role,
                redeemed_ms=now_ms,
                device_name=device.operator_label or device.display_name,
                access=granted.access,
            )
            _write(connection, spent)
            return spent, device

        done = await self._database.write(write)
        if done is None:
            return None
        record, device = done
        self._records[setup_id] = record
        self._devices.remember(device)
        return device

    def _trust(self, connection: sqlite3.Connection, claim: Claim, granted: Grant, now_ms: int) -> Device:
        """Approve a device for every role of a grant, inside a transaction of the caller."""
        device = read_device(connection, claim.device_id)
        for role in granted.roles:
            scopes = granted.scopes if role == OPERATOR else ()
            asked = msgspec.structs.replace(claim, role=role, scopes=scopes)
            device = approved(device, asked, Approval.BOOTSTRAP, now_ms)
        assert device is not None
        self._devices.write(connection, device)
        connection.execute("DELETE FROM identity_requests WHERE device_id = ?", (claim.device_id,))
        return device

    async def delivered(self, setup_id: str, *, certain: bool) -> None:
        """Tell the listeners that a code was spent; not `certain`: the device was gone before it heard of it."""
        record = self._records.get(setup_id)
        if record is None or record.redeemed_ms is None:
            return
        if not certain:
            record = await self._update(setup_id, lambda known: msgspec.structs.replace(known, uncertain=True))
        completion = None if record is None else _completion(record)
        if completion is not None:
            for listener in self._listeners:
                listener(completion)

    def __len__(self) -> int:
        return len(self._records)

    def spendable(self, now_ms: int) -> int:
        """Return how many codes would still let somebody in; those that were spent are only remembered."""
        return sum(_alive(one, now_ms, self._boot_ms()) for one in self._records.values())

    def _boot_ms(self) -> int:
        return round(self._monotonic() * 1000)

    def _dead(self, now_ms: int, boot_ms: int) -> set[str]:
        """Codes that need not be remembered any more."""
        done = [one for one in self._records.values() if not _alive(one, now_ms, boot_ms)]
        done.sort(key=lambda one: one.issued_ms, reverse=True)
        old = {one.setup_id for one in done if abs(now_ms - one.issued_ms) > _KEPT_MS}
        return old | {one.setup_id for one in done[_MAX_KEPT:]}

    async def _update(self, setup_id: str, change: Callable[[_Record], _Record | None]) -> _Record | None:
        """Write what `change` makes of a code; None when it is not known or `change` wants nothing written."""

        def write(connection: sqlite3.Connection) -> _Record | None:
            known = _read(connection, setup_id)
            changed = None if known is None else change(known)
            if changed is not None:
                _write(connection, changed)
            return changed

        record = await self._database.write(write)
        if record is not None:
            self._records[setup_id] = record
        return record


def _completion(record: _Record) -> Completion | None:
    if record.redeemed_ms is None or record.device_id is None:
        return None
    access = record.access or grant(record.profile).access
    return Completion(
        record.setup_id, record.device_id, record.device_name, access, record.redeemed_ms, record.uncertain
    )


def _read(connection: sqlite3.Connection, setup_id: str) -> _Record | None:
    row = connection.execute("SELECT document FROM identity_setup_codes WHERE setup_id = ?", (setup_id,)).fetchone()
    return None if row is None else _decode(row[0])


def _write(connection: sqlite3.Connection, record: _Record) -> None:
    connection.execute(
        "INSERT INTO identity_setup_codes (setup_id, document) VALUES (?, ?) "
        "ON CONFLICT (setup_id) DO UPDATE SET document = excluded.document",
        (record.setup_id, msgspec.json.encode(record).decode()),
    )


def _decode(document: str) -> _Record:
    return msgspec.json.decode(document, type=_Record)


def _hash(token: str) -> str:
    """A token of 256 random bits needs no slow hash: nobody can try them all."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
