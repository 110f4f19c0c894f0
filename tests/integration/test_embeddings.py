"""A gateway whose embedded model hears sentence embeddings too: set up or not, alive or killed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine.process import home, make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

pytestmark = pytest.mark.engine


@pytest.fixture
def engine_folder(tmp_path: Path) -> Path:
    """A folder like .venv-engine, in which nothing else is set up."""
    folder, own = tmp_path / "engine", home().python.parent.parent
    folder.mkdir()
    for name in ("bin", "lib", "lib64"):
        if (own / name).exists():
            (folder / name).symlink_to(own / name)
    shutil.copy(own / "pyvenv.cfg", folder)
    record = json.loads((own / "engine.json").read_text("utf-8")) | {"python": str(folder / "bin" / "python")}
    (folder / "engine.json").write_text(json.dumps(record), "utf-8")
    return folder


def gateway_with(folder: Path, engine: Path, **mini: Any) -> GatewayProcess:
    config = {"models": {"local": {"enabled": False}, "mini": mini}}
    return GatewayProcess(folder / "s", config, HOMARUS_ENGINE_DIR=str(engine))


def understood(gateway: GatewayProcess, text: str) -> str:
    """Return the tool that a sentence is understood as, nothing while the model does not run."""
    done = gateway.homarus("models", "understand", text, "--json")
    return str(json.loads(done.stdout)["tool"]) if done.returncode == 0 else ""


def embedders(folder: Path) -> list[int]:
    """Return the processes that make embeddings for this gateway."""
    socket = str(folder / "s" / "run" / "engine-embeddings.sock").encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if socket in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def absent(gateway: GatewayProcess) -> list[dict[str, Any]]:
    done = gateway.homarus("status", "--json")
    return [one for one in json.loads(done.stdout).get("conditions", []) if one["code"] == "embeddings_absent"]


async def test_without_the_model_file_the_box_says_how_to_get_it_and_understands(
    tmp_path: Path, engine_folder: Path
) -> None:
    gateway = gateway_with(tmp_path, engine_folder, embeddings=True)
    await asyncio.to_thread(gateway.start)
    try:
        await asyncio.to_thread(until, lambda: understood(gateway, "set a timer for 5 minutes"), what="the model")
        (condition,) = await asyncio.to_thread(until, lambda: absent(gateway), what="the condition")
        assert "scripts/embeddings" in condition["fix"]
        assert embedders(tmp_path) == []
    finally:
        assert await asyncio.to_thread(gateway.stop) == 0


async def test_the_embeddings_run_in_a_process_of_their_own_and_may_die(tmp_path: Path, engine_folder: Path) -> None:
    make_model(engine_folder / "minilm.gguf", "--width", "384", "--pooling", "mean")
    gateway = gateway_with(tmp_path, engine_folder, embeddings=True)
    await asyncio.to_thread(gateway.start)
    try:
        await asyncio.to_thread(until, lambda: understood(gateway, "what time is it"), what="the model")
        (pid,) = await asyncio.to_thread(until, lambda: embedders(tmp_path), what="the embeddings")
        os.kill(pid, signal.SIGKILL)
        assert await asyncio.to_thread(understood, gateway, "set a timer for 5 minutes") == "timer_set"
        done = await asyncio.to_thread(gateway.homarus, "config", "set", "models.mini.embeddings", "false")
        assert done.returncode == 0, done.stderr
        await asyncio.to_thread(until, lambda: not embedders(tmp_path), what="the end of the process")
        assert await asyncio.to_thread(understood, gateway, "set a timer for 5 minutes") == "timer_set"
    finally:
        assert await asyncio.to_thread(gateway.stop) == 0
