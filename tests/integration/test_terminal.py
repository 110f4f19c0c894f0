"""`homarus chat` and `homarus run` in a real terminal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakes.cloud.script import Answer, Call, Say
from tests.fakes.cloud.server import FakeCloud
from tests.integration.box import cloud_box
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.pseudo_terminal import PseudoTerminal
from tests.integration.waiting import until

_CTRL_C, _CTRL_D = "\x03", "\x04"
_LONG = "Once upon a time there was a lobster.\nIt lived in a box and answered every question that came to it."


def _open(gateway: GatewayProcess, *arguments: str) -> PseudoTerminal:
    return PseudoTerminal([gateway.python, "-m", "appliance", *arguments], gateway.environ, CHECKOUT)


@asynccontextmanager
async def chat(folder: Path) -> AsyncIterator[tuple[GatewayProcess, FakeCloud, PseudoTerminal]]:
    async with cloud_box(folder) as (gateway, cloud):
        with _open(gateway, "chat") as terminal:
            await _do(terminal.wait_for, "›")
            yield gateway, cloud, terminal


async def _do(act: Callable[..., object], *arguments: str) -> str:
    """Let the person act while the fake service goes on in this loop."""
    return str(await asyncio.to_thread(act, *arguments))


async def test_an_answer_is_streamed_line_by_line(tmp_path: Path) -> None:
    async with chat(tmp_path) as (_, cloud, terminal):
        cloud.script(Answer((Say(_LONG, piece=8),), hold_after=8))
        terminal.type("tell me a story\r")
        await _do(terminal.wait_for, "there was a lobster.")
        assert "every question" not in terminal.text, "the rest is held back by the service"
        cloud.release.set()
        await _do(terminal.wait_for, "every question that came to it.")
        terminal.type(_CTRL_D)
        assert await asyncio.to_thread(terminal.ended) == 0


async def test_keys_that_nobody_reads_yet_wait_for_the_next_prompt(tmp_path: Path) -> None:
    async with chat(tmp_path) as (_, cloud, terminal):
        terminal.type("hello\r")
        terminal.type(_CTRL_D)  # before the message was taken, or while a line is printed
        assert await asyncio.to_thread(terminal.ended) == 0
        assert "› hello" in terminal.text
        assert not cloud.gone.is_set()


async def test_ctrl_c_ends_the_answer_and_not_the_program(tmp_path: Path) -> None:
    async with chat(tmp_path) as (_, cloud, terminal):
        cloud.script(Answer((Say(_LONG, piece=8),), hold_after=8))
        terminal.type("tell me a story\r")
        await _do(terminal.wait_for, "there was a lobster.")
        terminal.type(_CTRL_C)
        await _do(terminal.wait_for, "(stopped)")
        await cloud.gone.wait()
        terminal.type("still there?\r")
        await _do(terminal.wait_for, "Hello there.")
        await _do(terminal.wait_for, "fake/big · ")  # before that it would end the answer
        terminal.type(_CTRL_C)
        await _do(terminal.wait_for, "Ctrl-C again or Ctrl-D leaves.")
        terminal.type(_CTRL_C)
        assert await asyncio.to_thread(terminal.ended) == 0


async def test_commands_tools_and_timers_are_seen(tmp_path: Path) -> None:
    async with chat(tmp_path) as (gateway, cloud, terminal):
        terminal.type("/help\r")
        await _do(terminal.wait_for, "/new — begin a new conversation")
        await _do(terminal.wait_for, "/quit — leave this window")
        terminal.type("/nope\r")
        await _do(terminal.wait_for, "! There is no command /nope.")
        cloud.script(Answer((Call("timer_set", {"duration_s": 1, "label": "tea"}),)), Answer((Say("It is set."),)))
        terminal.type("tea in a second\r")
        await _do(terminal.wait_for, "· timer set")
        await _do(terminal.wait_for, "It is set.")
        await _do(terminal.wait_for, "Your timer “tea” (1 second) is done.")
        terminal.type("/quit\r")
        assert await asyncio.to_thread(terminal.ended) == 0
        assert not cloud.gone.is_set()
        with _open(gateway, "chat", "--history", "2") as again:
            await _do(again.wait_for, "Your timer “tea” (1 second) is done.")


async def test_a_gateway_that_goes_away_is_told_and_is_3(tmp_path: Path) -> None:
    async with chat(tmp_path) as (gateway, _, terminal):
        gateway.kill()
        await _do(terminal.wait_for, "The connection to the gateway broke off.")
        assert await asyncio.to_thread(terminal.ended) == 3
        assert "Traceback" not in terminal.text


async def test_run_opens_the_chat_and_ctrl_d_ends_both(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, _):
        await asyncio.to_thread(gateway.stop)
        with _open(gateway, "run", "--port", "0") as terminal:
            await _do(terminal.wait_for, "Homarus is ready.")
            await _do(terminal.wait_for, "›")
            pid = gateway.facts["pid"]
            terminal.type("hello\r")
            await _do(terminal.wait_for, "Hello there.")
            await _do(terminal.wait_for, "fake/big · ")
            terminal.type(_CTRL_D)
            assert await asyncio.to_thread(terminal.ended) == 0
            assert not _alive(pid)
            assert "Traceback" not in terminal.text


async def test_closing_the_window_ends_the_gateway(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, _):
        await asyncio.to_thread(gateway.stop)
        with _open(gateway, "run", "--port", "0") as terminal:
            await _do(terminal.wait_for, "›")
            pid = gateway.facts["pid"]
            terminal.hang_up()
            await asyncio.to_thread(until, lambda: not _alive(pid), what="the end of the gateway")


async def test_run_beside_a_running_gateway_names_the_way_in(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, _):
        with _open(gateway, "run", "--port", "0") as terminal:
            assert await asyncio.to_thread(terminal.ended) == 7
            assert f"in use by process {gateway.pid}" in terminal.text
            assert "`homarus chat` talks to the gateway that runs already." in terminal.text


async def test_run_with_a_port_that_is_taken_ends_with_the_reason(tmp_path: Path) -> None:
    async with cloud_box(tmp_path / "one") as (first, _), cloud_box(tmp_path / "two") as (second, _):
        await asyncio.to_thread(second.stop)
        with _open(second, "run", "--port", str(first.facts["port"])) as terminal:
            assert await asyncio.to_thread(terminal.ended) == 1
            assert "cannot listen on" in terminal.text
            assert "Traceback" not in terminal.text


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
