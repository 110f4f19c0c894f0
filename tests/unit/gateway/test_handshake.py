from __future__ import annotations

from typing import Any

import pytest

from appliance.access.shared import AuthMode, SharedAuth
from appliance.gateway.admission.credential import Rules
from appliance.gateway.admission.handshake import Admit, AskOwner
from appliance.gateway.admission.refusal import Refusal, pairing_required
from appliance.gateway.transport.peer import Peer
from appliance.identity.model import Claim, Device, PairingRequest
from appliance.identity.pairing import Need
from appliance.protocol.roles import ADMIN, READ, SCOPES, WRITE
from tests.fakes.wire import connect_params
from tests.unit.gateway.knocking import (
    CONTROL,
    KEY,
    LOCAL,
    NONE,
    NOW,
    PASSWORD,
    REMOTE,
    RULES,
    admitted,
    knock,
    paired,
    refused,
)

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
def test_a_wrong_secret_says_which_and_what_to_do(rules: Rules, auth: dict[str, str], code: str, step: str) -> None:
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


def test_without_a_secret_any_page_of_this_machine_becomes_the_owner_as_the_audit_says() -> None:
    page = connect_params("openclaw-control-ui", "webchat", scopes=[ADMIN], token=None)
    rules = Rules(SharedAuth(AuthMode.NONE))
    decision = admitted(knock(page, key=KEY, rules=rules, origin="http://localhost:5173"))
    assert (decision.approve, ADMIN in decision.scopes) == (True, True)
    assert not isinstance(knock(page, key=KEY, rules=RULES, origin="http://localhost:5173"), Admit)


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
def test_a_failed_proof_is_refused_even_with_the_right_token(changes: dict[str, Any], code: str, reason: str) -> None:
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
