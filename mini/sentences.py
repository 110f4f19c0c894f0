"""Sentences with their right answers, and the engine process that homarus-mini is asked through."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from appliance.engine.client import EngineClient
from appliance.generation import ModelError

ROOT = Path(__file__).resolve().parent.parent
EVALUATION = ROOT / "mini" / "evaluation"
CALIBRATION = ROOT / "mini" / "calibration"
ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp() * 1000)
_READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence and what it asks for; `arguments` is None where more than one set of them is right."""

    text: str
    tool: str
    arguments: dict[str, Any] | None


def rows(path: Path) -> list[Row]:
    """Read a file of sentences, one JSON object a line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Row(one["text"], one["tool"], one.get("arguments")) for one in map(json.loads, lines)]


@asynccontextmanager
async def engine(model: Path, folder: Path) -> AsyncIterator[tuple[EngineClient, int]]:
    """Run an engine process with one thread from .venv-engine; yield its client and its process id.

    Raises TimeoutError when it does not answer.
    """
    socket = folder / f"{model.stem}.sock"
    process = _start(model, socket)
    try:
        client = EngineClient(socket)
        await _ready(client)
        yield client, process.pid
    finally:
        process.terminate()
        process.wait(10)


def _start(model: Path, socket: Path) -> subprocess.Popen[bytes]:
    found = json.loads((ROOT / ".venv-engine" / "engine.json").read_text(encoding="utf-8"))
    environment = {
        **os.environ,
        "LLAMA_CPP_LIB_PATH": found["libraries"],
        "PYTHONPATH": str(ROOT),
        "GGML_NO_BACKTRACE": "1",
    }
    settings = ("--socket", str(socket), "--model", str(model), "--name", "mini", "--context", "512", "--threads", "1")
    command = [found["python"], "-m", "appliance.engine", *settings]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


async def _ready(client: EngineClient) -> None:
    async with asyncio.timeout(_READY_S):
        while True:
            try:
                await client.info()
                return
            except ModelError:
                await asyncio.sleep(0.1)
