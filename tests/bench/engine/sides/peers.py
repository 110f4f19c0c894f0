"""llama-bench and llama-server, built from the same sources as the engine's library."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.bench.engine.sides.answer import Streamed
from tests.bench.engine.sides.setting import NICENESS, Setting

_CHECKOUT = Path(__file__).resolve().parents[4]
_READY_S = 120.0
_SAMPLING = {"samplers": ["top_k", "top_p", "temperature"], "temperature": 0.7, "top_k": 40, "top_p": 0.95, "seed": 1}


@cache
def programs() -> Path:
    """Return the folder with the peers; they are built where they are missing (15 CPU minutes)."""
    command = [sys.executable, str(_CHECKOUT / "scripts" / "build_peers.py")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


def bench(setting: Setting, tokens: int) -> float:
    """Return the tokens per second that llama-bench decodes, after a warm-up of its own."""
    arguments = ["-p", "0", "-n", str(tokens), "-r", "1", "-o", "json"]
    command = ["nice", "-n", str(NICENESS), str(programs() / "llama-bench"), *setting.arguments(), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    (row,) = json.loads(done.stdout)
    return float(row["avg_ts"])


class ServerClient:
    """Asks the llama-server at a port of this machine."""

    name = "llama-server"

    def __init__(self, port: int) -> None:
        self._port = port

    async def stream(
        self, prompt: Sequence[int], tokens: int, *, session: str = "", into: Streamed | None = None
    ) -> Streamed:
        """Have `tokens` tokens written; sessions are found again by their prompts. `into` grows meanwhile."""
        body = {"prompt": list(prompt), "n_predict": tokens, "stream": True, "ignore_eos": True, **_SAMPLING}
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        streamed = into or Streamed()
        streamed.began = time.perf_counter()
        last: dict[str, Any] = {}
        try:
            writer.write(_post("/completion", json.dumps(body).encode()))
            async for line in reader:
                if line.startswith(b"data: {"):
                    if b'"stop":true' in line:
                        last = json.loads(line.removeprefix(b"data: "))
                        break
                    streamed.times.append(time.perf_counter())
        finally:
            writer.transport.abort()  # a cancelled request must be noticed at once
        streamed.tokens = last.get("tokens_predicted", 0)
        if streamed.tokens != tokens:
            raise RuntimeError(f"llama-server wrote {streamed.tokens} of {tokens} tokens: {last}")
        return streamed


class LlamaServer(ServerClient):
    """One llama-server with as many slots as the setting has sessions, sharing one cache."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(_free_port())
        command = [
            *("nice", "-n", str(NICENESS), str(programs() / "llama-server")),
            *setting.arguments(),
            *("--host", "127.0.0.1", "--port", str(self._port), "--ctx-size", str(setting.cells)),
            *("--parallel", str(setting.sessions), "--kv-unified", "--no-webui", "--offline", "--log-disable"),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_lean())
        self._wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _wait(self) -> None:
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if _healthy(self._port):
                return
            time.sleep(0.05)
        self.__exit__()
        raise RuntimeError("llama-server did not start")

    def __enter__(self) -> LlamaServer:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait()


def _lean() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
