"""Who may write through a channel: the allow list of this box, and the senders who wait with a code."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from appliance.channels.errors import SenderRequestMissingError
from appliance.channels.knocking import MAX_WAITING, Answer, Knock, SenderRequest, asked, heard, new_code, same_code
from appliance.foundation.ids import new_id
from appliance.storage.database import Database

_CACHED: Final = 1024
_MAX_KEPT_PER_ACCOUNT: Final = 64
"""Requests that are remembered per account, dismissed ones included."""


class Outcome(NamedTuple):
    """What a channel does with a message, and the code where the sender is told one."""

    answer: Answer
    code: str | None = None


class AllowedSender(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A sender whom the owner let in."""

    channel: str
    account_id: str
    sender_id: str
    label: str = ""
    approved_ms: int = 0
    approved_by: str = ""


class Senders:
    """The one door of all channels. A message of somebody unknown never reaches an agent."""

    def __init__(self, database: Database, draw_code: Callable[[list[str]], str] = new_code) -> None:
        self._database = database
        self._draw_code = draw_code
        self._known: OrderedDict[tuple[str, str, str], bool] = OrderedDict()
        self._removals = 0

    async def knock(self, knock: Knock, now_ms: int) -> Outcome:
        """Decide about one message: process it, or hold it and perhaps tell the sender a code."""
        if await self.allows(knock.channel, knock.account_id, knock.sender_id):
            return Outcome(Answer.PROCESS)

        def write(connection: sqlite3.Connection) -> Outcome:
            if _is_allowed(connection, (knock.channel, knock.account_id, knock.sender_id)):
                return Outcome(Answer.PROCESS)  # let in since the look above: what this message says must not be held
            known = _requests(connection, knock.account)
            for one in known:
                if not one.alive(now_ms):
                    _forget(connection, one)
            alive = [one for one in known if one.alive(now_ms)]
            before = next((one for one in alive if one.sender_id == knock.sender_id), None)
            if before is not None:
                answer, request = heard(knock, before, now_ms)
            elif sum(one.waits(now_ms) for one in alive) >= MAX_WAITING or len(alive) >= _MAX_KEPT_PER_ACCOUNT:
                return Outcome(Answer.DROP)
            else:
                codes = [row[0] for row in connection.execute(_ALL_CODES)]
                answer, request = Answer.TELL_CODE, asked(knock, new_id(), self._draw_code(codes), now_ms)
            _keep(connection, request)
            return Outcome(answer, request.code if answer is Answer.TELL_CODE else None)

        return await self._database.write(write)

    async def allows(self, channel: str, account_id: str, sender_id: str) -> bool:
        """Tell whether the owner let this sender in."""
        key = (channel, account_id, sender_id)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known

        removals = self._removals
        found = await self._database.read(lambda connection: _is_allowed(connection, key))
        if removals != self._removals:
            return await self.allows(channel, account_id, sender_id)  # perhaps this one was taken off while we read
        # Only those who are in are remembered: strangers without end must not push them out.
        return self._remember(key) if found else False

    async def waiting(
        self, now_ms: int, channel: str | None = None, account_id: str | None = None
    ) -> list[SenderRequest]:
        """Return the senders who wait, oldest first."""

        def read(connection: sqlite3.Connection) -> list[SenderRequest]:
            rows = connection.execute("SELECT document FROM channel_pairing_requests").fetchall()
            return [msgspec.json.decode(row[0], type=SenderRequest) for row in rows]

        found = [
            one
            for one in await self._database.read(read)
            if one.waits(now_ms) and channel in (None, one.channel) and account_id in (None, one.account_id)
        ]
        return sorted(found, key=lambda one: one.created_ms)

    async def approve(
        self, channel: str, account_id: str | None, wanted: str, now_ms: int, *, by: str = ""
    ) -> SenderRequest:
        """Let a sender in; `wanted` is a request id or a code. The caller processes what the request holds.

        Raises SenderRequestMissingError. Letting somebody write in private opens no group.
        """

        def write(connection: sqlite3.Connection) -> SenderRequest:
            request = _find(connection, channel, account_id, wanted, now_ms)
            sender = AllowedSender(
                request.channel, request.account_id, request.sender_id, request.sender_label, now_ms, by
            )
            connection.execute(
                "INSERT OR REPLACE INTO channel_senders (channel, account_id, sender_id, document) VALUES (?, ?, ?, ?)",
                (sender.channel, sender.account_id, sender.sender_id, msgspec.json.encode(sender).decode()),
            )
            _forget(connection, request)
            return request

        request = await self._database.write(write)
        self._remember((request.channel, request.account_id, request.sender_id))
        return request

    async def dismiss(self, channel: str, account_id: str | None, wanted: str, now_ms: int) -> SenderRequest:
        """Turn a sender away until the hour of the request is over. Raises SenderRequestMissingError."""

        def write(connection: sqlite3.Connection) -> SenderRequest:
            request = _find(connection, channel, account_id, wanted, now_ms)
            _keep(connection, msgspec.structs.replace(request, dismissed=True, held=()))
            return request

        return await self._database.write(write)

    async def allowed(self, channel: str | None = None) -> list[AllowedSender]:
        """Return the senders who were let in, oldest first."""

        def read(connection: sqlite3.Connection) -> list[AllowedSender]:
            rows = connection.execute("SELECT document FROM channel_senders").fetchall()
            return [msgspec.json.decode(row[0], type=AllowedSender) for row in rows]

        found = [one for one in await self._database.read(read) if channel in (None, one.channel)]
        return sorted(found, key=lambda one: one.approved_ms)

    async def forget(self, channel: str, account_id: str, sender_id: str) -> bool:
        """Take a sender off the list; False when it was not on it."""
        key = (channel, account_id, sender_id)

        def write(connection: sqlite3.Connection) -> bool:
            done = connection.execute(
                "DELETE FROM channel_senders WHERE channel = ? AND account_id = ? AND sender_id = ?", key
            )
            return done.rowcount > 0

        removed = await self._database.write(write)
        self._known.pop(key, None)
        self._removals += 1
        return removed

    def _remember(self, key: tuple[str, str, str]) -> bool:
        self._known[key] = True
        self._known.move_to_end(key)
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)
        return True


