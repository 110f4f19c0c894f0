"""A real gateway in a process of its own, on a free port, with a state directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.client.errors import ClientError
from appliance.client.once import call_once
from appliance.client.target import SocketTarget, UrlTarget

CHECKOUT = Path(__file__).resolve().parents[2]
TOKEN = "test-token-0123456789"
# The product's own environment where it is set up: what is imported there is what a box imports.
_PRODUCT = CHECKOUT / ".venv" / "bin" / "python"
_START_S = 60.0


class GatewayProcess:
    """Starts, asks, kills and restarts one gateway."""

    def __init__(self, state: Path, config: Mapping[str, Any] | None = None, **environ: str) -> None:
        self.state = state
        self.state.mkdir(parents=True, exist_ok=True)
        self.config_file = state / "homarus.json5"
        if config is not None:
            self.config_file.write_text(json.dumps(config))
            self.config_file.chmod(0o600)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(state),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOMARUS_STATE_DIR": str(state),
            "HOMARUS_GATEWAY_TOKEN": TOKEN,
            **environ,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def python(self) -> str:
        return str(_PRODUCT) if _PRODUCT.exists() else sys.executable

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def socket(self) -> SocketTarget:
        return SocketTarget(self.state / "run" / "gateway.sock")

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.state / "run" / "gateway.json").read_text())
        return facts

    @property
    def target(self) -> UrlTarget:
        return UrlTarget(f"ws://127.0.0.1:{self.facts['port']}/", TOKEN)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.facts['port']}"

    @property
    def output(self) -> str:
        return (self.state / "output.txt").read_text(errors="replace")

    @property
    def prefix(self) -> list[str]:
        """What stands in front of the command, for gateways in surroundings of their own."""
        return []

    def start(self, *, wait: bool = True, port: int = 0) -> GatewayProcess:
        (self.state / "run" / "gateway.json").unlink(missing_ok=True)
        with (self.state / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [*self.prefix, self.python, "-m", "appliance", "gateway-process", "--port", str(port)],
                cwd=CHECKOUT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                assert self.facts["pid"] == self.pid
                self.call("health", timeout_s=5)
                return
            except (ClientError, OSError, ValueError, AssertionError) as error:
                if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the gateway did not start ({error}):\n{self.output}") from error
                time.sleep(0.02)

    def call(self, method: str, params: Any = None, *, timeout_s: float = 20.0) -> Any:
        return call_once(self.socket, method, params or {}, timeout_s=timeout_s)

    def homarus(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command line against this gateway."""
        return subprocess.run(
            [self.python, "-m", "appliance", *arguments],
            cwd=CHECKOUT,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it as systemd would; return its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_START_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def __enter__(self) -> GatewayProcess:
        return self.start() if self._process is None else self

    def __exit__(self, *_: object) -> None:
        self.stop()
