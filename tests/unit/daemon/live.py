"""A configuration file that a test writes, read as the running gateway reads it."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.daemon.live_config import LiveConfig
from appliance.events import Bus, ConfigChanged
from appliance.health import HealthTracker
from appliance.telemetry.redact import Redactor
from tests.fakes.clock import FakeClock


class Live:
    """The live configuration with what it tells."""

    def __init__(self, folder: Path, text: str = "{}", **environ: str) -> None:
        self.path = folder / "homarus.json5"
        self.clock = FakeClock()
        self.tracker = HealthTracker()
        self.redact = Redactor()
        self.changes: list[ConfigChanged] = []
        bus = Bus()
        bus.listen(ConfigChanged, self.changes.append)
        self._writes = 0
        self.write(text)
        self.config = LiveConfig(
            self.path,
            environ,
            hash_key=b"key",
            tracker=self.tracker,
            bus=bus,
            clock=self.clock,
            learn=self.redact.learn,
        )

    def write(self, text: str) -> None:
        """Replace the file; each version has a time of its own."""
        self._writes += 1
        self.path.write_text(text)
        self.path.chmod(0o600)
        os.utime(self.path, ns=(self._writes * 10**9, self._writes * 10**9))

    def told(self) -> set[tuple[str, str, str]]:
        """Return code, subject and severity of every condition."""
        return {(one.code, one.subject, one.severity.value) for one in self.tracker.conditions()}
