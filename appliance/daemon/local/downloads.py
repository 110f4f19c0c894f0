"""Downloads of models into the state directory (gateway.methods.pulls.Puller)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError

if TYPE_CHECKING:  # imported when the first download begins
    from appliance.engine.models.fetch import PullProgress
    from appliance.engine.models.pull import Pulled


class OfflineError(ApplianceError):
    """The owner forbade to dial out."""

    code = "offline"


class Downloads:
    """Fetches GGUF files into `folder`; `offline` is asked before each."""

    def __init__(self, folder: Path, clock: Clock, offline: Callable[[], bool]) -> None:
        self._folder = folder
        self._clock = clock
        self._offline = offline

    def name(self, source: str) -> str:
        """Return the file name of a source. Raises ApplianceError for what cannot be one."""
        from appliance.engine.models.pull import resolve

        if self._offline():
            raise OfflineError("`offline` is true: nothing is downloaded. Set it to false first.")
        return resolve(source)[1]

    async def pull(self, source: str, sha256: str | None, on_progress: Callable[[PullProgress], None]) -> Pulled:
        """Fetch, check and publish a file; see engine.models.pull."""
        import aiohttp

        from appliance.engine.models.pull import pull

        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
        ) as session:
            return await pull(
                source, self._folder, session=session, clock=self._clock, sha256=sha256, on_progress=on_progress
            )

    def newest(self) -> Path | None:
        """Return the file that arrived last, None when there is none."""
        files = sorted(self._folder.glob("*.gguf"), key=lambda path: path.stat().st_mtime)
        return files[-1] if files else None
