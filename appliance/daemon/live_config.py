"""The configuration of the running gateway: read at start, read again when the file changes."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from appliance.config.errors import IssueSeverity, Refused
from appliance.config.load import Loaded, load
from appliance.config.redact import secrets_of
from appliance.config.schema import Config, OwnerSection
from appliance.events import Bus, ConfigChanged
from appliance.foundation.clock import Clock
from appliance.gateway.methods.config_patch import differences
from appliance.gateway.methods.config_shape import needs_restart
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.timezone import system_zone

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_CODES = {
    IssueSeverity.ERROR: "config_invalid",
    IssueSeverity.WARNING: "config_warning",
    IssueSeverity.UNUSED: "config_unused",
}
_RESTART = "restart_required"
# Without these the gateway could listen in the wrong place or let the wrong people in: it does not become ready.
_VITAL = frozenset({"gateway"})
_MAX_NAMED = 5
# Keys that providers find in the environment by themselves.
_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
T = TypeVar("T")


class LiveConfig:
    """Holds what the file says now. Parts ask for their section when they need it, so that a change counts."""

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        *,
        hash_key: bytes,
        tracker: HealthTracker,
        bus: Bus,
        clock: Clock,
        learn: Callable[[str], None],
    ) -> None:
        self.path = path
        self.environ = environ
        self._hash_key = hash_key
        self._tracker = tracker
        self._bus = bus
        self._clock = clock
        self._learn = learn
        self._system_zone = system_zone()
        self._named: set[tuple[str, str]] = set()
        for name, value in environ.items():
            if name.endswith(_SECRET_NAMES):
                learn(value)
        self._seen = _signature(path)
        self.loaded = self._read()
        self._started_with = self.loaded.parsed

    @property
    def config(self) -> Config:
        return self.loaded.config

    def section(self, part: T | Refused, fallback: T) -> T:
        """Return a section, or `fallback` when it is refused (its condition tells the owner why)."""
        return fallback if isinstance(part, Refused) else part

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the owner."""
        agents = self.config.agents
        chosen = None if isinstance(agents, Refused) else agents.defaults.user_timezone
        named = chosen or self.config.timezone
        return ZoneInfo(named) if isinstance(named, str) else self._system_zone

    @property
    def owner(self) -> str:
        """The name of the owner, "" while unknown."""
        return self.section(self.config.owner, OwnerSection()).name or ""

    def reload(self) -> bool:
        """Read the file again; return whether it says something new."""
        before = self.loaded
        self.loaded = self._read()
        if self.loaded.hash == before.hash:
            return False
        self._tell_restart()
        _log.info("configuration read again", extra={"hash": self.loaded.hash[-12:]})
        self._bus.publish(ConfigChanged(str(self.path), self.loaded.hash, self._clock.now_ms()))
        return True

    def _tell_restart(self) -> None:
        """Name what differs from the start and counts only after a restart; what was taken back needs none."""
        changed = [path for path in differences(self._started_with, self.loaded.parsed) if needs_restart(path)]
        if not changed:
            self._tracker.clear(_RESTART, "gateway")
            return
        more = f" and {len(changed) - _MAX_NAMED} more" if len(changed) > _MAX_NAMED else ""
        summary = f"Counts after a restart: {', '.join(changed[:_MAX_NAMED])}{more}."
        fix = "Restart it with `homarus gateway restart`."
        details: dict[str, str | int] = {
            "names": ", ".join(changed[:_MAX_NAMED]),
            "more": max(0, len(changed) - _MAX_NAMED),
        }
        self._tracker.set(Condition(_RESTART, "gateway", Severity.NOTICE, summary, fix, details))

    async def watch(self) -> None:
        """Read the file again whenever it changes, until cancelled."""
        while True:
            await self._clock.sleep(_LOOK_S)
            now = await asyncio.to_thread(_signature, self.path)
            if now == self._seen or self._mode() in ("off", "restart"):
                continue
            self._seen = now
            self.reload()

    def _mode(self) -> str:
        gateway = self.config.gateway
        return "hybrid" if isinstance(gateway, Refused) else gateway.reload.mode

    def _read(self) -> Loaded:
        loaded = load(self.path, self.environ, hash_key=self._hash_key)
        for secret in secrets_of(loaded.config):
            self._learn(secret)  # before anything of it can reach a log line
        named: set[tuple[str, str]] = set()
        for issue in loaded.issues:
            wrong = issue.severity is IssueSeverity.ERROR
            vital = issue.path.split(".")[0] in _VITAL or not issue.path
            severity = Severity.BLOCKING if wrong and vital else Severity.DEGRADED if wrong else Severity.NOTICE
            code = _CODES[issue.severity]
            shown = f" (found {issue.value})" if issue.value else ""
            summary = f"{self.path}: {issue.path or 'the file'}: {issue.message}{shown}"
            found = {"path": issue.path, "reason": issue.message, "value": str(issue.value), "hint": issue.hint}
            self._tracker.set(Condition(code, issue.path, severity, summary, issue.hint, found))
            named.add((code, issue.path))
        for code, subject in self._named - named:
            self._tracker.clear(code, subject)
        self._named = named
        return loaded


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size