_ALL_CODES: Final = "SELECT document ->> '$.code' FROM channel_pairing_requests"


def _is_allowed(connection: sqlite3.Connection, key: tuple[str, str, str]) -> bool:
    row = connection.execute(
        "SELECT 1 FROM channel_senders WHERE channel = ? AND account_id = ? AND sender_id = ?", key
    ).fetchone()
    return row is not None


def _requests(connection: sqlite3.Connection, account: tuple[str, str]) -> list[SenderRequest]:
    rows = connection.execute(
        "SELECT document FROM channel_pairing_requests WHERE channel = ? AND account_id = ?", account
    ).fetchall()
    return [msgspec.json.decode(row[0], type=SenderRequest) for row in rows]


def _find(
    connection: sqlite3.Connection, channel: str, account_id: str | None, wanted: str, now_ms: int
) -> SenderRequest:
    rows = connection.execute("SELECT document FROM channel_pairing_requests WHERE channel = ?", (channel,)).fetchall()
    for (document,) in rows:
        request = msgspec.json.decode(document, type=SenderRequest)
        named = _is_id(request.request_id, wanted) or same_code(request.code, wanted)
        if named and request.waits(now_ms) and account_id in (None, request.account_id):
            return request
    raise SenderRequestMissingError(
        "Nobody waits with this code. Codes end after one hour: `homarus pairing list` shows who waits."
    )


def _is_id(request_id: str, wanted: str) -> bool:
    """Tell whether `wanted` is the id or its first part, which is what lists show."""
    return wanted.lower() in (request_id, request_id.split("-", 1)[0])


def _keep(connection: sqlite3.Connection, request: SenderRequest) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO channel_pairing_requests (request_id, channel, account_id, sender_id, document) "
        "VALUES (?, ?, ?, ?, ?)",
        (
            request.request_id,
            request.channel,
            request.account_id,
            request.sender_id,
            msgspec.json.encode(request).decode(),
        ),
    )


def _forget(connection: sqlite3.Connection, request: SenderRequest) -> None:
    connection.execute("DELETE FROM channel_pairing_requests WHERE request_id = ?", (request.request_id,))
