"""Sealed files: what goes in comes out, for the right key only, and any change is noticed."""

from __future__ import annotations

import io

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.storage.age import (
    AgeError,
    Identity,
    Passphrase,
    Recipient,
    WrongKeyError,
    bech32,
    open_sealed,
    seal,
)
from appliance.storage.age.passphrase import MAX_WORK_FACTOR
from appliance.storage.age.payload import PIECE
from appliance.storage.age.stanza import Wraps

_QUICK = Passphrase("correct horse", work_factor=4)


def _sealed(content: bytes, *recipients: Wraps) -> bytes:
    target = io.BytesIO()
    stream = seal(target, recipients)
    stream.write(content)
    stream.finish()
    return target.getvalue()


def _open(sealed: bytes, *keys: Identity | Passphrase) -> bytes:
    return open_sealed(io.BytesIO(sealed), keys).read()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_content_of_any_length_comes_back(size: int) -> None:
    key, content = Identity.generate(), bytes(range(256)) * (size // 256 + 1)
    assert _open(_sealed(content[:size], key.recipient), key) == content[:size]


def test_content_may_be_written_and_read_in_any_pieces() -> None:
    key, target = Identity.generate(), io.BytesIO()
    stream = seal(target, [key.recipient])
    for size in (1, PIECE, 7, 2 * PIECE, 0):
        stream.write(b"x" * size)
    stream.finish()
    opened = open_sealed(io.BytesIO(target.getvalue()), [key])
    pieces = []
    while piece := opened.read(1000):
        pieces.append(piece)
    assert b"".join(pieces) == b"x" * (3 * PIECE + 8)


def test_each_of_several_recipients_opens_it_and_nobody_else() -> None:
    one, two, other = Identity.generate(), Identity.generate(), Identity.generate()
    sealed = _sealed(b"secret", one.recipient, two.recipient)
    assert _open(sealed, one) == _open(sealed, two) == b"secret"
    with pytest.raises(WrongKeyError, match="identity"):
        _open(sealed, other)
    with pytest.raises(WrongKeyError):
        _open(sealed, _QUICK)


def test_a_passphrase_opens_it_and_another_does_not() -> None:
    sealed = _sealed(b"secret", _QUICK)
    assert _open(sealed, Passphrase("correct horse")) == b"secret"
    with pytest.raises(WrongKeyError, match="wrong"):
        _open(sealed, Passphrase("correct house"))
    with pytest.raises(WrongKeyError, match="passphrase"):
        _open(sealed, Identity.generate())


def test_nobody_is_no_recipient() -> None:
    with pytest.raises(WrongKeyError):
        seal(io.BytesIO(), [])


def test_a_file_that_asks_for_too_much_memory_is_refused() -> None:
    sealed = _sealed(b"secret", _QUICK)
    head, rest = sealed.split(b" 4\n", 1)
    with pytest.raises(AgeError, match=f"2\\^{MAX_WORK_FACTOR + 1}"):
        _open(head + f" {MAX_WORK_FACTOR + 1}\n".encode() + rest, _QUICK)
    with pytest.raises(AgeError):
        _open(head + b" 04\n" + rest, _QUICK)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_changed_byte_is_noticed(data: st.DataObject) -> None:
    key = Identity(bytes(range(32)))
    sealed = bytearray(_sealed(b"a" * 500, key.recipient))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((AgeError, WrongKeyError)):
        _open(bytes(sealed), key)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2 * PIECE + 600))
def test_every_file_that_was_cut_off_is_noticed(length: int) -> None:
    key = Identity(bytes(range(32)))
    sealed = _sealed(b"a" * (2 * PIECE + 100), key.recipient)
    with pytest.raises(AgeError):
        _open(sealed[: min(length, len(sealed) - 1)], key)


def test_pieces_that_were_swapped_or_added_are_noticed() -> None:
    key = Identity.generate()
    sealed = _sealed(b"a" * (2 * PIECE + 100), key.recipient)
    begin = sealed.index(b"\n--- ") + 5 + 43 + 1 + 16
    step = PIECE + 16
    swapped = sealed[:begin] + sealed[begin + step : begin + 2 * step] + sealed[begin : begin + step]
    for changed in (swapped + sealed[begin + 2 * step :], sealed + b"x", sealed + sealed[begin + 2 * step :]):
        with pytest.raises(AgeError):
            _open(changed, key)


def test_keys_are_text_and_back() -> None:
    key = Identity.generate()
    assert Identity.parse(f"# created: today\n# public key: {key.recipient}\n{key}\n") == key
    assert Recipient.parse(f" {key.recipient}\n") == key.recipient
    assert str(key).startswith("AGE-SECRET-KEY-1")
    assert str(key) not in repr(key)


@pytest.mark.parametrize("text", ["", "age1", "age1qqqq", "hello", "AGE-SECRET-KEY-1QQ", "ssh-ed25519 AAAA", "é" * 9])
def test_what_is_no_key_is_told(text: str) -> None:
    with pytest.raises(WrongKeyError):
        Recipient.parse(text)
    with pytest.raises(WrongKeyError):
        Identity.parse(text)


def test_a_key_of_the_other_kind_is_told() -> None:
    key = Identity.generate()
    with pytest.raises(WrongKeyError, match="another kind"):
        Recipient.parse(str(key))


@given(st.text("qpzry9x8", min_size=1, max_size=9), st.binary(max_size=64))
def test_bech32_comes_back_and_a_wrong_letter_is_noticed(prefix: str, content: bytes) -> None:
    text = bech32.encode(prefix, content)
    assert bech32.decode(text) == (prefix, content)
    assert bech32.decode(text.upper()) == (prefix, content)
    swapped = text[:-1] + ("q" if text[-1] != "q" else "p")
    with pytest.raises(ValueError):
        bech32.decode(swapped)


def test_bech32_of_the_standard() -> None:
    assert bech32.decode("A12UEL5L") == ("a", b"")
    for wrong in ("A12uEL5L", "1pzry9x0s0muk", "pzry9x0s0muk", "li1dgmt3", "A1G7SGD8"):
        with pytest.raises(ValueError):
            bech32.decode(wrong)


class TestOracle:
    """The same format as the library of others: pyrage, which is locked for the tests."""

    def test_what_we_seal_others_open(self) -> None:
        key = pyrage.x25519.Identity.generate()
        content = b"a" * (2 * PIECE)
        assert pyrage.decrypt(_sealed(content, Recipient.parse(str(key.to_public()))), [key]) == content
        assert pyrage.passphrase.decrypt(_sealed(content, _QUICK), "correct horse") == content

    def test_what_others_seal_we_open(self) -> None:
        key = Identity.generate()
        assert str(pyrage.x25519.Identity.from_str(str(key)).to_public()) == str(key.recipient)
        content = b"a" * (2 * PIECE + 5)
        public = pyrage.x25519.Recipient.from_str(str(key.recipient))
        other = pyrage.x25519.Identity.generate().to_public()
        assert _open(pyrage.encrypt(content, [other, public]), key) == content

    @pytest.mark.long
    def test_what_others_seal_with_a_passphrase_we_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # It takes as many steps as its machine does in a second.
        monkeypatch.setattr("appliance.storage.age.passphrase.MAX_WORK_FACTOR", 22)
        sealed = pyrage.passphrase.encrypt(b"content", "correct horse")
        assert _open(sealed, Passphrase("correct horse")) == b"content"
