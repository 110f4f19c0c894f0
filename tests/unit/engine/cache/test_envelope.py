from __future__ import annotations

import struct
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.engine.cache import envelope
from appliance.engine.cache.envelope import Header, Opened, Refusal, pack_tokens, read_head, seal, unseal

_KEY, _OTHER_KEY = b"k" * 32, b"o" * 32
_PRINT, _OTHER_PRINT = b"f" * 32, b"g" * 32
_TOKENS = tuple(range(10, 30))


def _header(**changes: object) -> Header:
    fields = {
        "fingerprint": _PRINT, "tokens": pack_tokens(_TOKENS), "start": 5, "end": 20, "length": 64, "pinned": False,
    }  # fmt: skip
    return Header(**(fields | changes))


def _sealed(header: Header | None = None, blob: bytes = bytes(range(64)), key: bytes = _KEY) -> bytes:
    return b"".join(bytes(part) for part in seal(header or _header(), blob, key))


def test_what_was_sealed_is_opened_without_a_copy_of_the_blob() -> None:
    data = bytearray(_sealed())
    opened = unseal(data, _KEY, _PRINT)
    assert isinstance(opened, Opened)
    assert opened.tokens == _TOKENS
    assert opened.header == _header()
    assert opened.blob == bytes(range(64))
    assert opened.blob.obj is data


def test_the_blob_is_not_copied_when_it_is_sealed() -> None:
    blob = memoryview(bytearray(64))
    assert seal(_header(), blob, _KEY)[1] is blob


@given(st.binary(max_size=300))
@example(b"")
@example(b"HMKV")
@example(b"HMKV" + struct.pack("<HHI", 1, 0, 0xFFFFFFFF))
@example(b"HMKV" + struct.pack("<HHI", 1, 0, 0))
def test_any_bytes_are_refused_and_never_raise(data: bytes) -> None:
    assert isinstance(unseal(data, _KEY, _PRINT), Refusal)
    assert isinstance(unseal(data, b"", b""), Refusal)


_WHOLE = _sealed()


@given(st.integers(0, len(_WHOLE) - 1), st.integers(1, 255))
@settings(max_examples=400)
def test_one_changed_byte_anywhere_is_found(at: int, by: int) -> None:
    data = bytearray(_WHOLE)
    data[at] ^= by
    assert isinstance(unseal(data, _KEY, _PRINT), Refusal)


@given(st.integers(0, len(_WHOLE) - 1))
def test_a_part_is_not_the_whole(length: int) -> None:
    assert isinstance(unseal(_WHOLE[:length], _KEY, _PRINT), Refusal)


@given(st.binary(min_size=1, max_size=40))
def test_nothing_may_follow(tail: bytes) -> None:
    assert unseal(_WHOLE + tail, _KEY, _PRINT) is Refusal.LENGTH


@pytest.mark.long
@given(st.data())
@settings(max_examples=1000)
def test_a_thousand_damaged_or_forged_states_are_each_refused(data: st.DataObject) -> None:
    damage: Callable[[st.DataObject], bytes] = data.draw(st.sampled_from([_flipped, _swapped, _forged, _joined]))
    assert isinstance(unseal(damage(data), _KEY, _PRINT), Refusal)


def _flipped(data: st.DataObject) -> bytes:
    damaged = bytearray(_WHOLE)
    for at in data.draw(st.sets(st.integers(0, len(damaged) - 1), min_size=1, max_size=20)):
        damaged[at] ^= data.draw(st.integers(1, 255))
    return bytes(damaged)


def _swapped(data: st.DataObject) -> bytes:
    """Exchange two stretches of equal length and other content."""
    size = data.draw(st.integers(1, 20))
    first = data.draw(st.integers(0, len(_WHOLE) - 2 * size))
    second = data.draw(st.integers(first + size, len(_WHOLE) - size))
    damaged = bytearray(_WHOLE)
    damaged[first : first + size], damaged[second : second + size] = (
        _WHOLE[second : second + size], _WHOLE[first : first + size],
    )  # fmt: skip
    return bytes(damaged) if damaged != _WHOLE else b""


