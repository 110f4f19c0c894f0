"""The slash commands over a real conversation."""

from __future__ import annotations

from itertools import count

import pytest

from appliance.dispatch.queue_modes import QueueMode
from appliance.sessions.model import RunStatus
from tests.unit.dispatch.house import KEY, House, busy, inbound

_numbers = count()


async def typed(home: House, text: str) -> str:
    """Type a line and return the answer that the chat window shows."""
    run_id = f"typed-{next(_numbers)}"
    await home.dispatcher.submit(inbound(run_id, text))
    assert (await home.ended(run_id)).status is RunStatus.OK
    await home.quiet()
    (chat,) = [one for one in home.chats if one.run_id == run_id]
    return str(chat.fields["message"]["content"][0]["text"])


async def test_help_names_every_command_with_its_arguments(home: House) -> None:
    answer = await typed(home, "/help")
    assert [line.split()[0] for line in answer.splitlines()] == [
        "/help",
        "/status",
        "/new",
        "/stop",
        "/model",
        "/context",
        "/queue",
    ]
    assert "/queue [mode]" in answer


@pytest.mark.parametrize("text", ["/HELP", "  /help", "/help:", "/commands", "/help\nplease", "/help\tme"])
async def test_a_command_is_found_however_it_is_typed(home: House, text: str) -> None:
    assert (await typed(home, text)).startswith("/help")


@pytest.mark.parametrize("text", ["/unknown", "help", "what does /help do", "/"])
async def test_what_is_no_command_goes_to_the_model(home: House, text: str) -> None:
    await home.dispatcher.submit(inbound("r1", text))
    assert (await home.ended("r1")).status is RunStatus.OK
    assert len(home.requests) == 1


async def test_a_sender_can_ask_for_its_words_to_be_taken_as_words(home: House) -> None:
    await home.dispatcher.submit(inbound("r1", "/help", suppressCommandInterpretation=True))
    await home.ended("r1")
    assert len(home.requests) == 1


async def test_status_tells_of_this_conversation(home: House) -> None:
    await home.dispatcher.submit(inbound("r1"))
    await home.ended("r1")
    answer = await typed(home, "/status")
    assert "Homarus 1.2.3" in answer
    assert f"{KEY}: 2 messages, 15 tokens" in answer
    assert "Model: fake/one" in answer


async def test_a_command_leaves_no_trace_in_what_the_model_reads(home: House) -> None:
    await typed(home, "/status")
    assert await home.texts() == []


async def test_new_ends_what_runs_and_forgets_what_was_said(home: House) -> None:
    await busy(home)
    assert await typed(home, "/new") == "A new conversation begins."
    assert await home.status("r1") is RunStatus.ABORTED
    assert await home.texts() == []
    assert await typed(home, "/reset") == "A new conversation begins."


async def test_stop_says_how_much_it_stopped(home: House) -> None:
    assert await typed(home, "/stop") == "Nothing was running."
    await busy(home)
    assert await typed(home, "/abort") == "Stopped 1 run."


async def test_model_shows_chooses_and_returns_to_the_configuration(home: House) -> None:
    assert "fake/one, fake/two" in await typed(home, "/model")
    assert await typed(home, "/model fake/two") == "This conversation uses fake/two from now on."
    assert "Model: fake/two" in await typed(home, "/model")
    assert (await typed(home, "/model nowhere/nothing")).startswith("There is no model")
    await typed(home, "/model default")
    session = await home.store.get(KEY)
    assert session is not None
    assert "model" not in session.settings


async def test_queue_changes_what_happens_to_the_next_message(home: House) -> None:
    assert "no queue mode backlog" in await typed(home, "/queue backlog")
    await typed(home, f"/queue {QueueMode.INTERRUPT}")
    await busy(home)
    await home.dispatcher.submit(inbound("r2"))
    await home.ended("r2")
    assert await home.status("r1") is RunStatus.ABORTED


async def test_context_shows_where_the_tokens_go(home: House) -> None:
    await home.dispatcher.submit(inbound("r1", "tell me of the sea"))
    await home.ended("r1")
    for line in ("/context", "/context list"):
        answer = await typed(home, line)
        assert "fake/one, window 8192 tokens" in answer
        assert "history: about" in answer
        assert "2 messages" in answer
    detail = await typed(home, "/context detail")
    assert "user:" in detail
    assert "tell me of the sea" in detail
    assert "list, detail" in await typed(home, "/context everything")


async def test_context_of_a_new_conversation_without_a_model_says_so(home: House) -> None:
    assert "0 messages" in await typed(home, "/context")
    await home.store.patch(KEY, {"settings": {"model": "nobody/none"}}, 0)
    assert await typed(home, "/context") == "No model is set up."
