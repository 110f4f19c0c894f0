from __future__ import annotations

from typing import Any

import msgspec
import pytest

from appliance.access.origin import OriginPolicy
from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Bucket, Throttle
from appliance.gateway.admission.credential import Hello, Rules
from appliance.gateway.admission.handshake import Admit, AskOwner, Decision, decide
from appliance.gateway.admission.refusal import Refusal, pairing_required
from appliance.gateway.transport.peer import Peer
from appliance.identity.model import Approval, Claim, Device, PairingRequest
from appliance.identity.pairing import Need, approved, rotated
from appliance.identity.tokens import Tokens
from appliance.protocol.connect import ConnectParams
from appliance.protocol.roles import ADMIN, READ, SCOPES, WRITE
from tests.fakes.wire import TOKEN, DeviceKey, connect_params

NOW = 1_795_000_000_000
KEY = DeviceKey(bytes(range(32)))
RULES = Rules(SharedAuth(AuthMode.TOKEN, token=TOKEN), OriginPolicy(("https://ui.example",)))
NONE = Rules(SharedAuth(AuthMode.NONE))
PASSWORD = Rules(SharedAuth(AuthMode.PASSWORD, password="pw"))
TOKENS = Tokens(bytes(32))
LOCAL = Peer("127.0.0.1", direct_local=True)
REMOTE = Peer("192.0.2.7", direct_local=False)
CONTROL = Peer("unix", direct_local=True, control=True)


def paired(*scopes: str, role: str = "operator", **changes: Any) -> Device:
    values = {"platform": "linux", "client_id": "cli", **changes}
    return approved(None, Claim(KEY.id, KEY.public_key, role, scopes, **values), Approval.OWNER, NOW)


def token_of(device: Device, role: str = "operator") -> str:
    return TOKENS.derive(device.device_id, role, device.tokens[role].generation)


def knock(
    params: dict[str, Any] | None = None,
    *,
    key: DeviceKey | None = None,
    peer: Peer = LOCAL,
    rules: Rules = RULES,
    device: Device | None = None,
    throttle: Throttle | None = None,
    origin: str | None = None,
    **more: Any,
) -> Decision:
    """Decide about one connect; `more` are members of its params."""
    params = connect_params(**more) if params is None else params
    if key is not None:
        params = {**params, "device": key.prove(params, "nonce", NOW)}
    decoded = msgspec.convert(params, ConnectParams)
    hello = Hello(decoded, peer, "nonce", NOW, origin, "127.0.0.1:18789")
    return decide(hello, rules, device, TOKENS, Throttle() if throttle is None else throttle)


def refused(decision: Decision) -> tuple[str, str | None, int]:
    assert isinstance(decision, Refusal), decision
    return decision.error.wire_code, decision.error.details.get("code"), int(decision.close_code)  # type: ignore[return-value]  # details are JSON


def admitted(decision: Decision) -> Admit:
    assert isinstance(decision, Admit), decision
    return decision


# Protocol and role


@pytest.mark.parametrize(
    ("low", "high", "client_id", "mode", "role", "expected"),
    [
        (4, 4, "cli", "cli", None, 4),
        (1, 9, "cli", "cli", None, 4),
        (3, 3, "cli", "cli", None, None),
        (5, 6, "cli", "cli", None, None),
        (3, 3, "openclaw-probe", "probe", None, 3),
        (2, 2, "openclaw-probe", "probe", None, None),
        (3, 4, "openclaw-probe", "probe", None, 4),
        (3, 3, "node-host", "node", "node", 3),
        (3, 3, "node-host", "cli", "node", None),
        (3, 3, "node-host", "node", "operator", None),
    ],
)
def test_operators_speak_four_and_nodes_and_probes_may_speak_three(
    low: int, high: int, client_id: str, mode: str, role: str | None, expected: int | None
) -> None:
    params = connect_params(client_id, mode, minProtocol=low, maxProtocol=high)
    if role is not None:
        params["role"] = role
    decision = knock(params, key=KEY)
    if expected is not None:
        assert admitted(decision).protocol == expected
        return
    assert refused(decision) == ("INVALID_REQUEST", "PROTOCOL_MISMATCH", 1002)
    assert isinstance(decision, Refusal)
    assert decision.error.details == {
        "code": "PROTOCOL_MISMATCH",
        "clientMinProtocol": low,
        "clientMaxProtocol": high,
        "expectedProtocol": 4,
        "minimumProbeProtocol": 3,
    }


