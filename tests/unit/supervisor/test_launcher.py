"""What the launcher starts and what it refuses, and that its list knows every option of what it starts."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine import __main__ as engine
from appliance.supervisor.launcher import rules
from appliance.supervisor.launcher.frame import MAX_LINE_BYTES
from appliance.supervisor.launcher.rules import RuleError, checked_arguments, checked_program, checked_variables
from appliance.supervisor.spawning.base import EXIT_REFUSED, Order, Place
from appliance.supervisor.spawning.box import FOLDER_VARIABLE, BoxSpawner
from appliance.supervisor.spawning.collect import collect
from appliance.supervisor.spawning.connected import SocketSpawner
from appliance.supervisor.spawning.forked import ForkSpawner
from tests.fakes.launching import CHILD, COMMAND, Accepting, environment

_LAUNCHER = (sys.executable, "-P", "-S", "-m", "appliance.supervisor.launcher")


def _options(parser: argparse.ArgumentParser) -> dict[str, bool]:
    """Return each long option and whether a value follows it."""
    actions = parser._actions
    return {name: action.nargs != 0 for action in actions for name in action.option_strings if name.startswith("--")}


def test_the_list_has_every_option_of_the_engine() -> None:
    theirs = _options(engine._options())
    ours = rules.PLACES["engine"]["appliance.engine"][1]
    assert {name: bool(kind) for name, kind in ours.items()} == {
        name: value for name, value in theirs.items() if name != "--help"
    }


def test_a_path_option_of_the_engine_is_a_path_here_too() -> None:
    paths = {action.option_strings[0] for action in engine._options()._actions if action.type is Path}
    ours = rules.PLACES["engine"]["appliance.engine"][1]
    assert {name for name, kind in ours.items() if kind == "path"} == paths


@pytest.mark.parametrize("module", ["os", "appliance", "appliance.__main__", "appliance.engine.tuning", 7, None])
def test_a_module_that_is_not_on_the_list_of_the_place_is_refused(module: object) -> None:
    assert checked_program("engine", "appliance.engine") == rules.ENGINE
    with pytest.raises(RuleError):
        checked_program("engine", module)


@pytest.mark.parametrize(
    "words",
    [
        ["--model", "/etc/passwd"],
        ["--model", "relative.gguf"],
        ["--model", "{folder}/../outside.gguf"],
        ["--model", "{folder}/link/x.gguf"],  # a link that leads out
        ["--model"],
        ["--model", "--embeddings"],
        ["--lora", "/etc/passwd:0.5"],
        ["--lora", "/etc/passwd"],
        ["--model={folder}/x.gguf"],
        ["--mod", "{folder}/x.gguf"],  # argparse would take the beginning of an option
        ["free"],
        ["--unknown", "1"],
        ["-x"],
        ["--name", "a\0b"],
        ["--name", 7],
        "--embeddings",
        ["--embeddings"] * 201,
    ],
)
def test_arguments_that_are_not_on_the_list_are_refused(tmp_path: Path, words: object) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "link").symlink_to("/etc")
    if isinstance(words, list):
        words = [word.format(folder=folder) if isinstance(word, str) else word for word in words]
    with pytest.raises(RuleError):
        checked_arguments("engine", "appliance.engine", words, [str(folder)])


def test_what_the_gateway_usually_asks_for_is_allowed(tmp_path: Path) -> None:
    model = str(tmp_path / "a model.gguf")
    words = ["--socket", str(tmp_path / "s"), "--name", "local", "--model", model, "--embeddings", "--threads", "3"]
    words += ["--lora", f"{model}:0.5", "--lora", model, "--listen", "[::1]:18790"]
    assert checked_arguments("engine", "appliance.engine", words, [str(tmp_path)]) == words
    assert checked_arguments("worker", "appliance.discovery", ['{"name":"a/b"}'], []) == ['{"name":"a/b"}']
    assert len(checked_arguments("engine", "appliance.engine", ["--embeddings"] * 200, [])) == 200


@pytest.mark.parametrize(
    "variables",
    [
        {"LD_PRELOAD": "{folder}/x.so"},
        {"PATH": "{folder}"},
        {"LLAMA_CPP_LIB_PATH": "/tmp"},
        {"GGML_BACKEND_PATH": "x"},
        {"OMP_NUM_THREADS": "1; x"},
        {"OMP_NUM_THREADS": 1},
        ["LANG"],
        None,
    ],
)
def test_variables_that_could_bring_code_along_are_refused(tmp_path: Path, variables: object) -> None:
    if isinstance(variables, dict):
        for key, value in variables.items():
            variables[key] = value.format(folder=tmp_path) if isinstance(value, str) else value
    with pytest.raises(RuleError):
        checked_variables(variables, [str(tmp_path)])


def test_variables_of_the_engine_are_allowed_and_the_path_of_modules_is_not_theirs_to_set(tmp_path: Path) -> None:
    sent = {"LLAMA_CPP_LIB_PATH": str(tmp_path / "lib"), "GGML_NO_BACKTRACE": "1", "PYTHONPATH": "/anywhere"}
    assert checked_variables(sent, [str(tmp_path)]) == {
        "LLAMA_CPP_LIB_PATH": str(tmp_path / "lib"),
        "GGML_NO_BACKTRACE": "1",
    }


# ---- the program itself


@pytest.fixture
def accepting(tmp_path: Path) -> Iterator[Accepting]:
    one = Accepting(tmp_path / "engine.sock", (*_LAUNCHER, "engine"), HOMARUS_ENGINE_DIR=str(tmp_path / "none"))
    yield one
    one.close()


@pytest.mark.usefixtures("accepting")
@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("python", "-m", "os"), "not on the list"),
        (("python", "-m", "appliance.engine", "--model", "/etc/passwd"), "engine is not set up"),
    ],
)
async def test_a_refusal_is_the_last_word_of_the_child(tmp_path: Path, argv: tuple[str, ...], words: str) -> None:
    async with asyncio.timeout(20):
        done = await collect(SocketSpawner(tmp_path / "engine.sock"), Order(argv))
    assert done.returncode == EXIT_REFUSED
    assert words in done.stderr.decode()


async def test_only_modules_are_asked_for(tmp_path: Path) -> None:
    accepting = Accepting(tmp_path / "s", (*_LAUNCHER, "engine"))
    try:
        with pytest.raises(OSError, match="only modules"):
            await SocketSpawner(tmp_path / "s").spawn(Order(("/bin/sh", "-c", "id")))
        with pytest.raises(OSError, match="may be"):
            await SocketSpawner(tmp_path / "s").spawn(Order(("p", "-m", "x", "y" * MAX_LINE_BYTES)))
    finally:
        accepting.close()


@pytest.mark.parametrize("sent", [b"", b"{}\n", b"x" * (MAX_LINE_BYTES + 1)])
def test_who_says_nothing_of_sense_gets_nothing(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with (
        ours,
        theirs,
        subprocess.Popen((*_LAUNCHER, "engine"), stdin=theirs, env=environment(), stderr=subprocess.PIPE) as process,
    ):
        theirs.close()
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        assert process.wait(20) == 64
        assert ours.recv(100) == b""


def test_a_place_that_does_not_exist_is_none() -> None:
    done = subprocess.run((*_LAUNCHER, "kitchen"), env=environment(), capture_output=True, check=False, timeout=20)
    assert done.returncode == 64


async def test_a_launcher_that_is_gone_is_the_end_of_the_child(tmp_path: Path) -> None:
    accepting = Accepting(tmp_path / "s")
    try:
        async with asyncio.timeout(20):
            child = await SocketSpawner(tmp_path / "s").spawn(_forever())
            accepting.started[0].kill()
            assert await child.wait() == -9
            os.killpg(child.pid, 9)  # systemd does that
            await child.aclose()
    finally:
        accepting.close()


async def test_a_stop_by_systemd_reaches_the_child_and_its_end_is_reported(tmp_path: Path) -> None:
    accepting = Accepting(tmp_path / "s")
    try:
        async with asyncio.timeout(20):
            child = await SocketSpawner(tmp_path / "s").spawn(_forever())
            accepting.started[0].terminate()
            assert await child.wait() == -15
            await child.aclose()
    finally:
        accepting.close()


async def test_a_child_that_starves_its_watchdog_is_killed_and_that_is_said(tmp_path: Path) -> None:
    accepting = Accepting(tmp_path / "s")
    try:
        async with asyncio.timeout(20):
            child = await SocketSpawner(tmp_path / "s").spawn(
                _forever("signal.signal(signal.SIGTERM, signal.SIG_IGN);")
            )
            assert await child.stdout.readline() == b"here\n"
            accepting.started[0].send_signal(6)  # WatchdogSignal=
            assert await child.wait() == -9
            assert await child.stderr.read() == b"it did not feed its watchdog\n"
            await child.aclose()
    finally:
        accepting.close()


async def test_beyond_the_limit_of_connections_nothing_is_started(tmp_path: Path) -> None:
    accepting = Accepting(tmp_path / "s", COMMAND, most=1)
    try:
        async with asyncio.timeout(20):
            first = await SocketSpawner(tmp_path / "s").spawn(_forever())
            try:
                second = await SocketSpawner(tmp_path / "s").spawn(_forever())
            except OSError as error:  # it was closed before the line went out
                refusal = str(error)
            else:  # or just after that
                refusal = f"exit status {await second.wait()}"
                await second.aclose()
            await first.aclose()
        assert refusal in ("exit status 71", f"{tmp_path / 's'} takes no more connections")
        assert len(accepting.started) == 1
    finally:
        accepting.close()


async def test_a_socket_where_nobody_listens_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await SocketSpawner(tmp_path / "nobody").spawn(_forever())


def _forever(before: str = "") -> Order:
    code = f"import signal, time; {before} print('here', flush=True); time.sleep(600)"
    return Order(("python", "-m", CHILD, code))


# ---- which way holds


def test_the_socket_is_used_where_the_unit_names_its_folder_and_it_is_ours_alone(tmp_path: Path) -> None:
    environ = {FOLDER_VARIABLE: str(tmp_path)}
    spawner = BoxSpawner(Place.ENGINE, environ)
    assert isinstance(spawner.way, ForkSpawner), "nothing there yet"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "engine.sock"))
        os.chmod(tmp_path / "engine.sock", 0o600)
        assert isinstance(spawner.way, SocketSpawner)
        assert isinstance(BoxSpawner(Place.WORKER, environ).way, ForkSpawner)
        assert isinstance(BoxSpawner(Place.ENGINE, {}).way, ForkSpawner)
        os.chmod(tmp_path / "engine.sock", 0o660)
        assert isinstance(spawner.way, ForkSpawner), "others may use it"
    (tmp_path / "worker.sock").write_text(json.dumps("no socket"))
    assert isinstance(BoxSpawner(Place.WORKER, environ).way, ForkSpawner)
