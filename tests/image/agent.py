"""Runs inside the machine under test, put there by a credential: one JSON line in, one out, as root.

It speaks over a port of the emulated hardware, so it answers without a network, while the gateway is down and before
the boot is over. The image itself has no such thing. Standard library only: this file is passed as it is.
"""

import contextlib
import json
import os
import subprocess
import time
from typing import Any

_PORT = "/dev/virtio-ports/homarus.test"


def _answer(request: dict[str, Any]) -> dict[str, object]:
    try:
        done = subprocess.run(
            request["argv"],
            input=request.get("input", ""),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=request.get("timeout", 60),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return {"id": request["id"], "status": 124, "out": "", "err": str(error)}
    except OSError as error:
        return {"id": request["id"], "status": 127, "out": "", "err": str(error)}
    return {"id": request["id"], "status": done.returncode, "out": done.stdout, "err": done.stderr}


def _write(port: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(port, data) :]
        except BlockingIOError:
            time.sleep(0.05)


def main() -> None:
    while not os.path.exists(_PORT):
        time.sleep(0.2)
    port = os.open(_PORT, os.O_RDWR)
    waiting = b""
    while True:
        chunk = os.read(port, 65536)
        if not chunk:  # nobody at the other end
            time.sleep(0.2)
            continue
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError, KeyError):
                _write(port, json.dumps(_answer(json.loads(line))).encode() + b"\n")


main()
