"""What is announced and what is made of what others announce."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.discovery.beacon import Advert, Beacon, Facts, advert, beacon, cut, renamed

_PRINT = "ab" * 32
_FACTS = Facts(
    "kitchen-box",
    18789,
    fingerprint=_PRINT,
    tls=True,
    tailnet_name="kitchen-box.tail1.ts.net",
    cli_path="/usr/bin/homarus",
)


def _wire(txt: dict[str, str]) -> dict[bytes, bytes | None]:
    return {key.encode(): value.encode() for key, value in txt.items()}


def test_the_record_has_the_keys_of_the_protocol() -> None:
    told = beacon(_FACTS, "minimal")
    assert told.instance == "kitchen-box (OpenClaw)"
    assert told.txt == {
        "role": "gateway",
        "gatewayPort": "18789",
        "lanHost": "kitchen-box.local",
        "displayName": "kitchen-box",
        "transport": "gateway",
        "gatewayTls": "1",
        "gatewayTlsSha256": _PRINT,
        "gatewayDirectReachable": "1",
    }


def test_only_the_full_mode_tells_where_else_the_box_is() -> None:
    told = beacon(_FACTS, "full").txt
    assert (told["tailnetDns"], told["sshPort"], told["cliPath"]) == (
        "kitchen-box.tail1.ts.net",
        "22",
        "/usr/bin/homarus",
    )
    assert not {"tailnetDns", "sshPort", "cliPath"} & beacon(_FACTS, "minimal").txt.keys()


def test_without_tls_no_fingerprint_is_told() -> None:
    assert "gatewayTlsSha256" not in beacon(Facts("box", 1, fingerprint=_PRINT, tls=False), "full").txt


def test_what_was_told_is_read_back() -> None:
    heard = advert(_wire(dict(beacon(_FACTS, "full").txt)))
    assert heard == Advert("kitchen-box", 18789, "kitchen-box.local", True, _PRINT, "kitchen-box.tail1.ts.net")


def test_a_beacon_survives_the_command_line() -> None:
    told = beacon(_FACTS, "full")
    assert Beacon.decode(told.encode()) == told


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"instance": 1}', '{"instance":"a","host":"b","port":"x","txt":{}}', "null"]
)
def test_a_damaged_beacon_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"beacon|Expecting|invalid literal"):
        Beacon.decode(text)


@given(st.dictionaries(st.binary(max_size=300), st.none() | st.binary(max_size=300), max_size=60))
def test_no_record_of_a_stranger_breaks_the_reader(txt: dict[bytes, bytes | None]) -> None:
    heard = advert(txt)
    assert all(char.isprintable() for char in heard.display_name + heard.lan_host + heard.tailnet_name)
    assert heard.port is None or 0 < heard.port < 65536


@pytest.mark.parametrize(
    ("txt", "said"),
    [
        ({"gatewayPort": "65536"}, None),
        ({"gatewayPort": "65535"}, 65535),
        ({"gatewayPort": "0"}, None),
        ({"gatewayPort": "-1"}, None),
        ({"gatewayPort": "18789"}, 18789),
        ({"gatewayPort": "٤"}, None),
    ],
)
def test_a_port_counts_only_when_it_is_one(txt: dict[str, str], said: int | None) -> None:
    assert advert(_wire(txt)).port == said


def test_a_fingerprint_counts_only_when_it_is_sha_256() -> None:
    assert advert(_wire({"gatewayTlsSha256": "AB:" * 31 + "AB"})).fingerprint == _PRINT
    assert advert(_wire({"gatewayTlsSha256": "ab" * 31})).fingerprint is None
    assert advert(_wire({"gatewayTlsSha256": "zz" * 32})).fingerprint is None


def test_escape_sequences_of_a_stranger_do_not_reach_a_terminal() -> None:
    assert advert(_wire({"displayName": "box\x1b[2J\r\n"})).display_name == "box[2J"


@given(st.text(max_size=200), st.integers(1, 99))
def test_a_renamed_instance_stays_one_label(name: str, attempt: int) -> None:
    assert len(renamed(cut(name, 63), attempt).encode()) <= 63


def test_a_conflict_is_settled_by_a_number() -> None:
    assert [renamed("box (OpenClaw)", n) for n in (1, 2, 3)] == [
        "box (OpenClaw)",
        "box (OpenClaw) (2)",
        "box (OpenClaw) (3)",
    ]