def test_another_role_is_refused() -> None:
    decision = knock(role="worker")
    assert refused(decision) == ("INVALID_REQUEST", None, 1008)
    assert isinstance(decision, Refusal)
    assert decision.reason == "invalid role"


# Shared secret without a device


@pytest.mark.parametrize(
    ("rules", "auth", "code", "step"),
    [
        (RULES, {"token": "bad"}, "AUTH_TOKEN_MISMATCH", "update_auth_credentials"),
        (PASSWORD, {"password": "bad"}, "AUTH_PASSWORD_MISMATCH", "update_auth_credentials"),
        (Rules(SharedAuth(AuthMode.TOKEN)), {"token": "x"}, "AUTH_TOKEN_NOT_CONFIGURED", "update_auth_configuration"),
        (
            Rules(SharedAuth(AuthMode.PASSWORD)),
            {"password": "x"},
            "AUTH_PASSWORD_NOT_CONFIGURED",
            "update_auth_configuration",
        ),
    ],
)
def test_a_wrong_secret_says_which_and_what_to_do(
    rules: Rules, auth: dict[str, str], code: str, step: str
) -> None:
    decision = knock(connect_params(token=None, auth=auth), rules=rules)
    assert refused(decision) == ("INVALID_REQUEST", code, 1008)
    assert isinstance(decision, Refusal)
    assert decision.error.details["recommendedNextStep"] == step
    assert decision.error.details["canRetryWithDeviceToken"] is False


@pytest.mark.parametrize("more", [{"token": None}, {"role": "node"}, {"token": None, "role": "node"}])
def test_without_device_and_valid_secret_a_device_is_asked_for(more: dict[str, Any]) -> None:
    decision = knock(**more)
    assert refused(decision) == ("NOT_PAIRED", "DEVICE_IDENTITY_REQUIRED", 1008)
    assert isinstance(decision, Refusal)
    assert decision.reason == "device identity required"


@pytest.mark.parametrize(
    ("client_id", "mode", "peer", "rules", "scopes"),
    [
        ("cli", "cli", LOCAL, RULES, (READ,)),
        ("gateway-client", "backend", LOCAL, RULES, (READ,)),
        ("cli", "cli", LOCAL, PASSWORD, (READ,)),
        ("cli", "cli", REMOTE, RULES, ()),
        ("gateway-client", "backend", REMOTE, RULES, ()),
        ("cli", "backend", LOCAL, RULES, ()),
        ("test", "test", LOCAL, RULES, ()),
        ("cli", "probe", LOCAL, RULES, ()),
        ("cli", "cli", LOCAL, NONE, ()),
    ],
)
def test_scopes_without_a_device_are_cleared_but_for_local_commands(
    client_id: str, mode: str, peer: Peer, rules: Rules, scopes: tuple[str, ...]
) -> None:
    params = connect_params(client_id, mode, scopes=[READ])
    params["auth"]["password"] = "pw"
    assert admitted(knock(params, peer=peer, rules=rules)).scopes == scopes


@pytest.mark.parametrize("client_id", ["openclaw-tui", "openclaw-ios", "openclaw-android", "openclaw-macos"])
def test_clients_of_people_need_a_device_even_with_the_secret(client_id: str) -> None:
    decision = knock(client_id=client_id, mode="ui")
    assert refused(decision) == ("INVALID_REQUEST", "CONTROL_UI_DEVICE_IDENTITY_REQUIRED", 1008)


