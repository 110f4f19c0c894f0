from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gateway.transport.websocket import (
    CloseCode,
    FrameReader,
    Message,
    Opcode,
    ViolationError,
    accept_key,
    encode_close,
    encode_frame,
    unmask,
)

MASK = b"\x01\x02\x03\x04"


def client_frame(
    payload: bytes, opcode: int = Opcode.TEXT, *, final: bool = True, mask: bytes = MASK, rsv: int = 0
) -> bytes:
    """Return a masked frame as a client sends it."""
    first = (0x80 if final else 0) | rsv | opcode
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = struct.pack(">BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", first, 0x80 | 127, size)
    return head + mask + unmask(payload, mask)


def read_all(reader: FrameReader) -> list[Message]:
    messages = []
    while (message := reader.next()) is not None:
        messages.append(message)
    return messages


@given(st.binary(max_size=1500), st.binary(min_size=4, max_size=4))
def test_unmasking_is_its_own_inverse_and_plain_xor(data: bytes, mask: bytes) -> None:
    masked = unmask(data, mask)
    assert masked == bytes(byte ^ mask[index & 3] for index, byte in enumerate(data))
    assert unmask(masked, mask) == data


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    st.lists(st.integers(min_value=1, max_value=50), min_size=1),
)
def test_messages_survive_any_cut_of_the_stream(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(client_frame(payload, Opcode.BINARY) for payload in payloads)
    reader, found, at, turn = FrameReader(1000), [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        reader.feed(stream[at : at + size])
        found += read_all(reader)
        at, turn = at + size, turn + 1
    assert [message.payload for message in found] == payloads


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_each_form_of_length_is_read(size: int) -> None:
    reader = FrameReader(65536)
    reader.feed(client_frame(b"x" * size))
    assert read_all(reader) == [Message(Opcode.TEXT, b"x" * size)]


def test_fragments_make_one_message_with_control_frames_between() -> None:
    reader = FrameReader(100)
    reader.feed(client_frame("häl".encode()[:2], final=False))
    reader.feed(client_frame(b"?", Opcode.PING))
    reader.feed(client_frame("häl".encode()[2:3], Opcode.CONTINUATION, final=False))
    reader.feed(client_frame(b"", Opcode.CONTINUATION, final=False))
    reader.feed(client_frame("häl".encode()[3:], Opcode.CONTINUATION))
    assert read_all(reader) == [Message(Opcode.PING, b"?"), Message(Opcode.TEXT, "häl".encode())]


def test_a_message_may_be_as_large_as_the_limit() -> None:
    reader = FrameReader(64)
    reader.feed(client_frame(b"x" * 64))
    assert len(read_all(reader)[0].payload) == 64


def test_a_message_past_the_limit_is_refused_by_its_declared_length() -> None:
    reader = FrameReader(64)
    reader.feed(client_frame(b"x" * 65)[:2])
    with pytest.raises(ViolationError) as caught:
        reader.next()
    assert caught.value.close_code is CloseCode.TOO_BIG


def test_fragments_count_together_against_the_limit() -> None:
    reader = FrameReader(64)
    reader.feed(client_frame(b"x" * 40, final=False) + client_frame(b"x" * 25, Opcode.CONTINUATION))
    with pytest.raises(ViolationError) as caught:
        read_all(reader)
    assert caught.value.close_code is CloseCode.TOO_BIG


def test_the_limit_can_be_raised_while_reading() -> None:
    reader = FrameReader(10)
    reader.feed(client_frame(b"small"))
    assert reader.next() == Message(Opcode.TEXT, b"small")
    reader.max_bytes = 100
    reader.feed(client_frame(b"x" * 100))
    assert reader.next() == Message(Opcode.TEXT, b"x" * 100)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(b"x", rsv=0x40), CloseCode.PROTOCOL_ERROR),
        (encode_frame(Opcode.TEXT, b"unmasked"), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"x", 3), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"x", 11), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"x", Opcode.CONTINUATION), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"x", final=False) + client_frame(b"x"), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"x", Opcode.PING, final=False), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"x" * 126, Opcode.PING), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"x", Opcode.CLOSE), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"\x03\xed", Opcode.CLOSE), CloseCode.PROTOCOL_ERROR),
        (client_frame(b"\x03\xe8\xff", Opcode.CLOSE), CloseCode.INVALID_TEXT),
        (client_frame(b"\xc3("), CloseCode.INVALID_TEXT),
        (client_frame(b"\xed\xa0\x80"), CloseCode.INVALID_TEXT),
        (struct.pack(">BBQ", 0x82, 0xFF, 1 << 63), CloseCode.TOO_BIG),
    ],
)
def test_broken_framing_is_a_violation(data: bytes, code: CloseCode) -> None:
    reader = FrameReader(1000)
    reader.feed(data)
    with pytest.raises(ViolationError) as caught:
        read_all(reader)
    assert caught.value.close_code is code


@given(st.binary(max_size=100))
def test_any_bytes_are_messages_or_a_violation(data: bytes) -> None:
    reader = FrameReader(50)
    reader.feed(data)
    with contextlib.suppress(ViolationError):
        read_all(reader)


def test_a_close_reason_is_cut_at_a_character_that_fits() -> None:
    frame = encode_close(1008, "ä" * 100)
    assert frame[1] == 2 + 122
    assert frame[4:].decode() == "ä" * 61


def test_the_accept_key_is_the_one_of_the_standard() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
