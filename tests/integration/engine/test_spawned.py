"""The real engine behind the real launcher, started by systemd's own program for such sockets."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.client import EngineClient
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import SystemClock
from appliance.supervisor.process import ChildProcess, ChildSpec, ChildState, ChildStatus
from appliance.supervisor.spawning.base import Place
from appliance.supervisor.spawning.box import FOLDER_VARIABLE, BoxSpawner
from appliance.supervisor.spawning.connected import SocketSpawner
from tests.fakes.launching import environment
from tests.integration.engine.process import argv, home
from tests.integration.waiting import until

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        shutil.which("systemd-socket-activate") is None, reason="the package systemd has systemd-socket-activate"
    ),
]
_DEADLINE_S = 60.0


class _Box:
    """A socket for engines as homarus-engine.socket makes it, and what systemd hears from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(str(folder / "notify"))
        self.heard.settimeout(_DEADLINE_S)
        record = {"state": "ok", "python": str(home().python), "libraries": str(home().libraries)}
        (folder / "engine.json").write_text(json.dumps(record))
        launcher = (sys.executable, "-P", "-S", "-m", "appliance.supervisor.launcher", "engine")
        variables = environment(
            {
                "HOMARUS_ENGINE_DIR": str(folder),
                "HOMARUS_ENGINE_SOCKETS": str(folder),
                "HOMARUS_STATE_DIR": str(folder / "models"),
                "NOTIFY_SOCKET": str(folder / "notify"),
                "WATCHDOG_USEC": "400000",
            }
        )
        settings = [f"--setenv={name}={value}" for name, value in variables.items()]
        self._process = subprocess.Popen(
            ["systemd-socket-activate", "--accept", "--inetd", "-l", str(folder / "engine.sock"), *settings, *launcher],
            stderr=subprocess.DEVNULL,
        )
        until((folder / "engine.sock").exists, timeout_s=_DEADLINE_S, what="the socket")
        os.chmod(folder / "engine.sock", 0o600)

    def child(self, model: Path, story: list[ChildStatus]) -> ChildProcess:
        environ = {**os.environ, FOLDER_VARIABLE: str(self.folder)}
        spawner = BoxSpawner(Place.ENGINE, environ)
        assert isinstance(spawner.way, SocketSpawner)
        spec = ChildSpec("engine", argv(self.folder / "e.sock", model), home().variables(), backoff=Backoff(0.01, 0.01))
        return ChildProcess(spec, environ=environ, clock=SystemClock(), on_change=story.append, spawner=spawner)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self.heard.close()


@pytest.fixture
def box(folder: Path) -> Iterator[_Box]:
    place = folder / "box"
    (place / "models").mkdir(parents=True)
    one = _Box(place)
    yield one
    one.close()
    shutil.rmtree(place)


async def test_an_engine_that_systemd_starts_answers_is_watched_and_started_again(
    box: _Box, random_model: Path
) -> None:
    model = Path(shutil.copy(random_model, box.folder / "models"))
    story: list[ChildStatus] = []
    child = box.child(model, story)
    await child.start()
    try:
        async with asyncio.timeout(_DEADLINE_S):
            await child.wait_ready()
            info = await EngineClient(box.folder / "e.sock").info()
            said = [await asyncio.to_thread(box.heard.recv, 200) for _ in range(3)]
            pid = child.status.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            while child.status.starts < 2:
                await asyncio.sleep(0.01)
            await child.wait_ready()
    finally:
        await child.stop()
    assert info.name
    assert said[0].startswith(b"READY=1\nSTATUS=")
    assert said[1:] == [b"WATCHDOG=1"] * 2
    assert [status.state for status in story if "SIGKILL" in status.reason] == [ChildState.BACKOFF]
    assert not (box.folder / "e.sock").exists(), "it ended in good order"


async def test_a_model_outside_of_the_folders_is_refused_and_not_tried_again(box: _Box, random_model: Path) -> None:
    story: list[ChildStatus] = []
    child = box.child(random_model, story)
    await child.start()
    try:
        async with asyncio.timeout(_DEADLINE_S):
            while child.status.state is not ChildState.FAILED:
                await asyncio.sleep(0.01)
    finally:
        await child.stop()
    reason = next(status.reason for status in story if status.state is ChildState.FAILED)
    assert "lies in none of" in reason
    assert "HOMARUS_MODEL_FOLDERS" in reason
