"""Downloads of models into the state directory (gateway.methods.pulls.Puller)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.models import ModelsSection
from appliance.engine.models.library import Library
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError

if TYPE_CHECKING:  # imported when the first download begins
    import aiohttp

    from appliance.engine.models.fetch import PullProgress
    from appliance.engine.models.install import Offer, Surroundings
    from appliance.engine.models.pull import Pulled

_TOKEN = "HF_TOKEN"  # of the environment, as the hub's own tools name it


class OfflineError(ApplianceError):
    """The owner forbade to dial out."""

    code = "offline"


class Downloads:
    """Fetches GGUF files into a library, as the configuration says at that moment."""

    def __init__(
        self, library: Library, clock: Clock, config: Callable[[], Config], environ: Mapping[str, str]
    ) -> None:
        self._library = library
        self._clock = clock
        self._config = config
        self._environ = environ

    def name(self, source: str) -> str:
        """Return the file name of a source. Raises ApplianceError for what cannot be one."""
        from appliance.engine.models.install import source_of
        from appliance.engine.models.pull import resolve

        if self._config().offline is not False:  # one that cannot be read means: do not dial out
            raise OfflineError("`offline` is true: nothing is downloaded. Set it to false first.")
        return resolve(source_of(source))[1]

    def disk_free(self) -> int:
        """Return how many bytes are free where models go."""
        self._library.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return shutil.disk_usage(self._library.folder).free

    async def look(self, source: str) -> Offer:
        """Return what a server has under a source; see engine.models.install."""
        from appliance.engine.models.install import offered

        self.name(source)
        async with self._session() as session:
            return await offered(source, self._around(session))

    async def pull(
        self, source: str, sha256: str | None, on_progress: Callable[[PullProgress], None], *, update: bool
    ) -> Pulled:
        """Fetch, check, pin and publish a file; see engine.models.install."""
        from appliance.engine.models.install import install, offered

        async with self._session() as session:
            around = self._around(session)
            offer = await offered(source, around)
            return await install(offer, around, sha256=sha256, update=update, on_progress=on_progress)

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp

        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60))

    def _around(self, session: aiohttp.ClientSession) -> Surroundings:
        from appliance.engine.models.install import Surroundings
        from appliance.engine.models.pull import HUB

        models = self._config().models
        section = ModelsSection() if isinstance(models, Refused) else models
        token = section.hub_token.reveal() if section.hub_token else self._environ.get(_TOKEN)
        return Surroundings(
            self._library.folder,
            self._library.lock,
            session,
            self._clock,
            hub=section.hub or HUB,
            token=token or None,
        )
