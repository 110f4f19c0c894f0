from __future__ import annotations

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.protocol.codec import MAX_DEPTH, NotJsonError, ParamsDecoder, decode_request, encode, frame_id
from appliance.protocol.connect import ConnectParams
from appliance.protocol.errors import WireError
from appliance.protocol.frames import ErrorShape, Event, Response, StateVersion


def _request(params: str) -> bytes:
    return b'{"type":"req","id":"1","method":"m","params":%b}' % params.encode()


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_a_frame_may_nest_to_the_bound_and_not_one_deeper() -> None:
    decode_request(_request(_nested(MAX_DEPTH - 1)))
    with pytest.raises(NotJsonError, match="nested deeper than 64"):
        decode_request(_request(_nested(MAX_DEPTH)))


def test_brackets_in_strings_are_no_nesting() -> None:
    text = json.dumps("[{" * 500 + '\\" [' * 100)
    assert decode_request(_request(text)).method == "m"


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_hostile_depth_is_an_error_and_not_a_crash(depth: int) -> None:
    with pytest.raises(NotJsonError):
        decode_request(_request("[" * depth))


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"nul", _request("NaN"), _request("Infinity"), _request("1") + b"x"]
)
def test_what_is_no_json_is_told_so(data: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode_request(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "at root: Expected `object`"),
        (b'{"type":"res","id":"1","method":"m"}', "at /type: Invalid enum value 'res'"),
        (b'{"type":"req","id":1,"method":"m"}', "at /id: Expected `str`, got `int`"),
        (b'{"type":"req","id":"1"}', "at root: Object missing required field `method`"),
    ],
)
def test_a_wrong_frame_names_the_place(data: bytes, message: str) -> None:
    with pytest.raises(WireError, match="invalid request frame: ") as caught:
        decode_request(data)
    assert message in str(caught.value)


def test_unknown_members_of_frames_and_params_are_ignored() -> None:
    request = decode_request(b'{"type":"req","id":"1","method":"m","new":[1],"params":{"x":1}}')
    assert request.id == "1"


@pytest.mark.parametrize("params", ["null", "{}", ""])
def test_absent_and_null_parameters_are_an_empty_object(params: str) -> None:
    class Params(msgspec.Struct):
        a: int = 7

    raw = decode_request(_request(params) if params else b'{"type":"req","id":"1","method":"m"}').params
    assert ParamsDecoder("m", Params).decode(raw).a == 7


def test_wrong_parameters_name_method_and_path() -> None:
    raw = msgspec.Raw(b'{"minProtocol":4,"maxProtocol":4,"client":{"id":"bogus","mode":"cli"}}')
    with pytest.raises(WireError, match=r"^invalid connect params: at /client/id: Invalid enum value 'bogus'$"):
        ParamsDecoder("connect", ConnectParams).decode(raw)


def test_an_index_is_part_of_the_path() -> None:
    raw = msgspec.Raw(
        b'{"minProtocol":4,"maxProtocol":4,"client":{"id":"cli","mode":"cli","version":"1","platform":"p"},"caps":[1]}'
    )
    with pytest.raises(WireError, match=r"at /caps/0: "):
        ParamsDecoder("connect", ConnectParams).decode(raw)


def test_frames_have_the_documented_form() -> None:
    assert encode(Response("1", True, {"a": None})) == b'{"type":"res","id":"1","ok":true,"payload":{"a":null}}'
    error = Response("1", False, error=ErrorShape("C", "m", {"x": 1}, True, 5))
    assert json.loads(encode(error))["error"] == {
        "code": "C",
        "message": "m",
        "details": {"x": 1},
        "retryable": True,
        "retryAfterMs": 5,
    }
    event = Event("tick", {"ts": 1}, 3, StateVersion(1, 2))
    assert json.loads(encode(event)) == {
        "type": "event",
        "event": "tick",
        "payload": {"ts": 1},
        "seq": 3,
        "stateVersion": {"presence": 1, "health": 2},
    }


@pytest.mark.parametrize(("data", "expected"), [(b'{"id":"a"}', "a"), (b'{"id":1}', "invalid"), (b"x", "invalid")])
def test_the_id_of_a_broken_frame_is_found_if_there_is_one(data: bytes, expected: str) -> None:
    assert frame_id(data) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        decode_request(data)
