"""Real engine processes with tiny models, for the tests of this folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineHome, locate

_TIMEOUT_S = 60.0


def home() -> EngineHome:
    """Return the engine of this checkout; the test fails with the reason where there is none."""
    found = locate(os.environ)
    assert isinstance(found, EngineHome), found.reason
    return found


def environment(engine: EngineHome) -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], **engine.variables()}


def make_model(path: Path, *options: str) -> Path:
    """Write a tiny model; `options` are those of appliance.engine.tinymodel."""
    engine = home()
    command = [str(engine.python), "-m", "appliance.engine.tinymodel", str(path), *options]
    subprocess.run(command, env=environment(engine), check=True, timeout=_TIMEOUT_S)
    return path


def argv(socket: Path, model: Path, *options: str) -> list[str]:
    engine = home()
    return [str(engine.python), "-m", "appliance.engine", "--socket", str(socket), "--model", str(model), *options]


class EngineProcess:
    """One engine, ready when `start` returns; its stderr goes to the test's own."""

    def __init__(self, socket: Path, model: Path, *options: str) -> None:
        self.socket = socket
        self._process = subprocess.Popen(
            argv(socket, model, *options), env=environment(home()), stdout=subprocess.PIPE, stderr=sys.stderr
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line != b"ready\n":
            self.stop()
            raise AssertionError(f"the engine said {line!r}")
        self.client = EngineClient(socket)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        """End it and return its exit status."""
        self._process.terminate()
        status = self._process.wait(_TIMEOUT_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status
