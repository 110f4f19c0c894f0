"""OpenAI conversations, read into the values of this program."""

from __future__ import annotations

import base64

import pytest

from appliance.gateway.http.conversation import from_chat, from_responses, image, tool_specs
from appliance.gateway.http.openai_frame import HttpError
from appliance.messages import Image, Role, Text, ToolCall, ToolResult

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n....").decode()


def test_system_texts_are_joined_and_roles_kept() -> None:
    conversation = from_chat(
        [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "developer", "content": [{"type": "text", "text": "In German."}]},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": PNG}},
                ],
            },
        ]
    )
    assert conversation.system == "Be short.\n\nIn German."
    assert [message.role for message in conversation.messages] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert conversation.last_user.text == "What is this?"
    assert isinstance(conversation.last_user.parts[1], Image)


def test_a_tool_call_and_its_result_belong_together() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "door", "arguments": '{"open":true}'}}
    conversation = from_chat(
        [
            {"role": "user", "content": "Open"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "done"},
        ]
    )
    assert conversation.messages[1].tool_calls == (ToolCall("c1", "door", {"open": True}),)
    assert conversation.messages[2].parts == (ToolResult("c1", "door", "done"),)


def test_both_interfaces_read_the_same_conversation() -> None:
    chat = from_chat(
        [
            {"role": "system", "content": "S"},
            {"role": "user", "content": "Open"},
            {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "door", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "done"},
        ]
    )
    responses = from_responses(
        [
            {"role": "user", "content": [{"type": "input_text", "text": "Open"}]},
            {"type": "function_call", "call_id": "c1", "name": "door", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "done"},
        ],
        "S",
    )
    assert responses == chat


def test_plain_text_is_a_whole_input() -> None:
    assert from_responses("Hi", None).last_user.parts == (Text("Hi"),)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "king", "content": "x"}, "messages.0.role"),
        ({"role": "user", "content": 5}, "messages.0.content"),
        ({"role": "user", "content": [{"type": "video"}]}, "messages.0.content"),
        ({"role": "tool", "tool_call_id": "nope", "content": "x"}, "messages.0"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "b", "arguments": "["}}]}, "messages.0"),
    ],
)
def test_what_cannot_be_read_is_named(message: dict[str, object], param: str) -> None:
    with pytest.raises(HttpError) as caught:
        from_chat([message])
    assert caught.value.param == param
    assert caught.value.status == 400


def test_the_box_fetches_no_address_that_a_request_names() -> None:
    with pytest.raises(HttpError, match="data URLs"):
        image("http://127.0.0.1:18789/secret.png", "messages.0")


def test_an_answer_is_only_given_to_a_person() -> None:
    with pytest.raises(HttpError, match="from the user"):
        _ = from_chat([{"role": "assistant", "content": "Hi"}]).last_user


def test_tools_of_either_interface_are_read() -> None:
    nested = {"type": "function", "function": {"name": "door", "description": "d", "parameters": {"type": "object"}}}
    flat = {"type": "function", "name": "door", "description": "d", "parameters": {"type": "object"}}
    assert tool_specs([nested]) == tool_specs([flat])


def test_a_tool_of_another_type_is_refused() -> None:
    with pytest.raises(HttpError, match="type function"):
        tool_specs([{"type": "web_search"}])


def test_the_last_of_the_allowed_tools_passes_and_one_more_does_not() -> None:
    tool = {"type": "function", "name": "door"}
    assert len(tool_specs([tool] * 128)) == 128
    with pytest.raises(HttpError, match="At most 128"):
        tool_specs([tool] * 129)
