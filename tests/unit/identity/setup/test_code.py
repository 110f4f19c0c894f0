from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.identity.setup.code import MAX_URLS, SetupCode, SetupCodeError, decode

TOKEN = "A" * 43
CODE = SetupCode(
    "wss://192.168.1.20:18789",
    TOKEN,
    ("wss://box.local:18789",),
    expires_at_ms=1_795_000_600_000,
    tls_fingerprint="AB:CD",
)


def _bare(fields: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()


def test_the_bare_code_is_compact_json_in_base64url() -> None:
    text = CODE.encode()
    assert "=" not in text
    plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    assert plain.startswith('{"url":"wss://192.168.1.20:18789","urls":["wss://box.local:18789"],"bootstrapToken":"')
    assert json.loads(plain).keys() == {"url", "urls", "bootstrapToken", "expiresAtMs", "tlsFingerprint"}


@pytest.mark.parametrize(
    "form",
    [
        CODE.encode(),
        f"  {CODE.encode()[:30]}\n   {CODE.encode()[30:]} ",
        CODE.link(),
        f"{CODE.link()}/",
        json.dumps(json.loads(base64.urlsafe_b64decode(CODE.encode() + "=="))),
    ],
    ids=["bare", "broken into lines", "link", "link with a slash", "json"],
)
def test_every_form_of_it_is_read(form: str) -> None:
    assert decode(form) == CODE


def test_the_page_for_the_camera_of_a_phone_keeps_the_token_out_of_requests() -> None:
    page = CODE.page()
    assert page == f"https://192.168.1.20:18789/#bootstrapToken={TOKEN}"
    assert decode(page) == SetupCode("wss://192.168.1.20:18789", TOKEN)
    assert SetupCode("ws://127.0.0.1:1", TOKEN).page().startswith("http://")


def test_a_page_may_name_another_gateway() -> None:
    page = f"https://ui.example/#bootstrapToken={TOKEN}&bootstrapProfile=owner&gatewayUrl=wss://box.local:1/"
    assert decode(page) == SetupCode("wss://box.local:1", TOKEN)


def test_older_codes_need_only_an_address_and_a_token() -> None:
    assert decode(_bare({"url": "ws://10.0.0.2:1/", "bootstrapToken": TOKEN})) == SetupCode("ws://10.0.0.2:1", TOKEN)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        [],
        "text",
        {"url": "wss://box"},
        {"bootstrapToken": TOKEN},
        {"url": "file:///etc/passwd", "bootstrapToken": TOKEN},
        {"url": "javascript:alert(1)", "bootstrapToken": TOKEN},
        {"url": "wss://user:secret@box", "bootstrapToken": TOKEN},
        {"url": "wss://", "bootstrapToken": TOKEN},
        {"url": "wss://box:99999", "bootstrapToken": TOKEN},
        {"url": "wss://box", "bootstrapToken": "line\nbreak"},
        {"url": "wss://box", "bootstrapToken": 7},
        {"url": "wss://box", "bootstrapToken": "A" * 513},
        {"url": "wss://" + "a" * 600, "bootstrapToken": TOKEN},
        {"url": "wss://box", "bootstrapToken": TOKEN, "urls": ["http:no"]},
    ],
)
def test_what_names_no_gateway_or_token_is_refused_with_the_fix(fields: object) -> None:
    with pytest.raises(SetupCodeError, match=r"homarus pair|Copy the whole code"):
        decode(_bare(fields))


@pytest.mark.parametrize("text", ["", "   ", "hello", "A" * 9000, "oc-pair://", "https://box/", "{", "é" * 10])
def test_what_is_no_code_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(SetupCodeError, match=r"homarus pair|Copy the whole code"):
        decode(text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for form in (text, f"oc-pair://{text}", f"https://{text}", _bare(text), "{" + text):
        with contextlib.suppress(SetupCodeError):
            decode(form)


def test_more_addresses_than_a_code_has_room_for_are_left_out() -> None:
    urls = tuple(f"wss://box{number}:1" for number in range(MAX_URLS + 3))
    assert decode(SetupCode("wss://box:1", TOKEN, urls).encode()).urls == urls[:MAX_URLS]


def test_the_owner_names_the_certificate_for_a_link_but_never_against_the_code() -> None:
    link = decode(CODE.page())
    assert link.tls_fingerprint is None
    assert link.pinned(None) == link
    assert link.pinned(":".join(["AB"] * 32)).tls_fingerprint == "ab" * 32
    own = SetupCode("wss://box:1", TOKEN, tls_fingerprint="cd" * 32)
    assert own.pinned("ab" * 32) == own
    for wrong in ("ab" * 31, "ab" * 33, "zz" * 32):
        with pytest.raises(SetupCodeError, match="64 hexadecimal digits"):
            link.pinned(wrong)
