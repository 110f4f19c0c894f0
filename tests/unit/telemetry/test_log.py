import errno
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.telemetry.log import configure
from appliance.telemetry.redact import Redactor


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    for handler in handlers:
        if handler not in root.handlers:
            root.addHandler(handler)
    root.setLevel(level)


def test_a_record_is_one_json_line_with_its_fields_and_without_secrets(tmp_path: Path) -> None:
    terminal = io.StringIO()
    path = configure(tmp_path, "info", {}, Redactor(), terminal=terminal)
    logging.getLogger("appliance.x").info("key is apiKey=%s", "abcdefgh", extra={"runId": "r1"})
    (line,) = path.read_text().splitlines()
    record = json.loads(line)
    assert (record["level"], record["logger"], record["runId"]) == ("info", "appliance.x", "r1")
    assert "abcdefgh" not in line + terminal.getvalue()
    assert "runId=r1" in terminal.getvalue()


def test_the_log_file_is_private(tmp_path: Path) -> None:
    path = configure(tmp_path, "info", {}, Redactor(), terminal=None)
    assert path.stat().st_mode & 0o777 == 0o600


class _Full(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_once_and_prints_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = io.StringIO()
    configure(tmp_path, "info", {}, Redactor(), terminal=terminal)
    (file,) = (one for one in logging.getLogger().handlers if type(one).__name__ == "_LogFile")
    assert isinstance(file, logging.StreamHandler)
    kept, file.stream = file.stream, _Full()
    logging.getLogger("appliance.x").error("first")
    logging.getLogger("appliance.x").error("second")
    file.stream = kept
    said = capsys.readouterr().err
    assert said.count("cannot be written: No space left on device. Make room on that disk") == 1
    assert "Traceback" not in said
    assert "first" in terminal.getvalue()
    assert "second" in terminal.getvalue()
