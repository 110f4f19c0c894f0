"""Serves a folder over HTTP with byte ranges, which streamed updates need. Usage: python -m tests.image.ranges FOLDER

Prints its port and, for each line "sent" on standard input, the bytes served in ranges; ends with its input.
"""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import threading
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = _RANGE.match(self.headers.get("Range", ""))
        if not wanted:
            super().do_GET()
            return
        try:
            with open(self.translate_path(self.path), "rb") as file:
                self._part(file, int(wanted[1]), wanted[2])
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _part(self, file: BinaryIO, first: int, last_text: str) -> None:
        size = file.seek(0, 2)
        last = min(int(last_text), size - 1) if last_text else size - 1
        if first > last:
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        file.seek(first)
        left = last - first + 1
        self.server.count(left)  # type: ignore[attr-defined]  # our own server; before who reads it may ask
        while left > 0:
            chunk = file.read(min(left, 1 << 18))
            self.wfile.write(chunk)
            left -= len(chunk)

    def log_message(self, format: str, *words: object) -> None:
        print(format % words, file=sys.stderr, flush=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    sent = 0  # bytes of partial answers
    _counting = threading.Lock()  # each request has a thread

    def count(self, size: int) -> None:
        with self._counting:
            self.sent += size


def main(folder: str) -> None:
    server = _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=folder))
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        if line.strip() == "sent":
            print(server.sent, flush=True)


class Served:
    """A folder that is served by a process of its own until `close`; what was asked for is in `log`."""

    def __init__(self, folder: Path, log: Path) -> None:
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.image.ranges", folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=Path(__file__).resolve().parents[2],
            )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self.port = int(self._out.readline())

    def sent(self) -> int:
        """Return how many bytes of ranges it has served."""
        self._in.write("sent\n")
        self._in.flush()
        return int(self._out.readline())

    def close(self) -> None:
        self._in.close()
        self._process.wait(timeout=10)
        self._out.close()


if __name__ == "__main__":
    main(sys.argv[1])
