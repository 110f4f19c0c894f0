from __future__ import annotations

from typing import Any

import msgspec
import pytest

from appliance.access.throttle import Bucket, Throttle
from appliance.gateway.admission.refusal import Refusal
from appliance.gateway.transport.peer import Peer
from appliance.identity.pairing import rotated
from appliance.protocol.roles import ADMIN, READ, WRITE
from tests.fakes.wire import connect_params
from tests.unit.gateway.knocking import (
    KEY,
    NOW,
    PASSWORD,
    REMOTE,
    admitted,
    knock,
    paired,
    refused,
    token_of,
)

# Credentials of a device


def test_a_paired_device_comes_in_with_the_shared_token() -> None:
    decision = admitted(knock(key=KEY, device=paired(READ), peer=REMOTE, scopes=[READ]))
    assert (decision.method, decision.approve, decision.scopes) == ("token", False, (READ,))


@pytest.mark.parametrize("where", ["token", "deviceToken"])
def test_a_device_token_is_accepted_as_token_and_as_device_token(where: str) -> None:
    device = paired(WRITE)
    params = connect_params(scopes=[READ], auth={where: token_of(device)})
    decision = admitted(knock(params, key=KEY, device=device, peer=REMOTE))
    assert (decision.method, decision.confirm) == ("device-token", False)


def test_a_good_device_token_beside_a_bad_shared_one_is_enough() -> None:
    device = paired(READ)
    params = connect_params(auth={"token": "old", "deviceToken": token_of(device)})
    assert admitted(knock(params, key=KEY, device=device, peer=REMOTE)).method == "device-token"


def test_using_the_rotated_token_confirms_it_and_the_old_one_still_works() -> None:
    device = paired(READ)
    old = token_of(device)
    device = msgspec.structs.replace(device, tokens={"operator": rotated(device.tokens["operator"], None, NOW)})
    new = connect_params(auth={"token": token_of(device)})
    assert admitted(knock(new, key=KEY, device=device, peer=REMOTE)).confirm
    previous = connect_params(auth={"token": old})
    assert not admitted(knock(previous, key=KEY, device=device, peer=REMOTE)).confirm


@pytest.mark.parametrize(
    ("auth", "code", "retry"),
    [
        (None, "AUTH_TOKEN_MISSING", False),
        ({"password": "x"}, "AUTH_TOKEN_MISSING", False),
        ({"token": "bad"}, "AUTH_TOKEN_MISMATCH", True),
        ({"deviceToken": "bad"}, "AUTH_DEVICE_TOKEN_MISMATCH", False),
        ({"token": "bad", "deviceToken": "bad"}, "AUTH_DEVICE_TOKEN_MISMATCH", False),
        ({"bootstrapToken": "unknown"}, "AUTH_BOOTSTRAP_TOKEN_INVALID", False),
    ],
)
def test_a_bad_credential_of_a_device_names_itself(auth: dict[str, str] | None, code: str, retry: bool) -> None:
    params = connect_params(token=None)
    if auth is not None:
        params["auth"] = auth
    decision = knock(params, key=KEY, device=paired(READ), peer=REMOTE)
    assert refused(decision) == ("INVALID_REQUEST", code, 1008)
    assert isinstance(decision, Refusal)
    assert decision.error.details["canRetryWithDeviceToken"] is retry
    if retry:
        assert decision.error.details["recommendedNextStep"] == "retry_with_device_token"


def test_a_password_gateway_says_that_the_password_is_missing() -> None:
    decision = knock(connect_params(token=None), key=KEY, rules=PASSWORD, peer=REMOTE)
    assert refused(decision)[1] == "AUTH_PASSWORD_MISSING"


def test_a_device_token_does_not_cover_more_than_its_scopes() -> None:
    device = paired(READ)
    params = connect_params(scopes=[ADMIN], auth={"token": token_of(device)})
    refusal = knock(params, key=KEY, device=device)
    assert refused(refusal)[1] == "AUTH_SCOPE_MISMATCH"
    assert isinstance(refusal, Refusal)
    assert (refusal.error.details or {})["homarus"] == {"scopes": [READ]}, "it can come back with what is left to it"


def test_the_token_of_one_role_is_none_of_the_other() -> None:
    device = paired(READ)
    params = connect_params("node-host", "node", role="node", auth={"token": token_of(device)})
    assert refused(knock(params, key=KEY, device=device))[1] == "AUTH_TOKEN_MISMATCH"


def test_the_token_of_another_key_with_the_same_id_is_worthless() -> None:
    device = msgspec.structs.replace(paired(READ), public_key="another")
    params = connect_params(auth={"token": token_of(device)})
    assert refused(knock(params, key=KEY, device=device))[1] == "AUTH_TOKEN_MISMATCH"


# Locks


def _fail(throttle: Throttle, times: int, **more: Any) -> None:
    for _ in range(times):
        assert refused(knock(throttle=throttle, token="bad", **more))[1] == "AUTH_TOKEN_MISMATCH"


def test_ten_wrong_secrets_lock_an_address_even_for_the_right_one() -> None:
    throttle = Throttle()
    _fail(throttle, 9, peer=REMOTE)
    admitted(knock(throttle=throttle, peer=REMOTE))
    _fail(throttle, 10, peer=REMOTE)
    decision = knock(throttle=throttle, peer=REMOTE)
    assert refused(decision)[1] == "AUTH_RATE_LIMITED"
    assert isinstance(decision, Refusal)
    assert (decision.error.retryable, decision.error.retry_after_ms) == (True, 300_000)
    admitted(knock(throttle=throttle, peer=Peer("192.0.2.8", direct_local=False)))


def test_loopback_is_never_locked_but_a_page_on_loopback_is_alone() -> None:
    throttle = Throttle()
    _fail(throttle, 30)
    page: dict[str, Any] = {"origin": "http://localhost:5173"}
    _fail(throttle, 10, **page)
    assert refused(knock(throttle=throttle, **page))[1] == "AUTH_RATE_LIMITED"
    admitted(knock(throttle=throttle))
    admitted(knock(throttle=throttle, origin="http://localhost:3000"))


def test_a_missing_secret_is_no_attempt() -> None:
    throttle = Throttle()
    for _ in range(20):
        knock(throttle=throttle, peer=REMOTE, token=None)
    admitted(knock(throttle=throttle, peer=REMOTE))


def test_a_device_token_works_while_the_shared_secret_is_locked() -> None:
    throttle = Throttle()
    _fail(throttle, 10, peer=REMOTE)
    device = paired(READ)
    params = connect_params(auth={"token": token_of(device)})
    assert admitted(knock(params, key=KEY, device=device, peer=REMOTE, throttle=throttle)).method == "device-token"


def test_wrong_device_and_bootstrap_tokens_have_locks_of_their_own() -> None:
    throttle = Throttle()
    for auth, bucket in (({"deviceToken": "x"}, Bucket.DEVICE_TOKEN), ({"bootstrapToken": "x"}, Bucket.BOOTSTRAP)):
        params = connect_params(auth=auth)
        for _ in range(10):
            assert refused(knock(params, key=KEY, peer=REMOTE, throttle=throttle))[1] != "AUTH_RATE_LIMITED"
        assert refused(knock(params, key=KEY, peer=REMOTE, throttle=throttle))[1] == "AUTH_RATE_LIMITED"
        assert throttle.locked_ms(bucket, "192.0.2.7", NOW)
    assert not throttle.locked_ms(Bucket.SHARED, "192.0.2.7", NOW)
    admitted(knock(throttle=throttle, peer=REMOTE))
