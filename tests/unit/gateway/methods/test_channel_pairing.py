from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from appliance.channels.knocking import Answer, Knock, SenderRequest
from appliance.channels.migrations import MIGRATIONS
from appliance.channels.senders import Senders
from appliance.foundation.errors import ApplianceError
from appliance.gateway.method import MethodTable
from appliance.gateway.methods.channel_pairing import ChannelPairing
from appliance.protocol.methods.channel_pairing import ChannelAccount
from appliance.protocol.roles import ADMIN, PAIRING, READ
from appliance.storage import Database
from tests.fakes.clock import FakeClock
from tests.fakes.wire import Gateway, gateway


class Desk:
    """A channel that runs, with one account; `fails` when it cannot reach anybody."""

    def __init__(self) -> None:
        self.let_in: list[SenderRequest] = []
        self.fails = False

    def accounts(self) -> Sequence[ChannelAccount]:
        return [
            ChannelAccount(
                channel="telegram",
                channel_label="Telegram",
                account_id="main",
                account_label="@house",
                notify_supported=True,
            )
        ]

    def released(self, request: SenderRequest) -> None:
        self.let_in.append(request)

    async def tell(self, request: SenderRequest) -> bool:
        if self.fails:
            raise ApplianceError("no network")
        return True


class Channels:
    def __init__(self, senders: Senders, clock: FakeClock) -> None:
        self.senders = senders
        self.clock = clock
        self.desk = Desk()

    async def write(self, sender: str = "ada") -> str:
        outcome = await self.senders.knock(
            Knock("telegram", "main", sender, "Ada", "message-1", {"language": "en"}), self.clock.now_ms()
        )
        assert outcome.answer is Answer.TELL_CODE
        assert outcome.code is not None
        return outcome.code


@pytest.fixture
async def channels(tmp_path: Path) -> AsyncIterator[Channels]:
    clock = FakeClock()
    database = await Database.open(tmp_path / "channels.sqlite", MIGRATIONS, clock=clock)
    yield Channels(Senders(database), clock)
    await database.aclose()


@pytest.fixture
async def box(tmp_path: Path, channels: Channels) -> AsyncIterator[Gateway]:
    table = MethodTable(ChannelPairing(channels.senders, channels.desk).methods())
    async with gateway(tmp_path, clock=channels.clock, table=table) as box:
        yield box


async def test_the_owner_sees_who_waits_but_not_the_code(box: Gateway, channels: Channels) -> None:
    code = await channels.write()
    async with box.connected(PAIRING) as client:
        answer = (await client.request("channels.pairing.list", {"channel": "telegram"}))["payload"]
        assert (await client.request("channels.pairing.list", {"channel": "signal"}))["payload"]["requests"] == []
    (row,) = answer["requests"]
    assert (row["senderLabel"], row["channelLabel"], row["accountLabel"]) == ("Ada", "Telegram", "@house")
    assert row["createdAt"].endswith("Z")
    assert row["expiresAt"] > row["createdAt"]
    assert code not in str(answer)
    assert answer["limits"] == {"pendingPerAccount": 3, "ttlMs": 3_600_000}


@pytest.mark.parametrize("by", ["code", "id", "start of the id"])
async def test_the_owner_lets_somebody_in(box: Gateway, channels: Channels, by: str) -> None:
    code = await channels.write()
    async with box.connected(PAIRING) as client:
        (row,) = (await client.request("channels.pairing.list"))["payload"]["requests"]
        wanted = {"code": code, "id": row["requestId"], "start of the id": row["requestId"].split("-")[0]}[by]
        params = {"channel": "telegram", "accountId": "main", "requestId": wanted, "notify": True}
        answer = (await client.request("channels.pairing.approve", params))["payload"]
        assert (answer["senderId"], answer["notification"]) == ("ada", "sent")
        again = await client.request("channels.pairing.approve", params)
        assert not again["ok"]
        assert "homarus pairing list" in again["error"]["message"]
    assert [one.held for one in channels.desk.let_in] == [("message-1",)]
    assert await channels.senders.allows("telegram", "main", "ada")


async def test_who_cannot_be_told_is_in_all_the_same(box: Gateway, channels: Channels) -> None:
    code = await channels.write()
    channels.desk.fails = True
    async with box.connected(PAIRING) as client:
        params = {"channel": "telegram", "requestId": code, "notify": True}
        answer = (await client.request("channels.pairing.approve", params))["payload"]
    assert answer["notification"] == "failed"
    assert await channels.senders.allows("telegram", "main", "ada")


async def test_the_owner_turns_somebody_away(box: Gateway, channels: Channels) -> None:
    code = await channels.write()
    async with box.connected(PAIRING) as client:
        params = {"channel": "telegram", "requestId": code}
        assert (await client.request("channels.pairing.dismiss", params))["payload"]["senderId"] == "ada"
        assert (await client.request("channels.pairing.list"))["payload"]["requests"] == []
    assert not await channels.senders.allows("telegram", "main", "ada")


async def test_it_takes_the_right_to_pair_and_for_a_command_owner_that_of_an_admin(
    box: Gateway, channels: Channels
) -> None:
    code = await channels.write()
    params = {"channel": "telegram", "requestId": code}
    async with box.connected(READ) as client:
        for method in ("channels.pairing.list", "channels.pairing.approve", "channels.pairing.dismiss"):
            answer = await client.request(method, {} if method.endswith("list") else params)
            assert answer["error"]["details"]["missingScope"] == PAIRING
    async with box.connected(PAIRING) as client:
        answer = await client.request("channels.pairing.approve", {**params, "bootstrapCommandOwner": True})
        assert answer["error"]["details"]["missingScope"] == ADMIN
