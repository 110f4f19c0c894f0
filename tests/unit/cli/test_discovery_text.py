"""What `homarus discover` shows of none, one and several boxes."""

from __future__ import annotations

import click

from appliance.cli.discovery.rows import row, text
from appliance.discovery.beacon import Advert
from appliance.discovery.browse import Found, _usable

_PRINT = "ab" * 32


def box(
    name: str = "Kitchen", instance: str = "", host: str = "kitchen.local", *addresses: str, tls: bool = True
) -> Found:
    said = Advert(display_name=name, port=18789, tls=tls, fingerprint=_PRINT if tls else None)
    return Found(instance or f"{name} (OpenClaw)", host, 18789, addresses or ("192.0.2.7",), said)


def shown(*found: Found) -> str:
    return click.unstyle(text(found))


def test_nobody_there_is_said_with_the_way_without() -> None:
    assert shown().startswith("No box answers on this network.")
    assert "homarus pair" in shown()


def test_one_box_is_shown_with_its_addresses_and_what_to_do() -> None:
    assert shown(box()).splitlines() == [
        "Kitchen  kitchen.local",
        "  wss://192.0.2.7:18789",
        "  certificate abababababababab…, as it says",
        "",
        "What a box says of itself proves nothing; the code of its `homarus pair` does.",
        "To use one from here: `homarus remote pair CODE`; as its node: `homarus node run --pair CODE`.",
    ]


def test_three_boxes_stand_apart_and_those_of_one_name_say_how_they_differ() -> None:
    text = shown(
        box(),
        box("Kitchen", "Kitchen (OpenClaw) (2)", "kitchen-2.local"),
        box("Attic", "Attic (OpenClaw)", "attic.local", tls=False),
    )
    titles = [part.splitlines()[0] for part in text.split("\n\n")]
    assert titles[:3] == [
        "Kitchen  kitchen.local  (Kitchen (OpenClaw))",
        "Kitchen  kitchen-2.local  (Kitchen (OpenClaw) (2))",
        "Attic  attic.local",
    ]
    assert "  ws://192.0.2.7:18789\n  not encrypted" in text


def test_addresses_are_tried_in_the_order_of_use_and_those_of_the_link_keep_their_interface() -> None:
    found = box("Kitchen", "", "kitchen.local", "fe80::1%eth0", "fd00::2", "fe80::1%wlan0", "192.0.2.7", "2001:db8::1")
    assert row(found)["urls"] == [
        "wss://192.0.2.7:18789",
        "wss://[2001:db8::1]:18789",
        "wss://[fd00::2]:18789",
        "wss://[fe80::1%eth0]:18789",
        "wss://[fe80::1%wlan0]:18789",
    ]


def test_an_interface_is_named_and_not_numbered() -> None:
    assert _usable("fe80::1%1") == "fe80::1%lo"
    assert _usable("fe80::1%999999") == "fe80::1%999999"
    assert (_usable("fe80::1%eth0"), _usable("192.0.2.7")) == ("fe80::1%eth0", "192.0.2.7")


def test_programs_read_what_was_said_and_nothing_else() -> None:
    assert row(box(tls=False)) == {
        "instance": "Kitchen (OpenClaw)",
        "displayName": "Kitchen",
        "host": "kitchen.local",
        "urls": ["ws://192.0.2.7:18789"],
        "tls": False,
        "tlsSha256": None,
        "tailnetName": None,
    }


def test_a_box_without_an_address_is_not_hidden() -> None:
    assert "no address was told" in shown(Found("odd", "", 1, (), Advert()))