def test_the_control_socket_needs_no_secret_and_gives_every_scope() -> None:
    assert admitted(knock(peer=CONTROL, token=None)).scopes == tuple(sorted(SCOPES))
    assert admitted(knock(peer=CONTROL, token="stale", scopes=[READ])).scopes == (READ,)
    assert refused(knock(peer=CONTROL, role="node"))[1] == "DEVICE_IDENTITY_REQUIRED"


def test_a_device_on_the_control_socket_is_approved_whatever_the_settings() -> None:
    rules = Rules(RULES.auth, auto_approve_local=False)
    decision = admitted(knock(key=KEY, peer=CONTROL, token=None, scopes=[ADMIN], rules=rules))
    assert decision.approve
    assert decision.scopes == (ADMIN,)


# Origin and proxies


@pytest.mark.parametrize(
    ("origin", "client_id", "mode", "peer", "allowed"),
    [
        ("http://127.0.0.1:18789", "openclaw-control-ui", "webchat", LOCAL, True),
        ("http://localhost:5173", "openclaw-control-ui", "webchat", LOCAL, True),
        ("https://ui.example", "openclaw-control-ui", "webchat", REMOTE, True),
        ("https://evil.example", "openclaw-control-ui", "webchat", LOCAL, False),
        (None, "openclaw-control-ui", "webchat", LOCAL, False),
        (None, "webchat", "webchat", LOCAL, False),
        (None, "test", "webchat", LOCAL, False),
        ("https://evil.example", "cli", "cli", LOCAL, False),
        ("null", "cli", "cli", LOCAL, False),
    ],
)
def test_pages_must_name_an_origin_that_is_allowed(
    origin: str | None, client_id: str, mode: str, peer: Peer, allowed: bool
) -> None:
    decision = knock(connect_params(client_id, mode), key=KEY, origin=origin, peer=peer)
    if allowed:
        assert not isinstance(decision, Refusal)
    else:
        assert refused(decision) == ("INVALID_REQUEST", "CONTROL_UI_ORIGIN_NOT_ALLOWED", 1008)


def test_a_page_does_not_keep_the_scopes_of_a_command() -> None:
    assert admitted(knock(origin="http://localhost:5173", scopes=[ADMIN])).scopes == ()


def test_forwarding_headers_of_a_stranger_are_refused_with_the_fix() -> None:
    decision = knock(peer=Peer("127.0.0.1", direct_local=False, forwarded=True))
    assert refused(decision) == ("INVALID_REQUEST", "AUTH_UNAUTHORIZED", 1008)
    assert isinstance(decision, Refusal)
    assert "gateway.trustedProxies" in decision.reason


# Device proof


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"id": "0" * 64}, "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch"),
        ({"publicKey": "!"}, "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key"),
        ({"signedAt": NOW - 120_001}, "DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale"),
        ({"nonce": ""}, "DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing"),
        ({"nonce": "of another socket"}, "DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch"),
        ({"signature": "AAAA"}, "DEVICE_AUTH_SIGNATURE_INVALID", "device-signature"),
    ],
)
def test_a_failed_proof_is_refused_even_with_the_right_token(
    changes: dict[str, Any], code: str, reason: str
) -> None:
    params = connect_params()
    params["device"] = {**KEY.prove(params, "nonce", NOW), **changes}
    decision = knock(params)
    assert refused(decision) == ("INVALID_REQUEST", code, 1008)
    assert isinstance(decision, Refusal)
    assert decision.error.details["reason"] == reason


def test_scopes_that_were_not_signed_are_not_given() -> None:
    params = connect_params(scopes=[READ])
    params["device"] = KEY.prove(params, "nonce", NOW)
    params["scopes"] = [ADMIN]
    assert refused(knock(params))[1] == "DEVICE_AUTH_SIGNATURE_INVALID"


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
def test_a_bad_credential_of_a_device_names_itself(
    auth: dict[str, str] | None, code: str, retry: bool
) -> None:
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
    assert refused(knock(params, key=KEY, device=device))[1] == "AUTH_SCOPE_MISMATCH"


