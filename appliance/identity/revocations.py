"""What the owner took away, in a file beside the database that no backup brings back.

A backup holds the devices of its day. Put in the place of the database it would let in again whoever was removed since;
so each device that ever lost a right has its latest rights here too, and at the next start they are a ceiling. `serial`
only grows and is noted in the database with every change: a database that lags behind it was restored, a file that lags
behind the database was lost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from appliance.access.scopes import narrowed
from appliance.foundation.atomicfile import write_atomic
from appliance.identity.model import Device, DeviceToken
from appliance.storage.errors import StorageError

MAX_DEVICES: Final = 4096
"""The oldest entries go first: whoever removed so many devices restores no backup from before the first of them."""

MAX_SPENT: Final = 64
_MAX_BYTES: Final = 16 * 1024 * 1024


class Ceiling(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token may be at most: not older than `generation`, with no scope beyond these."""

    generation: int
    scopes: tuple[str, ...] = ()
    revoked: bool = False
    previous: bool = False


class Rights(msgspec.Struct, frozen=True, omit_defaults=True):
    """The latest rights of a device. Without tokens it was removed."""

    scopes: tuple[str, ...] = ()
    tokens: dict[str, Ceiling] = {}


class _File(msgspec.Struct, omit_defaults=True):
    serial: int = 0
    devices: dict[str, Rights] = {}
    spent: list[str] = []
    lost_at_ms: int | None = None


def rights_of(device: Device | None) -> Rights:
    """Return what a device may, to be kept; None stands for a removed one."""
    if device is None:
        return Rights()
    tokens = {
        role: Ceiling(token.generation, token.scopes, token.revoked_at_ms is not None, token.previous_valid)
        for role, token in device.tokens.items()
    }
    return Rights(device.scopes, tokens)


def capped(device: Device, rights: Rights, now_ms: int) -> Device | None:
    """Return a device of a backup with at most these rights; None when it was removed."""
    if not rights.tokens:
        return None
    tokens = {
        role: _capped(token, rights.tokens[role], now_ms)
        for role, token in device.tokens.items()
        if role in rights.tokens
    }
    return msgspec.structs.replace(
        device,
        tokens=tokens,
        roles=tuple(role for role in device.roles if role in tokens),
        scopes=narrowed(device.scopes, rights.scopes),
    )


def _capped(token: DeviceToken, ceiling: Ceiling, now_ms: int) -> DeviceToken:
    before = token.generation < ceiling.generation
    ended = now_ms if ceiling.revoked and token.revoked_at_ms is None else token.revoked_at_ms
    return msgspec.structs.replace(
        token,
        generation=max(token.generation, ceiling.generation),
        scopes=narrowed(token.scopes, ceiling.scopes),
        previous_valid=ceiling.previous if before else token.previous_valid and ceiling.previous,
        revoked_at_ms=ended,
    )


def readable(content: bytes) -> bool:
    """Tell whether this version understands the content of a file; one of a newer version may be of another form."""
    try:
        msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


class Revocations:
    """The file. Blocks on the disk: for the writer thread of the database, and for the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.readable = True
        try:
            with path.open("rb") as file:
                self._kept = msgspec.json.decode(file.read(_MAX_BYTES), type=_File)
        except FileNotFoundError:
            self._kept = _File()
            self.readable = False
        except (OSError, msgspec.MsgspecError):
            path.replace(path.with_name(path.name + ".unreadable"))
            self._kept = _File()
            self.readable = False

    @property
    def serial(self) -> int:
        return self._kept.serial

    @property
    def lost_at_ms(self) -> int | None:
        """When it was noticed that an earlier file is gone; None when that never was so."""
        return self._kept.lost_at_ms

    @property
    def devices(self) -> dict[str, Rights]:
        return self._kept.devices

    def knows(self, device_id: str) -> bool:
        """Tell whether a device ever lost a right: then what it gains is written down as well."""
        return device_id in self._kept.devices

    def put(self, device_id: str, rights: Rights) -> int:
        """Keep the rights of a device; return the new serial. Raises StorageError, and then nothing has changed."""
        devices = {known: kept for known, kept in self._kept.devices.items() if known != device_id}
        for oldest in list(devices)[: max(0, len(devices) + 1 - MAX_DEVICES)]:
            del devices[oldest]
        return self._save(msgspec.structs.replace(self._kept, devices={**devices, device_id: rights}))

    def spend(self, secret_hash: bytes) -> int:
        """Keep that a recovery code was used or replaced; return the new serial. Raises StorageError."""
        spent = [*self._kept.spent, secret_hash.hex()][-MAX_SPENT:]
        return self._save(msgspec.structs.replace(self._kept, spent=spent))

    def is_spent(self, secret_hash: bytes) -> bool:
        return secret_hash.hex() in self._kept.spent

    def begin(self, after: int, lost_at_ms: int | None) -> int:
        """Start a new file whose serials go on behind `after`; return its serial. Raises StorageError."""
        self.readable = True
        return self._save(_File(serial=after, lost_at_ms=lost_at_ms))

    def _save(self, changed: _File) -> int:
        changed = msgspec.structs.replace(changed, serial=changed.serial + 1)
        try:
            write_atomic(self._path, msgspec.json.encode(changed))
        except OSError as error:
            # Better no revocation than one that the next restore takes back without a word.
            raise StorageError(
                f"cannot write {self._path} ({error.strerror}); check the disk and who owns it"
            ) from error
        self._kept = changed
        return changed.serial
