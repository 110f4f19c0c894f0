"""Reading one record of a file, for every part that keeps some: an unreadable one is none, and the log says so."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TypeVar

import msgspec

_log = logging.getLogger(__name__)
T = TypeVar("T", bound=msgspec.Struct)


def read_record(path: Path, kind: type[T], max_bytes: int) -> T | None:
    """Return the record in `path`; None where there is none, it is damaged, or longer than `max_bytes`."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(max_bytes), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.error("%s cannot be read (%s)", path, error)
        return None