def _forged(data: st.DataObject) -> bytes:
    header = _header(
        fingerprint=data.draw(st.sampled_from([_PRINT, _OTHER_PRINT, b""])),
        start=data.draw(st.integers(-3, 40)),
        end=data.draw(st.integers(-3, 40)),
    )
    return _sealed(header, key=_OTHER_KEY)


def _joined(data: st.DataObject) -> bytes:
    """Put the head of one state before the rest of another."""
    other = _sealed(_header(tokens=pack_tokens(_TOKENS[::-1])), blob=data.draw(st.binary(min_size=64, max_size=64)))
    at = data.draw(st.integers(len(_WHOLE) - 96, len(_WHOLE) - 1))
    return other[:at] + _WHOLE[at:]


def test_another_key_another_model_and_another_version_are_told_apart() -> None:
    assert unseal(_WHOLE, _OTHER_KEY, _PRINT) is Refusal.SUM
    assert unseal(_WHOLE, _KEY, _OTHER_PRINT) is Refusal.FINGERPRINT
    assert unseal(b"HMKV\2\0" + _WHOLE[6:], _KEY, _PRINT) is Refusal.VERSION
    assert unseal(b"HMKV\1\0\1" + _WHOLE[7:], _KEY, _PRINT) is Refusal.VERSION
    assert unseal(b"GGUF" + _WHOLE[4:], _KEY, _PRINT) is Refusal.MAGIC


@pytest.mark.parametrize(
    "changes",
    [
        {"start": -1},
        {"start": 20},
        {"start": 21},
        {"end": 19},
        {"end": 21},
        {"tokens": b""},
        {"tokens": b"abc"},
        {"tokens": pack_tokens([-1] * 20)},
        {"length": 0},
        {"length": -1},
        {"length": 1 << 33},
        {"fingerprint": b"short"},
        {"fingerprint": b""},
    ],
)
def test_numbers_that_cannot_be_are_refused_even_when_they_are_signed(changes: dict[str, object]) -> None:
    refused = unseal(_sealed(_header(**changes)), _KEY, _PRINT)
    assert refused is Refusal.BOUNDS


def test_a_length_that_is_not_that_of_the_blob_is_refused_even_when_it_is_signed() -> None:
    for length in (63, 65, 1 << 31):
        assert unseal(_sealed(_header(length=length)), _KEY, _PRINT) is Refusal.LENGTH


@pytest.mark.parametrize(
    "header", [b"", b"\xc0", b"\x93\1\2\3", b"\x97\xc4\0\xc4\0\0\0\0\xc2\0", b"\x91" * 2000, b"\xd9\1\xff"]
)
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    head = b"HMKV" + struct.pack("<HHI", 1, 0, len(header)) + header
    assert read_head(head + bytes(40), len(head) + 40) in (Refusal.HEADER, Refusal.BOUNDS)


def test_the_largest_text_is_taken_and_one_token_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_TOKENS", 20)
    assert isinstance(unseal(_WHOLE, _KEY, _PRINT), Opened)
    monkeypatch.setattr(envelope, "MAX_TOKENS", 19)
    assert unseal(_WHOLE, _KEY, _PRINT) is Refusal.BOUNDS


def test_a_header_over_the_limit_is_refused_before_it_is_read() -> None:
    head = b"HMKV" + struct.pack("<HHI", 1, 0, envelope.MAX_HEADER_BYTES)
    assert read_head(head, 10**7) is Refusal.SHORT
    head = b"HMKV" + struct.pack("<HHI", 1, 0, envelope.MAX_HEADER_BYTES + 1)
    assert read_head(head, 10**7) is Refusal.BOUNDS


@given(st.lists(st.integers(0, 2**31 - 1)))
def test_tokens_take_four_bytes_each_and_come_back(tokens: list[int]) -> None:
    packed = pack_tokens(tokens)
    assert packed == b"".join(struct.pack("<i", token) for token in tokens)
    assert envelope.unpack_tokens(packed) == tuple(tokens)


def test_the_header_is_small() -> None:
    assert len(msgspec.msgpack.encode(_header(tokens=b""))) < 256
