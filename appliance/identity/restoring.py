"""Compares the database with the file of revocations at a start, and takes back what a restored backup gave back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.identity.model import Device
from appliance.identity.revocations import Revocations, capped

_NAME: Final = "revocations"
_TOLD_MS: Final = 7 * 86_400_000
"""How long the owner is told that the file was lost: who looks once a week sees it."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a start found. `ended`: names of devices that a backup had let in again, or given more than they had.

    `lost`: the file is missing, so nobody can say whether somebody came back; `trusted` names all devices then.
    """

    ended: tuple[str, ...] = ()
    lost: bool = False
    trusted: tuple[str, ...] = ()


def reconcile(connection: sqlite3.Connection, file: Revocations, now_ms: int) -> Restored:
    """Bring database and file together, inside a transaction of the caller. Raises StorageError."""
    noted = _noted(connection)
    if not file.readable or file.serial < (noted or 0):
        # A box of before this file, or a new one, has noted nothing yet: then nothing was lost.
        lost = noted is not None
        note(connection, file.begin(max(noted or 0, file.serial), now_ms if lost else None))
    if file.lost_at_ms is not None and now_ms - file.lost_at_ms < _TOLD_MS:
        return Restored(lost=True, trusted=tuple(_label(one) for one in _devices(connection)))
    if file.serial == noted:
        return Restored()
    ended = _take_back(connection, file, now_ms)
    note(connection, file.serial)
    return Restored(ended=ended)


def _take_back(connection: sqlite3.Connection, file: Revocations, now_ms: int) -> tuple[str, ...]:
    ended = []
    for device in _devices(connection):
        rights = file.devices.get(device.device_id)
        allowed = device if rights is None else capped(device, rights, now_ms)
        if allowed is None:
            connection.execute("DELETE FROM identity_devices WHERE device_id = ?", (device.device_id,))
        elif allowed != device:
            connection.execute(
                "UPDATE identity_devices SET document = ? WHERE device_id = ?",
                (msgspec.json.encode(allowed).decode(), device.device_id),
            )
        if allowed != device:
            ended.append(_label(device))
    return tuple(ended)


def note(connection: sqlite3.Connection, serial: int) -> None:
    """Write into the database up to where the file has come, inside a transaction of the caller."""
    connection.execute(
        "INSERT OR REPLACE INTO identity_secrets (name, value) VALUES (?, ?)", (_NAME, str(serial).encode())
    )


def _noted(connection: sqlite3.Connection) -> int | None:
    row = connection.execute("SELECT value FROM identity_secrets WHERE name = ?", (_NAME,)).fetchone()
    return None if row is None else int(row[0])


def _devices(connection: sqlite3.Connection) -> list[Device]:
    rows = connection.execute("SELECT document FROM identity_devices").fetchall()
    return sorted((msgspec.json.decode(row[0], type=Device) for row in rows), key=lambda one: one.approved_at_ms)


def _label(device: Device) -> str:
    return device.operator_label or device.display_name or device.device_id[:8]
