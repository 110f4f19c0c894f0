"""What a device keeps of its gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.client.membership import Membership, MembershipError, of_code, read, save
from appliance.identity.box_key import BoxKey
from appliance.identity.setup.code import SetupCode

_PIN = "ab" * 32


def test_a_setup_code_says_where_and_what_to_pin() -> None:
    code = SetupCode(
        "wss://10.0.0.2:18789", "token", ("wss://box.local:18789", "wss://10.0.0.2:18789"), None, "AB:" * 31 + "AB"
    )
    assert of_code(code) == Membership(("wss://10.0.0.2:18789", "wss://box.local:18789"), _PIN)


def test_a_pinned_gateway_is_never_met_in_the_clear(tmp_path: Path) -> None:
    pinned = Membership(("ws://10.0.0.2:1", "wss://10.0.0.2:1"), _PIN)
    assert pinned.usable_urls == ("wss://10.0.0.2:1",)
    assert pinned.target("wss://10.0.0.2:1", BoxKey.open(tmp_path / "key"), "node").pin == _PIN
    assert Membership(("ws://127.0.0.1:1",)).usable_urls == ("ws://127.0.0.1:1",)


def test_tokens_of_a_hello_are_kept_by_role() -> None:
    hello = {
        "auth": {"role": "node", "deviceToken": "A", "deviceTokens": [{"role": "operator", "deviceToken": "B"}, 1]}
    }
    assert Membership(("ws://x",), tokens={"node": "old"}).told(hello).tokens == {"node": "A", "operator": "B"}
    assert Membership(("ws://x",), tokens={"node": "old"}).told({}).tokens == {"node": "old"}


def test_where_it_was_met_last_is_tried_first_and_the_list_stays_short() -> None:
    known = Membership(tuple(f"ws://10.0.0.{n}" for n in range(16)))
    assert known.met_at("ws://10.0.0.5").urls[:2] == ("ws://10.0.0.5", "ws://10.0.0.0")
    assert len(known.met_at("ws://10.0.0.99").urls) == 16


def test_it_is_read_as_it_was_saved_and_is_its_owners_alone(tmp_path: Path) -> None:
    known = Membership(("wss://10.0.0.2:1",), _PIN, {"node": "A"})
    save(tmp_path / "gateway.json", known)
    assert read(tmp_path / "gateway.json") == known
    assert (tmp_path / "gateway.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"[]", b'{"urls": 1}'])
def test_a_damaged_file_names_the_fix(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "gateway.json").write_bytes(content)
    with pytest.raises(MembershipError, match="--pair CODE"):
        read(tmp_path / "gateway.json")
    with pytest.raises(MembershipError, match="belongs to no gateway"):
        read(tmp_path / "none.json")
