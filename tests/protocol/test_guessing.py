"""Attempts to guess the secret of the gateway past its lock: every way in which a connect can carry a guess."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.access.origin import OriginPolicy
from appliance.access.shared import AuthMode, SharedAuth
from appliance.gateway.admission.credential import Rules
from appliance.identity import Approval, Claim
from appliance.protocol.roles import READ
from tests.fakes.clock import FakeClock
from tests.fakes.phone import LAN_TLS, PAGE, params
from tests.fakes.wire import DeviceKey, Gateway, gateway

PASSWORD = "correct horse"
RULES = Rules(SharedAuth(AuthMode.PASSWORD, password=PASSWORD), OriginPolicy(("*",)))
PROXY = (ipaddress.ip_network("127.0.0.0/8"),)
CLI = {"id": "cli", "mode": "cli", "version": "1.0.0", "platform": "linux"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def box(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, rules=RULES, clock=clock, trusted_proxies=PROXY) as box:
        yield box


async def guess(
    box: Gateway,
    *,
    key: DeviceKey | None = None,
    headers: dict[str, str] | None = None,
    client: dict[str, Any] = CLI,
    forged: bool = False,
    **auth: Any,
) -> str:
    """Connect once; return what the gateway says of it: a code, or `in`."""
    asked = params(client, "operator", READ, **auth)
    async with box.open(**(LAN_TLS if headers is None else headers)) as socket:
        if forged and key is not None:
            device = key.prove({**asked, "scopes": []}, socket.nonce, socket.challenge["ts"])
            answer = await socket.request("connect", {**asked, "device": device})
        else:
            answer = await socket.connect(asked, key)
    return "in" if answer["ok"] else str(answer["error"]["details"]["code"])


async def guesses_until_locked(box: Gateway, **how: Any) -> list[str]:
    return [await guess(box, password=f"guess {number}", **how) for number in range(10)]


@pytest.mark.parametrize(
    "dress",
    [{}, {"bootstrapToken": "made up"}, {"deviceToken": "made up"}, {"token": "made up"}],
    ids=["alone", "beside a code", "beside a device token", "beside a token"],
)
@pytest.mark.parametrize("with_device", [True, False], ids=["with a device", "without"])
async def test_ten_guesses_lock_whatever_they_are_dressed_in(
    box: Gateway, dress: dict[str, Any], with_device: bool
) -> None:
    key = DeviceKey() if with_device else None
    await guesses_until_locked(box, key=key, **dress)
    assert await guess(box, key=DeviceKey(), password=PASSWORD) == "AUTH_RATE_LIMITED"
    assert await guess(box, password=PASSWORD) == "AUTH_RATE_LIMITED"


@pytest.mark.parametrize("kind", ["bootstrapToken", "deviceToken"])
async def test_the_lock_of_another_secret_hides_no_guesses(box: Gateway, kind: str) -> None:
    """Who is locked out with a made-up code must not guess the password behind that lock, uncounted."""
    made_up: dict[str, Any] = {kind: "made up"}
    for _ in range(10):
        await guess(box, key=DeviceKey(), **made_up)
    await guesses_until_locked(box, key=DeviceKey(), **made_up)
    assert await guess(box, key=DeviceKey(), password=PASSWORD) == "AUTH_RATE_LIMITED"


async def test_a_forged_proof_does_not_tell_whether_the_secret_was_right(box: Gateway) -> None:
    """It is refused for the proof; a right secret in it must not forgive the failures before, which would tell."""
    key = DeviceKey()
    for number in range(9):
        await guess(box, password=f"guess {number}")
    assert await guess(box, key=key, forged=True, password=PASSWORD) == "DEVICE_AUTH_SIGNATURE_INVALID"
    assert await guess(box, password="guess 10") == "AUTH_PASSWORD_MISMATCH"
    assert await guess(box, password=PASSWORD) == "AUTH_RATE_LIMITED"


async def test_a_page_that_names_many_origins_guesses_no_more_for_it(box: Gateway) -> None:
    """With allowedOrigins "*" every name of a domain of a stranger is an origin; together they get a hundred."""
    told = [
        await guess(box, headers={"Origin": f"https://a{number}.example"}, client=PAGE, key=DeviceKey(), password="no")
        for number in range(100)
    ]
    assert set(told) == {"AUTH_PASSWORD_MISMATCH"}
    another = {"Origin": "https://another.example"}
    assert await guess(box, headers=another, client=PAGE, key=DeviceKey(), password=PASSWORD) == "AUTH_RATE_LIMITED"
    assert await guess(box, headers={}, password=PASSWORD) == "in"


async def test_a_paired_device_cannot_use_its_good_token_to_guess_the_secret(box: Gateway, clock: FakeClock) -> None:
    """It is let in by its token each time, also with an old password; hello says by which secret it came in."""
    key = DeviceKey()
    claim = Claim(key.id, key.public_key, "operator", (READ,), platform="linux", client_id="cli", client_mode="cli")
    device = await box.devices.approve(claim, Approval.OWNER, clock.now_ms())
    token = box.devices.token_for(device, "operator")
    for number in range(12):
        assert await guess(box, key=key, password=f"guess {number}", deviceToken=token) == "in"
    async with box.open(**LAN_TLS) as socket:
        answer = await socket.connect(params(CLI, "operator", READ, password=PASSWORD, deviceToken=token), key)
    assert answer["payload"]["auth"]["method"] == "device-token"
