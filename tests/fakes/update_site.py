"""A web server of an update channel on this machine, and a box that looks there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from appliance.updates.install.fetch import get
from appliance.updates.install.machine import Machine
from appliance.updates.install.service import Service
from appliance.updates.records.files import Records
from tests.fakes.clock import FakeClock
from tests.fakes.rauc import FakeRauc
from tests.fakes.update_channel import COMPATIBLE, NOW_MS, Maker


@dataclass
class Site:
    """Paths and what is there: bytes, a number for an error, or an address to go to instead."""

    port: int = 0
    files: dict[str, bytes | int | str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, maker: Maker, name: str = "stable", **changes: Any) -> None:
        content, signature = maker.manifest(channel=name, **changes)
        self.files |= {f"/{name}.json": content, f"/{name}.json.sig": signature}


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        found = self.site.files.get(self.path, 404)
        if isinstance(found, str):
            self.send_response(302)
            self.send_header("Location", found)
            self.end_headers()
        elif isinstance(found, int):
            self.send_error(found)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

    def log_message(self, format: str, *words: object) -> None: ...


@contextmanager
def serving() -> Iterator[Site]:
    """Run a server with nothing on it."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    site.port = server.server_address[1]
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class TestBox:
    """A box in a folder. `reboots` counts; `slept` are the pauses of the updater."""

    __test__ = False

    root: Path
    maker: Maker
    site: Site
    rauc: FakeRauc
    clock: FakeClock
    reboots: int = 0
    slept: int = 0

    def service(self) -> Service:
        from appliance.host.rauc import Rauc

        def sleep(seconds: float) -> None:
            self.slept += 1
            self.clock.advance(seconds)

        def reboot() -> None:
            self.reboots += 1

        return Service(Machine(self.root), Rauc(), partial(get, clock=self.clock), self.clock, sleep, reboot)

    @property
    def records(self) -> Records:
        return Records.on(self.root)

    def configure(self, **updates: Any) -> None:
        offline = updates.pop("offline", False)
        section = {"url": self.site.url, "window": "00:00-00:00", **updates}
        write(
            self.root,
            "var/lib/homarus/homarus.json5",
            json.dumps({"updates": section, "offline": offline, "timezone": "UTC"}),
        )


def box(root: Path, site: Site, rauc: FakeRauc, maker: Maker | None = None, **facts: Any) -> TestBox:
    """Make a box with version 1.0.0 that installs at any hour."""
    maker = maker or Maker()
    about = {
        "board": "test",
        "version": "1.0.0",
        "build": "1",
        "compatible": COMPATIBLE,
        "tryboot": False,
        "kernel": "6.12",
        "keys": "development",
        **facts,
    }
    write(root, "usr/lib/homarus/box.json", json.dumps(about))
    write(root, "usr/lib/homarus/keys/channel.pub", maker.key_file)
    write(root, "proc/cmdline", "ro rauc.slot=A quiet")
    write(root, "etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    (root / "run").mkdir(parents=True, exist_ok=True)
    made = TestBox(root, maker, site, rauc, FakeClock(NOW_MS))
    made.configure()
    return made


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
