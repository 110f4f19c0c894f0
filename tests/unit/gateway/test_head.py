from __future__ import annotations

import pytest

from appliance.gateway.transport.head import answer_upgrade, parse_head

GOOD = (
    "GET /any/path?x=1 HTTP/1.1\r\nHost: box:18789\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)


def _status(text: str) -> str:
    head = parse_head(text.encode())
    assert head is not None
    return answer_upgrade(head)[1].split(b"\r\n")[0].decode()


def test_any_path_upgrades_and_no_extension_is_agreed() -> None:
    head = parse_head((GOOD + "\r\nSec-WebSocket-Extensions: permessage-deflate").encode())
    assert head is not None
    assert head.upgrades
    upgraded, response = answer_upgrade(head)
    assert upgraded
    assert response.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in response
    assert b"xtensions" not in response


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("GET ", "POST ", "HTTP/1.1 400 Bad Request"),
        ("HTTP/1.1", "HTTP/1.0", "HTTP/1.1 400 Bad Request"),
        ("Host: box:18789\r\n", "", "HTTP/1.1 400 Bad Request"),
        ("keep-alive, Upgrade", "keep-alive", "HTTP/1.1 400 Bad Request"),
        ("Version: 13", "Version: 8", "HTTP/1.1 426 Upgrade Required"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "short", "HTTP/1.1 400 Bad Request"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "AAAA", "HTTP/1.1 400 Bad Request"),
    ],
)
def test_a_wrong_upgrade_is_refused(old: str, new: str, status: str) -> None:
    assert _status(GOOD.replace(old, new)) == status


@pytest.mark.parametrize(
    "extra", ["Host: other", "Origin: a\r\nOrigin: b", " folded", "no colon", "bad name: x", "X: a\0b", "X: a\rb"]
)
def test_an_ambiguous_head_is_not_parsed(extra: str) -> None:
    assert parse_head(f"{GOOD}\r\n{extra}".encode()) is None


def test_repeated_ordinary_headers_are_joined() -> None:
    head = parse_head(f"{GOOD}\r\nX-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2".encode())
    assert head is not None
    assert head.headers["x-forwarded-for"] == "1.1.1.1,2.2.2.2"
