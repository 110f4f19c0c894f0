"""Setup codes on the wire (protocol.md 5.4): who may spend one, once, and what it gives."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.identity.setup.profiles import Profile
from appliance.identity.setup.store import LIFE_MS, Completion
from appliance.protocol.roles import ADMIN, APPROVALS, PAIRING, QUESTIONS, READ, TALK_SECRETS, WRITE
from tests.fakes.clock import FakeClock
from tests.fakes.phone import ANDROID, HEADLESS, LAN, LAN_TLS, PAGE, knock, operator, params
from tests.fakes.wire import DeviceKey, Gateway, gateway

LIMITED = [APPROVALS, QUESTIONS, READ, TALK_SECRETS, WRITE]
FULL = [ADMIN, *LIMITED]
OWN_PAGE = {"Origin": "http://localhost:5173"}
PROXY = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def box(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, clock=clock, trusted_proxies=PROXY) as box:
        yield box


async def issue(box: Gateway, clock: FakeClock, profile: Profile = Profile.FULL) -> str:
    return (await box.trust.setup.issue(profile, clock.now_ms())).token


def code_of(answer: dict[str, Any]) -> str:
    assert not answer["ok"], answer
    return str(answer["error"]["details"]["code"])


def auth_of(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["ok"], answer
    auth: dict[str, Any] = answer["payload"]["auth"]
    return auth


@pytest.mark.parametrize(
    ("profile", "headers", "expected"),
    [
        (Profile.FULL, {}, FULL),
        (Profile.FULL, LAN_TLS, FULL),
        (Profile.FULL, LAN, LIMITED),
        (Profile.LIMITED, LAN, LIMITED),
        (Profile.LIMITED, LAN_TLS, LIMITED),
    ],
)
async def test_a_phone_pairs_its_node_first_and_gets_the_token_of_its_operator(
    box: Gateway, clock: FakeClock, profile: Profile, headers: dict[str, str], expected: list[str]
) -> None:
    key, token = DeviceKey(), await issue(box, clock, profile)
    auth = auth_of(await knock(box, key, ANDROID, headers=headers, bootstrapToken=token))
    assert (auth["method"], auth["role"], auth["scopes"]) == ("bootstrap-token", "node", [])
    (handed,) = auth["deviceTokens"]
    assert (handed["role"], sorted(handed["scopes"])) == ("operator", sorted(expected))
    assert handed.keys() == {"deviceToken", "role", "scopes", "issuedAtMs"}
    async with box.open(**headers) as socket:
        second = auth_of(await operator(socket, key, handed["deviceToken"], *handed["scopes"]))
        assert (second["method"], sorted(second["scopes"])) == ("device-token", sorted(expected))
        assert second["deviceToken"] == handed["deviceToken"]
    again = auth_of(await knock(box, key, ANDROID, headers=headers, token=auth["deviceToken"]))
    assert again["method"] == "device-token"
    assert "deviceTokens" not in again


async def test_its_surface_is_vouched_for_on_the_first_connect_only(box: Gateway, clock: FakeClock) -> None:
    seen: list[bool] = []

    class Watch:
        def joined(self, connection: Any) -> None:
            seen.append(connection.view.surface.vouched)

        def left(self, connection: Any) -> None:
            pass

    box.server.watch(Watch())
    key = DeviceKey()
    auth = auth_of(await knock(box, key, ANDROID, bootstrapToken=await issue(box, clock)))
    await knock(box, key, ANDROID, token=auth["deviceToken"])
    assert seen == [True, False]


async def test_the_owner_hears_that_the_code_was_spent(box: Gateway, clock: FakeClock) -> None:
    told: list[Completion] = []
    box.trust.setup.listen(told.append)
    key, issued = DeviceKey(), await box.trust.setup.issue(Profile.LIMITED, clock.now_ms())
    async with box.open() as socket:
        await socket.connect(params(ANDROID, "node", bootstrapToken=issued.token), key)
        await socket.request("test.node")
    assert [(one.setup_id, one.device_id, one.access, one.uncertain) for one in told] == [
        (issued.setup_id, key.id, "limited", False)
    ]


async def test_a_device_that_left_before_it_heard_of_it_is_told_as_uncertain(box: Gateway, clock: FakeClock) -> None:
    told: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
    box.trust.setup.listen(told.set_result)
    key, issued = DeviceKey(), await box.trust.setup.issue(Profile.LIMITED, clock.now_ms())
    redeem = box.trust.setup.redeem

    async def gone(*arguments: Any) -> Any:
        device = await redeem(*arguments)
        assert socket.socket._response.connection is not None
        transport = socket.socket._response.connection.transport
        assert transport is not None
        transport.abort()
        return device

    async with box.open() as socket:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(box.trust.setup, "redeem", gone)
            with pytest.raises(AssertionError):
                await socket.connect(params(ANDROID, "node", bootstrapToken=issued.token), key)
            completion = await asyncio.wait_for(told, 10)
    assert (completion.setup_id, completion.uncertain) == (issued.setup_id, True)
    status = box.trust.setup.status(issued.setup_id, clock.now_ms())
    assert status is not None
    assert status.completion == completion


async def test_a_headless_node_spends_a_node_code_and_gets_no_operator(box: Gateway, clock: FakeClock) -> None:
    auth = auth_of(await knock(box, DeviceKey(), HEADLESS, bootstrapToken=await issue(box, clock, Profile.NODE)))
    assert (auth["role"], "deviceTokens" in auth) == ("node", False)


async def test_a_voice_node_may_read_and_talk(box: Gateway, clock: FakeClock) -> None:
    token = await issue(box, clock, Profile.VOICE_NODE)
    auth = auth_of(await knock(box, DeviceKey(), HEADLESS, bootstrapToken=token))
    assert sorted(auth["deviceTokens"][0]["scopes"]) == ["operator.read", "operator.talk"]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (Profile.CONTROL_UI, sorted([*FULL, PAIRING])),
        (Profile.FULL, sorted([*FULL, PAIRING])),  # admin is everything an operator can be
        (Profile.LIMITED, sorted(LIMITED)),
    ],
)
async def test_the_web_app_spends_a_code_as_an_operator_and_gets_what_the_code_gives(
    box: Gateway, clock: FakeClock, profile: Profile, expected: list[str]
) -> None:
    token = await issue(box, clock, profile)
    asked = [*FULL, PAIRING]
    auth = auth_of(await knock(box, DeviceKey(), PAGE, "operator", *asked, headers=OWN_PAGE, bootstrapToken=token))
    assert (auth["method"], auth["scopes"]) == ("bootstrap-token", expected)
    assert "deviceTokens" not in auth


async def test_a_web_app_on_the_plain_network_never_becomes_the_owner(box: Gateway, clock: FakeClock) -> None:
    key, token = DeviceKey(), await issue(box, clock, Profile.CONTROL_UI)
    page = {"Origin": "http://box.local", "Host": "box.local", **LAN}
    asked = [*FULL, PAIRING]
    auth = auth_of(await knock(box, key, PAGE, "operator", *asked, headers=page, bootstrapToken=token))
    assert ADMIN not in auth["scopes"]
    assert PAIRING not in auth["scopes"]
    device = await box.devices.get(key.id)
    assert device is not None
    assert not {ADMIN, PAIRING} & set(device.scopes)


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_page_from_elsewhere_spends_nothing(box: Gateway, clock: FakeClock, origin: str) -> None:
    token = await issue(box, clock, Profile.CONTROL_UI)
    answer = await knock(box, DeviceKey(), PAGE, "operator", headers={"Origin": origin}, bootstrapToken=token)
    assert code_of(answer) == "CONTROL_UI_ORIGIN_NOT_ALLOWED"


# Attacks


async def test_a_code_that_was_photographed_is_worth_nothing_after_its_use(box: Gateway, clock: FakeClock) -> None:
    token = await issue(box, clock)
    auth_of(await knock(box, DeviceKey(), ANDROID, bootstrapToken=token))
    thief = DeviceKey()
    assert code_of(await knock(box, thief, ANDROID, bootstrapToken=token)) == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    assert await box.devices.get(thief.id) is None


async def test_the_device_that_spent_a_code_cannot_spend_it_again(box: Gateway, clock: FakeClock) -> None:
    key, token = DeviceKey(), await issue(box, clock)
    auth_of(await knock(box, key, ANDROID, bootstrapToken=token))
    assert await box.devices.remove(key.id)
    assert code_of(await knock(box, key, ANDROID, bootstrapToken=token)) == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    assert await box.devices.get(key.id) is None


async def test_a_phone_that_comes_as_operator_first_spoils_its_code(box: Gateway, clock: FakeClock) -> None:
    key, token = DeviceKey(), await issue(box, clock)
    first = await knock(box, key, ANDROID, "operator", READ, bootstrapToken=token)
    assert code_of(first) == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    assert "homarus pair" in first["error"]["message"]
    for device in (key, DeviceKey()):
        assert code_of(await knock(box, device, ANDROID, bootstrapToken=token)) == "AUTH_BOOTSTRAP_TOKEN_INVALID"


@pytest.mark.parametrize(
    ("profile", "client", "role"),
    [
        (Profile.NODE, ANDROID, "node"),
        (Profile.NODE, HEADLESS, "operator"),
        (Profile.FULL, HEADLESS, "node"),
        (Profile.FULL, {**ANDROID, "platform": "linux"}, "node"),
        (Profile.FULL, {**ANDROID, "deviceFamily": "iPhone"}, "node"),
        (Profile.CONTROL_UI, ANDROID, "node"),
        (Profile.CONTROL_UI, {**HEADLESS, "id": "cli", "mode": "cli"}, "operator"),
    ],
)
async def test_a_code_is_for_the_clients_of_its_profile(
    box: Gateway, clock: FakeClock, profile: Profile, client: dict[str, Any], role: str
) -> None:
    key = DeviceKey()
    answer = await knock(box, key, client, role, bootstrapToken=await issue(box, clock, profile))
    assert code_of(answer) == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    assert await box.devices.get(key.id) is None


async def test_a_code_ends_with_its_time_and_a_clock_set_back_does_not_revive_it(
    box: Gateway, clock: FakeClock
) -> None:
    token, other = await issue(box, clock), await issue(box, clock)
    clock.advance(LIFE_MS / 1000 - 1)
    assert auth_of(await knock(box, DeviceKey(), ANDROID, bootstrapToken=other))
    clock.advance(1)
    assert code_of(await knock(box, DeviceKey(), ANDROID, bootstrapToken=token)) == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    clock.jump(-LIFE_MS / 1000)
    assert code_of(await knock(box, DeviceKey(), ANDROID, bootstrapToken=token)) == "AUTH_BOOTSTRAP_TOKEN_INVALID"


async def test_a_code_without_a_device_key_is_worth_nothing(box: Gateway, clock: FakeClock) -> None:
    token = await issue(box, clock, Profile.NODE)
    async with box.open() as socket:
        answer = await socket.connect(params(HEADLESS, "node", bootstrapToken=token))
        assert code_of(answer) == "DEVICE_IDENTITY_REQUIRED"
    assert auth_of(await knock(box, DeviceKey(), HEADLESS, bootstrapToken=token))


async def test_two_devices_at_once_share_no_code(box: Gateway, clock: FakeClock) -> None:
    token = await issue(box, clock)
    keys = [DeviceKey() for _ in range(8)]
    answers = await asyncio.gather(*(knock(box, key, ANDROID, bootstrapToken=token) for key in keys))
    assert sum(answer["ok"] for answer in answers) == 1
    assert len(await box.devices.devices()) == 1


async def test_the_recovery_code_makes_an_owner_once_and_only_where_nobody_reads_along(
    box: Gateway, clock: FakeClock
) -> None:
    code = await box.trust.recovery.new()
    page = {"Origin": "https://box.local", "Host": "box.local"}
    asked = [ADMIN, PAIRING, READ]
    plain = await knock(box, DeviceKey(), PAGE, "operator", *asked, headers={**page, **LAN}, bootstrapToken=code)
    assert "https://" in plain["error"]["message"]
    typed = code.lower().replace("-", " ").replace("recovery ", "recovery-")
    answer = await knock(box, DeviceKey(), PAGE, "operator", *asked, headers={**page, **LAN_TLS}, bootstrapToken=typed)
    assert auth_of(answer)["scopes"] == sorted(asked)
    again = await knock(box, DeviceKey(), PAGE, "operator", headers={**page, **LAN_TLS}, bootstrapToken=code)
    assert code_of(again) == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    assert not box.trust.recovery.exists
