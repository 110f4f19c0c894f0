"""What a chat shows."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.cli.conversation import Shown, message_text, shown
from appliance.cli.window import ChatWindow
from appliance.client.connection import Event
from appliance.client.errors import RequestFailed

KEY = "agent:main:main"


class Paper:
    """A screen that remembers."""

    columns = 20

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.open = ""

    def line(self, text: str) -> None:
        self.lines.append(text)

    def growing(self, text: str) -> None:
        self.open = text


class Talk:
    """A conversation whose gateway is a list."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.aborted = 0
        self.refuse: Exception | None = None

    async def commands(self) -> frozenset[str]:
        return frozenset({"help", "new"})

    async def send(self, text: str) -> str:
        if self.refuse:
            raise self.refuse
        self.sent.append(text)
        return f"r{len(self.sent)}"

    async def abort(self) -> None:
        self.aborted += 1

    async def history(self, limit: int) -> list[dict[str, Any]]:
        return [
            {"role": "user", "content": "earlier"},
            {"role": "assistant", "content": [{"type": "text", "text": "yes"}]},
            {"role": "toolResult", "content": "42"},
        ][-limit:]


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def window(paper: Paper, talk: Talk) -> ChatWindow:
    return ChatWindow(talk, paper)  # type: ignore[arg-type] # as much of a conversation as a window needs


def test_an_answer_grows_and_becomes_lines(window: ChatWindow, paper: Paper) -> None:
    window.show(Shown("delta", "Hello", "r1"))
    assert (paper.lines, paper.open) == ([], "Hello")
    window.show(Shown("delta", " there, this is long", "r1"))
    assert (paper.lines, paper.open) == (["Hello there, this is"], "long")
    window.show(Shown("final", "Hello there, this is long enough", "r1"))
    assert (paper.lines, paper.open) == (["Hello there, this is", "long enough"], "")


def test_an_answer_that_came_at_once_is_shown_whole(window: ChatWindow, paper: Paper) -> None:
    window.show(Shown("final", "It is 12:00.", "r1"))
    assert paper.lines == ["It is 12:00."]


def test_a_timer_in_the_middle_of_an_answer_does_not_mix_with_it(window: ChatWindow, paper: Paper) -> None:
    window.show(Shown("delta", "Once upon", "r1"))
    window.show(Shown("final", "Your timer is done.", "due-1"))
    window.show(Shown("delta", " a time", "r1"))
    window.show(Shown("final", "Once upon a time.", "r1"))
    assert paper.lines == ["Once upon", "Your timer is done.", " a time."]


def test_what_was_said_wrong_is_said_again(window: ChatWindow, paper: Paper) -> None:
    window.show(Shown("delta", "Wrong", "r1"))
    window.show(Shown("delta", "Right", "r1", replace=True))
    window.show(Shown("final", "Right", "r1"))
    assert paper.lines == ["Wrong", "Right"]


def test_tools_errors_gaps_and_stops_have_lines_of_their_own(window: ChatWindow, paper: Paper) -> None:
    paper.columns = 80
    window.show(Shown("delta", "Let me see", "r1"))
    window.show(Shown("tool", "timer_set", "r1"))
    window.show(Shown("aborted", "Let me see", "r1"))
    window.show(Shown("error", "No model could answer.", "r2"))
    window.show(Shown("gap"))
    assert paper.lines[:4] == ["Let me see", "  · timer set", "(stopped)", "! No model could answer."]
    assert "lost on the way" in paper.lines[4]


async def test_an_unknown_command_is_not_sent(window: ChatWindow, paper: Paper, talk: Talk) -> None:
    paper.columns = 80
    await window.send("/nope now")
    assert talk.sent == []
    assert paper.lines == ["! There is no command /nope. /help lists them."]
    for text in ("/new", "/etc/hosts is what", "/ 2", "what is 1/2"):
        await window.send(text)
    assert talk.sent == ["/new", "/etc/hosts is what", "/ 2", "what is 1/2"]


async def test_help_tells_how_to_leave(window: ChatWindow, paper: Paper) -> None:
    paper.columns = 80
    await window.send("/help")
    window.show(Shown("final", "/new — begin a new conversation", "r1"))
    assert [line.split()[0] for line in paper.lines] == ["/new", "/quit"]


async def test_a_refusal_is_a_line(window: ChatWindow, paper: Paper, talk: Talk) -> None:
    paper.columns = 80
    talk.refuse = RequestFailed("20 messages wait already.", "UNAVAILABLE", {}, retryable=True)
    await window.send("one more")
    assert paper.lines == ["! 20 messages wait already."]


async def test_ctrl_c_ends_only_what_runs(window: ChatWindow, talk: Talk) -> None:
    assert not await window.interrupt()
    await window.send("hello")
    assert await window.interrupt()
    window.show(Shown("aborted", "", "r1"))
    assert not await window.interrupt()
    assert talk.aborted == 1


async def test_history_shows_what_people_and_assistant_said(window: ChatWindow, paper: Paper) -> None:
    await window.show_history(0)
    assert paper.lines == []
    await window.show_history(3)
    assert paper.lines == ["› earlier", "yes"]


def _event(name: str, gap: bool = False, **payload: Any) -> Event:
    return Event(name, {"sessionKey": KEY, "runId": "r1", **payload}, 1, gap)


def test_events_of_other_sessions_are_not_shown() -> None:
    event = _event("chat", state="final", sessionKey="agent:main:other")
    assert shown(event, KEY) is None
    assert shown(_event("health"), KEY) is None


def test_each_event_of_a_run_has_its_meaning() -> None:
    assert shown(_event("chat", state="delta", deltaText="a"), KEY) == Shown("delta", "a", "r1")
    assert shown(_event("chat", state="final", message={"content": "whole"}), KEY) == Shown("final", "whole", "r1")
    assert shown(_event("chat", state="error", errorMessage="no"), KEY) == Shown("error", "no", "r1")
    tool = _event("agent", stream="tool", data={"phase": "start", "name": "calculate"})
    assert shown(tool, KEY) == Shown("tool", "calculate", "r1")
    assert shown(_event("agent", stream="tool", data={"phase": "result"}), KEY) is None
    assert shown(_event("tick", gap=True), KEY) == Shown("gap")


def test_the_text_of_a_message_is_what_people_see() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "toolCall", "name": "x"}, {"type": "text", "text": "b"}]
    assert message_text({"content": parts}) == "ab"
    assert message_text({"content": "plain"}) == "plain"
    assert message_text(None) == ""


def test_below_an_answer_stands_who_gave_it(window: ChatWindow, paper: Paper) -> None:
    paper.columns = 80
    facts = {"model": "local/q", "firstTokenMs": 400, "costUsd": 0}
    window.show(Shown("grounding", "local/q", "r1"))
    window.show(Shown("final", "It is noon.", "r1", facts=facts))
    assert paper.lines == [
        "  · the answer ran in circles; it is brought back to the question",
        "It is noon.",
        "  local/q · 0.4 s · free",
    ]


def test_what_an_answer_took_comes_with_its_end() -> None:
    message = {"content": "Yes.", "homarus": {"tier": "mini"}}
    payload = {"sessionKey": KEY, "runId": "r", "state": "final", "message": message}
    assert shown(Event("chat", payload, 1, False), KEY) == Shown("final", "Yes.", "r", facts={"tier": "mini"})
    data = {"phase": "grounding", "model": "local/q"}
    halted = Event("agent", {"sessionKey": KEY, "runId": "r", "stream": "lifecycle", "data": data}, 2, False)
    assert shown(halted, KEY) == Shown("grounding", "local/q", "r")
