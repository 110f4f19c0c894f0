"""Set-up of logging: one JSON line per record in a bounded file, and journald or the terminal beside it."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from appliance.foundation.filetrouble import told
from appliance.foundation.visible import harmless
from appliance.telemetry.redact import Redactor

FILE_NAME = "gateway.log"
_FILE_MAX_BYTES = 4 * 1024 * 1024
_FILE_COUNT = 3  # 12 MB in all: enough for weeks at rest, small on a card
# journald reads <N> in front of a line as the syslog priority (sd-daemon(3)).
_PRIORITY = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the facts that the caller attached to a record with `extra=`."""
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON: time, level, logger, message, fields, error."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return self._redact(json.dumps(line, ensure_ascii=False, default=str))


class TerminalFormatter(logging.Formatter):
    """One record as one short line for a person, or for journald when `priorities` is set."""

    def __init__(self, redact: Redactor, *, priorities: bool) -> None:
        super().__init__()
        self._redact = redact
        self._priorities = priorities

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {name}={value}" for name, value in fields_of(record).items())
        text = harmless(f"{record.name.removeprefix('appliance.')}: {record.getMessage()}{facts}")
        if record.exc_info:
            text += "\n" + harmless(self.formatException(record.exc_info))
        if self._priorities:
            text = f"<{_PRIORITY.get(record.levelname, 6)}>{text}"
        else:
            text = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {text}"
        return self._redact(text)


def _journal_handler(redact: Redactor) -> logging.Handler | None:
    """Return a handler that keeps fields apart in the journal; None where the binding is missing."""
    try:
        from systemd.journal import send
    except ImportError:
        return None

    class Journal(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            facts = {f"HOMARUS_{name.upper()}": redact(str(value)) for name, value in fields_of(record).items()}
            text = record.getMessage()
            if record.exc_info:
                text += "\n" + logging.Formatter().formatException(record.exc_info)
            send(redact(text), PRIORITY=str(_PRIORITY.get(record.levelname, 6)), LOGGER=record.name, **facts)

    return Journal()


class _LogFile(logging.handlers.RotatingFileHandler):
    """The log file. A full disk ends no program and prints no traceback: it is said once, then again when it changed.

    Records go on to the journal or the terminal.
    """

    _failed = ""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        said = told(error)
        if said != self._failed and sys.stderr is not None:
            print(f"homarus: the log {self.baseFilename} cannot be written: {said}", file=sys.stderr)
        self._failed = said


def configure(
    directory: Path,
    level: str,
    environ: Mapping[str, str],
    redact: Redactor,
    *,
    terminal: TextIO | None = sys.stderr,
) -> Path:
    """Send every record of the program to the log file, and to journald or `terminal` beside it.

    Under systemd (JOURNAL_STREAM is set) records go to the journal with their fields. `terminal` None is silence,
    for a chat in the same window. Returns the path of the log file.
    """
    path = directory / FILE_NAME
    file = _LogFile(path, maxBytes=_FILE_MAX_BYTES, backupCount=_FILE_COUNT - 1, encoding="utf-8", delay=False)
    os.chmod(path, 0o600)
    file.setFormatter(JsonFormatter(redact))
    handlers: list[logging.Handler] = [file]
    under_systemd = "JOURNAL_STREAM" in environ
    journal = _journal_handler(redact) if under_systemd else None
    if journal is not None:
        handlers.append(journal)
    elif terminal is not None:
        stream = logging.StreamHandler(terminal)
        stream.setFormatter(TerminalFormatter(redact, priorities=under_systemd))
        handlers.append(stream)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level.upper())
    return path
