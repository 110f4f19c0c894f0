from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.identity.device_key import (
    KeyFormatError,
    SignedConnect,
    check_proof,
    device_id,
    encode,
    raw_public_key,
)
from appliance.identity.errors import ProofError
from tests.fakes.wire import DeviceKey

NOW = 1_795_000_000_000
KEY = DeviceKey(bytes(range(32)))


def _connect(**changes: Any) -> SignedConnect:
    values: dict[str, Any] = {
        "device_id": KEY.id,
        "client_id": "cli",
        "client_mode": "cli",
        "role": "operator",
        "scopes": ("operator.read", "operator.write"),
        "signed_at_ms": NOW,
        "token": "t",
        "nonce": "n",
        "platform": " Linux ",
        "device_family": "Büro",
    }
    return SignedConnect(**{**values, **changes})


def _sign(connect: SignedConnect, version: int = 3) -> str:
    return encode(KEY.private.sign(connect.payload(version)))


def _check(connect: SignedConnect, signature: str, **changes: Any) -> bytes:
    values: dict[str, Any] = {"public_key": KEY.public_key, "expected_nonce": "n", "now_ms": NOW}
    return check_proof(connect, signature=signature, **{**values, **changes})


def test_the_signed_text_has_the_documented_form() -> None:
    expected = f"v3|{KEY.id}|cli|cli|operator|operator.read,operator.write|{NOW}|t|n|linux|büro"
    assert _connect().payload(3).decode() == expected
    assert _connect().payload(2).decode() == expected.replace("v3|", "v2|").removesuffix("|linux|büro")


@pytest.mark.parametrize("version", [2, 3])
def test_both_versions_of_the_signature_are_accepted(version: int) -> None:
    assert _check(_connect(), _sign(_connect(), version)) == KEY.raw


@pytest.mark.parametrize("skew_ms", [-120_000, 120_000])
def test_a_clock_two_minutes_off_is_accepted(skew_ms: int) -> None:
    connect = _connect(signed_at_ms=NOW + skew_ms)
    assert _check(connect, _sign(connect)) == KEY.raw


@pytest.mark.parametrize(
    ("changes", "arguments", "code", "reason"),
    [
        ({}, {"public_key": "???"}, "PUBLIC_KEY_INVALID", "device-public-key"),
        ({}, {"public_key": encode(b"short")}, "PUBLIC_KEY_INVALID", "device-public-key"),
        ({"device_id": "0" * 64}, {}, "DEVICE_ID_MISMATCH", "device-id-mismatch"),
        ({"signed_at_ms": NOW + 120_001}, {}, "SIGNATURE_EXPIRED", "device-signature-stale"),
        ({"signed_at_ms": NOW - 120_001}, {}, "SIGNATURE_EXPIRED", "device-signature-stale"),
        ({"nonce": ""}, {}, "NONCE_REQUIRED", "device-nonce-missing"),
        ({"nonce": "of another socket"}, {}, "NONCE_MISMATCH", "device-nonce-mismatch"),
    ],
)
def test_a_wrong_proof_says_what_is_wrong(
    changes: dict[str, Any], arguments: dict[str, Any], code: str, reason: str
) -> None:
    connect = _connect(**changes)
    with pytest.raises(ProofError) as caught:
        _check(connect, _sign(connect), **arguments)
    assert (caught.value.detail_code, caught.value.reason) == (f"DEVICE_AUTH_{code}", reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": ("operator.admin",)},
        {"role": "node"},
        {"token": "other"},
        {"client_id": "test"},
        {"platform": "darwin"},
    ],
)
def test_a_signature_over_other_fields_does_not_fit(changes: dict[str, Any]) -> None:
    with pytest.raises(ProofError) as caught:
        _check(_connect(**changes), _sign(_connect()))
    assert caught.value.detail_code == "DEVICE_AUTH_SIGNATURE_INVALID"


@pytest.mark.parametrize("signature", ["", "x", "é", encode(b"\0" * 64), encode(b"\0" * 63)])
def test_rubbish_is_no_signature(signature: str) -> None:
    with pytest.raises(ProofError) as caught:
        _check(_connect(), signature)
    assert caught.value.detail_code == "DEVICE_AUTH_SIGNATURE_INVALID"


def test_keys_are_read_as_base64url_base64_and_pem() -> None:
    public = KEY.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text in (KEY.public_key, base64.b64encode(KEY.raw).decode(), f" {pem} "):
        assert raw_public_key(text) == KEY.raw
    assert device_id(KEY.raw) == KEY.id
    with pytest.raises(KeyFormatError):
        raw_public_key("ключ")