def test_the_token_of_one_role_is_none_of_the_other() -> None:
    device = paired(READ)
    params = connect_params("node-host", "node", role="node", auth={"token": token_of(device)})
    assert refused(knock(params, key=KEY, device=device))[1] == "AUTH_TOKEN_MISMATCH"


def test_the_token_of_another_key_with_the_same_id_is_worthless() -> None:
    device = msgspec.structs.replace(paired(READ), public_key="another")
    params = connect_params(auth={"token": token_of(device)})
    assert refused(knock(params, key=KEY, device=device))[1] == "AUTH_TOKEN_MISMATCH"


# Pairing


@pytest.mark.parametrize(
    ("peer", "rules", "device", "more", "expected"),
    [
        (LOCAL, RULES, None, {"scopes": [ADMIN]}, "silent"),
        (LOCAL, NONE, None, {"token": None}, "silent"),
        (LOCAL, Rules(RULES.auth, auto_approve_local=False), None, {}, Need.NOT_PAIRED),
        (REMOTE, RULES, None, {}, Need.NOT_PAIRED),
        (LOCAL, RULES, paired(READ), {"scopes": [WRITE]}, "silent"),
        (REMOTE, RULES, paired(READ), {"scopes": [WRITE]}, Need.SCOPE_UPGRADE),
        (REMOTE, RULES, paired(READ), {"role": "node"}, Need.ROLE_UPGRADE),
        (LOCAL, RULES, paired(READ), {"role": "node"}, "silent"),
        (LOCAL, RULES, paired(READ, platform="darwin"), {}, Need.METADATA_UPGRADE),
        (REMOTE, RULES, paired(READ), {"scopes": [READ]}, "known"),
    ],
)
def test_devices_are_approved_silently_only_at_this_machine(
    peer: Peer, rules: Rules, device: Device | None, more: dict[str, Any], expected: str | Need
) -> None:
    decision = knock(key=KEY, peer=peer, rules=rules, device=device, **more)
    if isinstance(expected, Need):
        assert isinstance(decision, AskOwner)
        assert decision.need is expected
    else:
        assert admitted(decision).approve is (expected == "silent")


def test_a_native_app_that_moved_is_approved_at_this_machine() -> None:
    device = paired(READ, platform="macOS 15", client_id="openclaw-macos")
    params = connect_params("openclaw-macos", "ui")
    assert admitted(knock(params, key=KEY, device=device)).approve
    assert isinstance(knock(params, key=KEY, device=device, peer=REMOTE), AskOwner)


def test_a_node_never_gets_scopes() -> None:
    params = connect_params("node-host", "node", role="node", scopes=[ADMIN])
    decision = admitted(knock(params, key=KEY))
    assert (decision.role, decision.scopes) == ("node", ())


def test_the_refusal_of_an_unpaired_device_tells_how_to_go_on() -> None:
    claim = Claim(KEY.id, KEY.public_key, "operator", (READ,))
    request = PairingRequest("request-1", claim, NOW, "not-paired")
    refusal = pairing_required(request, Need.SCOPE_UPGRADE, paired(READ), retryable=True)
    assert (refusal.error.wire_code, refusal.close_code) == ("NOT_PAIRED", 1008)
    assert refusal.reason.startswith("pairing required: ")
    assert refusal.reason.endswith("(requestId: request-1)")
    details = refusal.error.details
    assert {"code", "reason", "requestId", "remediationHint", "deviceId", "requestedRole"} <= details.keys()
    assert details["approvedScopes"] == [READ]
    assert (details["recommendedNextStep"], details["pauseReconnect"]) == ("wait_then_retry", False)
    plain = pairing_required(request, Need.NOT_PAIRED, None, retryable=False).error.details
    assert not {"approvedScopes", "recommendedNextStep", "retryable"} & plain.keys()


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
    page = {"origin": "http://localhost:5173"}
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
