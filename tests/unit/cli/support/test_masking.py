"""The mask over everything that leaves a box for support."""

from __future__ import annotations

import json

import pytest

from appliance.cli.support.masking import Mask
from appliance.telemetry.redact import Redactor

_SECRET = "s3cr3t-v4lue-of-this-box"


def _mask(names: tuple[str, ...] = (), texts: tuple[str, ...] = ()) -> Mask:
    redact = Redactor()
    redact.learn(_SECRET)
    return Mask(redact, names, texts)


def test_lines_of_the_log_stay_readable() -> None:
    line = json.dumps(
        {"time": "2026-11-21T10:00:00.123", "level": "info", "message": "serving on 127.0.0.1:18789", "n": 3}
    )
    assert _mask(("Anna",), ("something else that was said",))(line) == line


@pytest.mark.parametrize(
    "text",
    [
        f"token {_SECRET}",
        "sk-abcdefghijklmnop1234",
        "mail anna.b+x@example.org now",
        "aa:bb:cc:dd:ee:ff",
        "+4915112345678",
        "/home/" + "anna/box",
        "AGE-SECRET-KEY-1QQQQQQ",
        'ssid="Annas Netz"',
        "psk: hunter22",
        "-----BEGIN EC PRIVATE KEY-----\nMIGk\n-----END EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIGk",
        r"it said \"my secret plan\" and",
        "it said 'call anna at five' and",
    ],
)
def test_what_looks_private_goes(text: str) -> None:
    masked = _mask()(f"before {text} after")
    for word in (
        "anna",
        "Annas",
        "secret plan",
        _SECRET,
        "abcdefgh",
        "4915112345678",
        "cc:dd",
        "QQQQ",
        "hunter22",
        "MIGk",
    ):
        assert word not in masked
    assert masked.startswith("before ")


def test_names_go_whatever_their_case_but_not_inside_of_words() -> None:
    mask = _mask(("Anna", "Anna's iPhone", "Ben"))
    assert mask("anna's IPHONE of ANNA, ben; bench and Annapolis") == "[name] of [name], [name]; bench and Annapolis"


def test_what_was_said_goes_where_four_words_of_it_stand_in_a_row() -> None:
    mask = _mask(texts=("My bank card ends with 4711, do not tell Karl.", "buy milk"))
    assert mask("error near: bank card ends with 4711 (1)") == "error near: [text] (1)"
    assert mask("the card ends with a bang") == "the card ends with a bang"
    assert mask("list Buy  Milk done") == "list [text] done"
    assert mask("ends with 4711, do not") == "[text]"


def test_a_mask_that_knows_nothing_changes_nothing() -> None:
    assert _mask()("one line\nand another\n") == "one line\nand another\n"
