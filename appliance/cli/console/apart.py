"""Work in a child process that is gone afterwards: what it had to import does not stay in a console for years."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

_CHUNK_BYTES: Final = 64 * 1024
_MAX_BYTES: Final = 1024 * 1024


def apart(work: Callable[[], str]) -> str:
    """Return what `work` returns, done by a copy of this process; "" where it failed. For programs of one thread.

    Raises OSError where there can be no child.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(work, ours, theirs)
    os.close(theirs)
    data = bytearray()
    try:
        while (chunk := os.read(ours, _CHUNK_BYTES)) and len(data) <= _MAX_BYTES:
            data += chunk
    finally:
        os.close(ours)
        _, status = os.waitpid(child, 0)
    return data.decode("utf-8", "replace") if status == 0 and len(data) <= _MAX_BYTES else ""


def _answer(work: Callable[[], str], ours: int, theirs: int) -> None:
    """Never return: what the parent has to do at its end is not done here."""
    status = 1
    try:
        os.close(ours)
        answer = work().encode()
        while answer:
            answer = answer[os.write(theirs, answer) :]
        status = 0
    except Exception as error:  # noqa: BLE001 - there is nobody above it in a child
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(status)
