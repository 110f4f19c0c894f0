"""Once a week the return to the newest copy is rehearsed in a folder of its own; a copy nobody opens is a hope."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.running.program import command, environment
from appliance.storage.copies import files
from appliance.storage.errors import StorageError, StorageFullError

_log = logging.getLogger(__name__)

FILE: Final = "rehearsed.json"
"""Beside the copies: `{"atMs", "ok", "copy", "reason"}` of the last rehearsal."""

CODE: Final = "backup_rehearsal"
_WEEK_MS: Final = 7 * 86_400_000
_AGAIN_MS: Final = 86_400_000  # after one that failed
_LOOK_S: Final = 3600.0
_TIMEOUT_S: Final = 1800.0
_SCRATCH: Final = ".rehearsal"
_SPARE_BYTES: Final = 256 << 20
_MAX_ANSWER: Final = 64 * 1024

Rehearse: TypeAlias = Callable[[Path, Path], Awaitable[Mapping[str, Any]]]
"""Takes the folder and where the attachments lie; `{"ok": …}` and a reason or counts."""


class Rehearsals:
    """Keeps the condition true: the newest copy was put back and opened within the last week."""

    def __init__(self, paths: StatePaths, tracker: HealthTracker, clock: Clock, rehearse: Rehearse) -> None:
        self._paths = paths
        self._tracker = tracker
        self._clock = clock
        self._rehearse = rehearse

    async def run(self) -> None:
        """Look every hour whether a rehearsal is due, for ever."""
        last = await asyncio.to_thread(last_of, self._paths.backups)
        self._tell(last)
        while True:
            await self._clock.sleep(_LOOK_S)
            if await asyncio.to_thread(self._due):
                await self.once()

    async def once(self) -> Mapping[str, Any] | None:
        """Rehearse with the newest copy and keep what came of it; None where there is no copy."""
        copy = await asyncio.to_thread(newest, self._paths.backups)
        if copy is None:
            return None
        scratch = self._paths.backups / _SCRATCH
        try:
            await asyncio.to_thread(_prepare, copy, scratch)
            answer = await self._rehearse(scratch, self._paths.blobs)
        except StorageFullError as error:
            _log.warning("no rehearsal: %s", error)
            return None
        except StorageError as error:
            answer = {"ok": False, "reason": str(error)}
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        told = {**answer, "atMs": self._clock.now_ms(), "copy": copy.name}
        await asyncio.to_thread(write_atomic, self._paths.backups / FILE, json.dumps(told).encode())
        _log.info("rehearsed the return to %s: %s", copy.name, "good" if told["ok"] else told.get("reason"))
        self._tell(told)
        return told

    def _due(self) -> bool:
        last = last_of(self._paths.backups)
        at = last.get("atMs")
        since_ms = self._clock.now_ms() - at if isinstance(at, int) else _WEEK_MS
        return since_ms >= (_WEEK_MS if last.get("ok") else _AGAIN_MS) or since_ms < 0

    def _tell(self, last: Mapping[str, Any]) -> None:
        if not last or last.get("ok"):
            self._tracker.clear(CODE, "backups")
            return
        reason = str(last.get("reason") or "unknown")
        summary = f"The return to the copy {last.get('copy')} was rehearsed and failed: {reason}."
        fix = "Make a backup now with `homarus backup create`; look at the disk with `homarus doctor`."
        details: dict[str, str | int] = {"copy": str(last.get("copy")), "reason": reason}
        self._tracker.set(Condition(CODE, "backups", Severity.DEGRADED, summary, fix, details))


def last_of(backups: Path) -> Mapping[str, Any]:
    """Return what the last rehearsal said; empty before the first."""
    try:
        value = json.loads((backups / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def newest(backups: Path) -> Path | None:
    """Return the newest nightly copy."""
    return max(backups.glob("homarus-*.sqlite"), default=None)


def _prepare(copy: Path, scratch: Path) -> None:
    """Put a copy into an empty folder as a restore would. Raises StorageError."""
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        size = copy.stat().st_size
        if shutil.disk_usage(copy.parent).free < 2 * size + _SPARE_BYTES:
            raise StorageFullError(f"no room to rehearse with {copy.name} ({size >> 20} MiB); free some space")
        scratch.mkdir(mode=0o700)
        shutil.copyfile(copy, scratch / "homarus.sqlite")
        (scratch / "homarus.sqlite").chmod(0o600)
    except OSError as error:
        raise StorageError(f"{copy.name} cannot be read ({error.strerror or error})") from error
    files.put(scratch, files.unpack(files.archive_of(copy)).items())


async def in_a_process(folder: Path, blobs: Path) -> Mapping[str, Any]:
    """Let another process of this program open the folder; what it says, and a reason where it cannot."""
    process = await asyncio.create_subprocess_exec(
        *command("rehearse-state", str(folder), "--blobs", str(blobs)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(os.environ, HOMARUS_STATE_DIR=str(folder)),
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return {"ok": False, "reason": f"it took longer than {_TIMEOUT_S / 60:.0f} minutes"}
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        value = json.loads(output[-_MAX_ANSWER:])
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"ok": False, "reason": f"it ended with status {process.returncode}"}
