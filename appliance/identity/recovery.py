"""The recovery code: printed once, kept in a drawer, makes whoever types it the owner, once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from appliance.identity import restoring
from appliance.identity.revocations import Revocations
from appliance.identity.setup.code import RECOVERY_PREFIX
from appliance.storage.database import Database

_NAME: Final = "recovery-code"
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: read by people, so O is 0, and I and L are 1."""

_MISREAD: Final = str.maketrans("OIL", "011")
_GROUPS: Final = 8
_GROUP_CHARS: Final = 4
_DOMAIN: Final = b"homarus recovery code 1\0"

T = TypeVar("T")


class Recovery:
    """The one recovery code of this box. 160 random bits: only a hash is kept, and no guess ever finds it."""

    def __init__(self, database: Database, kept: bytes | None, revocations: Revocations | None = None) -> None:
        self._database = database
        self._revocations = revocations
        self._kept = kept

    @classmethod
    async def open(cls, database: Database, revocations: Revocations | None = None) -> Recovery:
        """Read the hash of the code that was printed, if one was; a code that was used stays so after a restore."""

        def read(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute("SELECT value FROM identity_secrets WHERE name = ?", (_NAME,)).fetchone()
            return None if row is None else bytes(row[0])

        kept = await database.read(read)
        if kept is not None and revocations is not None and revocations.is_spent(kept):
            kept = None
        return cls(database, kept, revocations)

    @property
    def exists(self) -> bool:
        """True while a printed code can be used."""
        return self._kept is not None

    async def new(self, draw: Callable[[str], str] = secrets.choice) -> str:
        """Make a code and return it, the only time it is ever seen; the one before stops working."""
        groups = ("".join(draw(_ALPHABET) for _ in range(_GROUP_CHARS)) for _ in range(_GROUPS))
        code = RECOVERY_PREFIX + "-".join(groups)
        kept = _hash(code)

        def write(connection: sqlite3.Connection) -> None:
            self._end(connection, self._kept)
            connection.execute("INSERT OR REPLACE INTO identity_secrets (name, value) VALUES (?, ?)", (_NAME, kept))

        await self._database.write(write)
        self._kept = kept
        return code

    def matches(self, presented: str) -> bool:
        """Tell in constant time whether `presented` is the code; how it was typed does not matter."""
        return self._kept is not None and hmac.compare_digest(_hash(presented), self._kept)

    async def spend(self, presented: str, act: Callable[[sqlite3.Connection], T]) -> T | None:
        """End the code and do `act` in the same transaction; None when it is not the code, or was just used."""
        kept = _hash(presented)

        def write(connection: sqlite3.Connection) -> T | None:
            done = connection.execute("DELETE FROM identity_secrets WHERE name = ? AND value = ?", (_NAME, kept))
            if done.rowcount != 1:
                return None
            self._end(connection, kept)
            return act(connection)

        result = await self._database.write(write)
        if result is not None and self._kept == kept:
            self._kept = None
        return result

    def _end(self, connection: sqlite3.Connection, kept: bytes | None) -> None:
        if kept is not None and self._revocations is not None:
            restoring.note(connection, self._revocations.spend(kept))


def is_recovery(presented: str) -> bool:
    """Tell whether `presented` has the form of a recovery code, with or without its first word, however typed."""
    plain = _plain(presented)
    return len(plain) == _GROUPS * _GROUP_CHARS and set(plain) <= set(_ALPHABET)


def _plain(code: str) -> str:
    return "".join(code.upper().replace("-", " ").split()).removeprefix("RECOVERY").translate(_MISREAD)


def _hash(code: str) -> bytes:
    plain = _plain(code)
    return hashlib.sha256(_DOMAIN + plain.encode("utf-8", "replace")).digest()
