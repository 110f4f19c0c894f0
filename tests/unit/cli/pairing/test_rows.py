"""Devices as text, and choosing one by a few letters."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.cli.nodes.choose import choose_request as choose_node_request
from appliance.cli.pairing.choose import ChoiceError, choose_device, choose_request
from appliance.cli.pairing.rows import access, described, listed, name_of

NOW = 1_795_000_000_000


def _paired(device_id: str, **changes: Any) -> dict[str, Any]:
    row = {"deviceId": device_id, "displayName": "Pixel 9", "roles": ["node", "operator"], "role": "operator"}
    return {**row, "scopes": ["operator.admin", "operator.read"], "tokens": [], **changes}


def _waiting(request_id: str, **changes: Any) -> dict[str, Any]:
    row = {"requestId": request_id, "deviceId": "ab" * 32, "role": "operator", "displayName": "Tablet"}
    return {**row, "scopes": ["operator.read"], "platform": "android", "remoteIp": "192.168.1.7", **changes}


def test_the_list_shows_those_that_wait_first_with_what_they_ask_for() -> None:
    answer = {"pending": [_waiting("4f2a91c0-1")], "paired": [_paired("c0ffee00" * 8, connected=True)]}
    text = listed(answer, NOW)
    assert text.index("4f2a91c0") < text.index("c0ffee00")
    assert "homarus devices approve" in text
    assert "abab abab abab abab" in text, "the fingerprint of the key"
    assert "192.168.1.7" in text
    assert "full, node" in text
    assert "connected" in text


def test_an_empty_list_says_how_to_begin() -> None:
    assert "`homarus pair`" in listed({"pending": [], "paired": []}, NOW)


@pytest.mark.parametrize(
    ("roles", "scopes", "word"),
    [
        (["operator"], ["operator.admin"], "full"),
        (["operator"], ["operator.read", "operator.write"], "limited"),
        (["operator"], ["operator.read"], "read only"),
        (["operator"], [], "nothing"),
        (["node"], [], "node"),
    ],
)
def test_access_is_said_in_a_word(roles: list[str], scopes: list[str], word: str) -> None:
    assert access({"roles": roles, "scopes": scopes}) == word


def test_a_revoked_device_is_no_owner_any_more_and_a_narrowed_one_shows_what_is_left() -> None:
    def token(role: str, *scopes: str, **changes: Any) -> dict[str, Any]:
        return {"role": role, "scopes": list(scopes), "createdAtMs": 1, **changes}

    gone = token("operator", "operator.admin", revokedAtMs=NOW)
    assert access(_paired("c0ffee00" * 8, tokens=[gone])) == "revoked"
    assert "admin" not in listed({"pending": [], "paired": [_paired("c0ffee00" * 8, tokens=[gone])]}, NOW)
    assert access(_paired("c0ffee00" * 8, tokens=[gone, token("node")])) == "node"
    narrowed = _paired("c0ffee00" * 8, tokens=[token("operator", "operator.read", "operator.write")])
    assert access(narrowed) == "limited"


def test_last_signs_of_life_are_told_in_words() -> None:
    def shown(**changes: Any) -> str:
        return listed({"pending": [], "paired": [_paired("c0ffee00" * 8, **changes)]}, NOW)

    assert "never" in shown()
    assert "3 min ago" in shown(lastSeenAtMs=NOW - 180_000)
    assert "just now" in shown(lastSeenAtMs=NOW + 5)


def test_who_asks_is_described_in_plain_words() -> None:
    text = described(_waiting("4f2a91c0-1", scopes=["operator.admin", "operator.read"], isRepair=True))
    assert "everything, also settings and other devices" in text
    assert "another key before" in text
    assert "of each part" in described(_waiting("4f2a91c0-1", role="node", scopes=[]))


def test_a_hostile_name_cannot_move_the_cursor() -> None:
    row = _waiting("4f2a91c0-1", displayName="\x1b[2JOwner\nREQUEST", platform="\x07\u202eevil")
    for text in (name_of(row), described(row), listed({"pending": [row], "paired": []}, NOW)):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "\n" not in name_of(row)


def test_a_device_without_a_name_is_called_by_its_kind() -> None:
    assert name_of({"clientId": "openclaw-control-ui"}) == "web app"
    assert name_of({"clientId": "something-else"}) == "something-else"
    assert name_of({}) == "unnamed"


def test_the_beginning_of_an_id_or_the_name_is_enough() -> None:
    answer = {"paired": [_paired("4f2a" + "0" * 60), _paired("4f2b" + "0" * 60, displayName="Laptop")]}
    assert choose_device(answer, "4F2A")["deviceId"].startswith("4f2a")
    assert choose_device(answer, "4f2b0000…")["displayName"] == "Laptop"
    assert choose_device(answer, "laptop")["displayName"] == "Laptop"
    with pytest.raises(ChoiceError, match="fits 2"):
        choose_device(answer, "4f2")
    with pytest.raises(ChoiceError, match="There are: 4f2a0000"):
        choose_device(answer, "9")


def test_without_a_name_the_only_request_is_meant_and_never_one_of_several() -> None:
    assert choose_request({"pending": [_waiting("4f2a91c0-1")]}, None)["requestId"] == "4f2a91c0-1"
    with pytest.raises(ChoiceError, match="2 devices wait"):
        choose_request({"pending": [_waiting("4f2a91c0-1"), _waiting("5b2a91c0-1")]}, None)
    with pytest.raises(ChoiceError, match="No device waits"):
        choose_request({"pending": []}, None)


def test_a_name_that_looks_like_the_id_of_another_is_never_taken_for_it() -> None:
    real = {"requestId": "4f2a91c0-1", "deviceId": "a" * 64, "displayName": "Phone"}
    hostile = {"requestId": "5b2a91c0-1", "deviceId": "b" * 64, "displayName": "4F2A91C0"}
    for choose in (choose_request, choose_node_request):
        with pytest.raises(ChoiceError, match="fits 2"):
            choose({"pending": [hostile, real]}, "4f2a91c0")
        assert choose({"pending": [hostile, real]}, "4f2a91c0-1") is real
