"""What a box believes of what a server sends as the manifest of its channel."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.updates.channel.manifest import MAX_BYTES, MAX_RELEASES, Manifest, read
from appliance.updates.channel.signature import read_keys, verify
from appliance.updates.channel.words import MAX_NOTES
from appliance.updates.errors import FIXES, ManifestRefused
from tests.fakes.update_channel import COMPATIBLE, DAY_MS, NOW_MS, Maker, form, moment, release

MAKER = Maker()
URL = "https://updates.example/homarus/stable.json"


def believed(content: bytes, signature: bytes, **changes: Any) -> Manifest:
    facts: dict[str, Any] = {"url": URL, "channel": "stable", "seen": 0, "now_ms": NOW_MS, **changes}
    return read(content, signature, facts.pop("keys", (MAKER.public,)), **facts)


def refused(content: bytes, signature: bytes, **changes: Any) -> str:
    with pytest.raises(ManifestRefused) as caught:
        believed(content, signature, **changes)
    assert caught.value.fix
    assert caught.value.code in FIXES
    return caught.value.code


def test_a_signed_manifest_is_read() -> None:
    manifest = believed(*MAKER.manifest())
    offered = manifest.releases[COMPATIBLE]
    assert (manifest.channel, manifest.sequence, manifest.expires_ms) == ("stable", 7, NOW_MS + 30 * DAY_MS)
    assert (offered.version.text, offered.size) == ("1.1.0", 1000)
    assert offered.url == "https://updates.example/homarus/box-1.1.0.raucb"
    assert offered.notes.of("de-AT") == "Besser."
    assert offered.notes.of("pt") == "Better."


def test_another_key_is_not_believed() -> None:
    assert refused(*Maker().manifest()) == "manifest_signature"


def test_one_of_two_keys_is_enough_while_one_follows_the_other() -> None:
    old, new = Maker(), Maker()
    content, by_old = old.manifest()
    both = by_old + new.sign(content)
    assert believed(content, both, keys=(new.public,))
    assert believed(content, both, keys=(old.public,))
    assert believed(content, by_old, keys=read_keys("# before 2027\n" + old.key_file + new.key_file))


def test_one_changed_byte_anywhere_breaks_it() -> None:
    content, signature = MAKER.manifest()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1
        assert refused(bytes(changed), signature) == "manifest_signature"


@pytest.mark.parametrize("end", [0, 1, 100, -1])
def test_a_truncated_manifest_is_refused(end: int) -> None:
    content, signature = MAKER.manifest()
    assert refused(content[:end], signature) == "manifest_signature"


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\xff\xfe",
        b"not base64!",
        base64.b64encode(b"short"),
        base64.b64encode(bytes(64)),
        base64.b64encode(bytes(64)) + b"\n" + b"x" * 3000,
        (base64.b64encode(bytes(64)) + b"\n") * 5,
    ],
)
def test_a_signature_that_is_none_is_refused(signature: bytes) -> None:
    content, _ = MAKER.manifest()
    assert refused(content, signature) == "manifest_signature"


def test_a_file_of_keys_without_a_key_is_an_error() -> None:
    for text in ("", "# nothing yet\n", base64.b64encode(bytes(31)).decode(), "é"):
        with pytest.raises(ManifestRefused):
            read_keys(text)


def test_an_older_manifest_is_a_replay_and_the_same_one_is_not() -> None:
    content, signature = MAKER.manifest(sequence=7)
    assert believed(content, signature, seen=7)
    assert refused(content, signature, seen=8) == "manifest_replayed"


def test_a_manifest_expires_at_its_moment() -> None:
    content, signature = MAKER.manifest(expires=moment(NOW_MS))
    assert believed(content, signature, now_ms=NOW_MS - 1)
    assert refused(content, signature, now_ms=NOW_MS) == "manifest_expired"


def test_a_clock_that_was_never_set_is_named() -> None:
    content, signature = MAKER.manifest(issued=moment(NOW_MS))
    assert believed(content, signature, now_ms=NOW_MS - DAY_MS)
    assert refused(content, signature, now_ms=NOW_MS - DAY_MS - 1) == "clock_wrong"
    assert refused(content, signature, now_ms=0) == "clock_wrong"


def test_another_channel_is_refused_although_it_is_signed() -> None:
    assert refused(*MAKER.manifest(channel="beta")) == "manifest_channel"
    assert believed(*MAKER.manifest(channel="beta"), channel="beta")


def test_the_limit_of_size_is_exact() -> None:
    content = json.dumps(form()).encode()
    for size, right in ((MAX_BYTES, True), (MAX_BYTES + 1, False)):
        padded = content + b" " * (size - len(content))
        if right:
            assert believed(padded, MAKER.sign(padded))
        else:
            assert refused(padded, MAKER.sign(padded)) == "manifest_format"


def test_the_limits_of_releases_and_notes_are_exact() -> None:
    many = {f"board-{number}": release() for number in range(MAX_RELEASES)}
    assert len(believed(*MAKER.manifest(releases=many)).releases) == MAX_RELEASES
    assert refused(*MAKER.manifest(releases={**many, "one-more": release()})) == "manifest_format"
    long = {"en": "x" * MAX_NOTES}
    assert believed(*MAKER.manifest(releases={COMPATIBLE: release(notes=long)}))
    longer = {"en": "x" * (MAX_NOTES + 1)}
    assert refused(*MAKER.manifest(releases={COMPATIBLE: release(notes=longer)})) == "manifest_format"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": None},
        {"channel": "nightly"},
        {"sequence": 0},
        {"sequence": 2**60},
        {"sequence": "7"},
        {"issued": "yesterday"},
        {"issued": "2026-02-30T00:00:00Z"},
        {"expires": moment(NOW_MS - 2 * DAY_MS)},
        {"expires": moment(NOW_MS + 3650 * DAY_MS)},
        {"releases": []},
        {"releases": {COMPATIBLE: release("one")}},
        {"releases": {COMPATIBLE: release("1.0", min_version="../..")}},
        {"releases": {COMPATIBLE: release(notes={"de": "ohne Englisch"})}},
        {"releases": {COMPATIBLE: release(rollout={"percent": 101})}},
        {"releases": {COMPATIBLE: release(rollout={"percent": -1})}},
        {"releases": {COMPATIBLE: release(rollout={"percent": 1, "hours": 4})}},
        {"releases": {COMPATIBLE: release(rollout={"ring": "friends"})}},
    ],
)
def test_what_is_signed_but_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    assert refused(*MAKER.manifest(**changes)) == "manifest_format"


@pytest.mark.parametrize(
    "url",
    [
        "http://updates.example/box.raucb",
        "//user@updates.example/box.raucb",
        "file:///etc/passwd",
        "ftp://updates.example/box",
        "box 1.raucb",
        "böx.raucb",
        "",
    ],
)
def test_a_bundle_is_only_at_a_plain_https_address(url: str) -> None:
    bundle = {"url": url, "size": 1, "sha256": "a" * 64}
    assert refused(*MAKER.manifest(releases={COMPATIBLE: release(bundle=bundle)})) == "manifest_format"


def test_a_box_for_development_may_use_plain_http_throughout() -> None:
    manifest = believed(*MAKER.manifest(), url="http://10.0.2.2:8000/stable.json")
    assert manifest.releases[COMPATIBLE].url == "http://10.0.2.2:8000/box-1.1.0.raucb"


def test_notes_in_every_script_are_shown_without_what_commands_a_terminal() -> None:
    notes = {"en": "日本語 ok 🦞\x1b[31mred\u202e\u200bx\nnext", "de": "ü"}
    manifest = believed(*MAKER.manifest(releases={COMPATIBLE: release(notes=notes)}))
    assert manifest.releases[COMPATIBLE].notes.of("en") == "日本語 ok 🦞[31mredx\nnext"


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b'{"format":1', b"[]", b"{}", b'{"format":1,"channel":"\\ud800"}'])
def test_bytes_that_are_no_json_are_refused_even_when_signed(content: bytes) -> None:
    assert refused(content, MAKER.sign(content)) == "manifest_format"


def test_unknown_members_are_left_to_newer_boxes() -> None:
    assert believed(*MAKER.manifest(future={"a": 1}))


@given(st.binary(max_size=300))
def test_no_signed_bytes_make_anything_but_a_refusal_or_a_manifest(content: bytes) -> None:
    assert refused(content, MAKER.sign(content)) == "manifest_format"


def test_verify_reads_the_exact_bytes() -> None:
    signature = MAKER.sign(b"{}")
    verify(b"{}", signature, (MAKER.public,))
    with pytest.raises(ManifestRefused):
        verify(b"{} ", signature, (MAKER.public,))
