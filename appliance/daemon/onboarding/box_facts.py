"""What a set-up wants to know of this box at a moment, read from its parts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from appliance.config.sections.models import ModelsSection
from appliance.daemon.live_config import LiveConfig
from appliance.daemon.local.serving import LocalModels
from appliance.daemon.onboarding.pairing_code import PairingCode
from appliance.engine.models.pull import HUB
from appliance.engine.models.recommend.advice import Advice
from appliance.firstboot import report as reports
from appliance.gateway.method import Call
from appliance.gateway.methods.pulls import Pulls
from appliance.host.interfaces import addresses
from appliance.host.request import HostError, ask
from appliance.onboarding.flow import known_language
from appliance.onboarding.model import SERVICES, Facts, Fetch, Look, Offer
from appliance.protocol.methods.base import UNSET
from appliance.providers.builtin import BUILT_IN

_MAX_NOTICES: Final = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What the set-up itself found out: models that fit, what a server has, its download, whether it began anew."""

    offers: tuple[Offer, ...] | None = None
    look: Look | None = None
    job: str | None = None
    restarted: bool = True


@dataclass(frozen=True, slots=True)
class BoxFacts:
    """Reads the facts. `bind`: where this process listens, whatever the configuration says by now."""

    config: LiveConfig
    local: LocalModels
    pulls: Pulls
    codes: PairingCode
    bind: str
    root: Path = Path("/")

    @property
    def models(self) -> ModelsSection:
        """What the configuration says of models."""
        return self.config.section(self.config.config.models, ModelsSection())

    @property
    def offline(self) -> bool:
        """Whether nothing may be dialled; a switch that cannot be read counts as that."""
        return self.config.config.offline is not False

    async def read(self, call: Call, known: Known) -> Facts:
        """Return the facts of this moment."""
        found = await asyncio.to_thread(lambda: tuple(addresses()))
        answering = self.local.path
        return Facts(
            language=self._language(call),
            name=self.config.owner or None,
            bind=self.bind,
            tailnet=any(one.tailnet for one in found),
            offline=self.offline,
            offers=known.offers,
            answering=answering.stem if answering is not None else None,
            keyed=tuple(one for one in SERVICES if self._has_key(one)),
            look=known.look,
            fetch=self._fetch(known.job),
            code=self.codes.shown(call.now_ms),
            paired=self.codes.paired(call.now_ms),
            devices=await self.codes.devices(),
            restarted=known.restarted,
            notices=await asyncio.to_thread(self._notices),
        )

    async def read_by_owner(self) -> None:
        """Tell root that its owner has gone through the set-up, and with it through `notices`."""
        with contextlib.suppress(HostError):  # they are shown again, no more
            await ask("firstboot.seen")

    async def look(self, name: str) -> Look:
        """Ask the hub what it has under a name. Raises ApplianceError."""
        found = await self.pulls.look(name)
        entry = found.catalogue
        return Look(
            name=name,
            source=found.source,
            title=entry.title if entry is not UNSET else found.file,
            host=_host(found.source, self.models.hub),
            licence=entry.licence if entry is not UNSET else "",
            size_bytes=found.size_bytes if found.size_bytes is not UNSET else None,
            free_bytes=found.disk_free_bytes,
            sha256=found.sha256 if found.sha256 is not UNSET else None,
        )

    def _notices(self) -> tuple[str, ...]:
        return tuple(one.sentence() for one in reports.load(self.root).all_mistakes[:_MAX_NOTICES])

    def _language(self, call: Call) -> str:
        """Return the language of the configuration, else of who asks, else of the system."""
        chosen = self.config.loaded.parsed.get("locale")
        environ = self.config.environ
        usual = call.connection.locale or environ.get("LC_ALL") or environ.get("LANG") or ""
        return known_language(chosen if isinstance(chosen, str) else usual)

    def _has_key(self, service: str) -> bool:
        provider = self.models.providers.get(service)
        configured = provider is not None and provider.api_key is not None
        return configured or BUILT_IN[service].key(self.config.environ) is not None

    def _fetch(self, job: str | None) -> Fetch | None:
        if job is None:
            return None
        row = self.pulls.status(job)
        total = row.total_bytes if row.total_bytes is not UNSET else 0
        share = min(1.0, row.done_bytes / total) if total else 0.0
        state = "failed" if row.state == "cancelled" else row.state
        return Fetch(row.file, state, share, row.error if row.error is not UNSET else None)


def offers_of(advice: Iterable[Advice]) -> tuple[Offer, ...]:
    """Return the models that fit the box, best first."""
    return tuple(
        Offer(
            one.entry.name,
            one.entry.title,
            one.size_bytes,
            one.speed.first_answer_s,
            one.entry.languages,
            one.comfortable,
        )
        for one in advice
        if one.fits
    )


def _host(source: str, hub: str | None) -> str:
    """Return the host that a source is fetched from."""
    address = source if "://" in source and not source.startswith("hf:") else hub or HUB
    return urlsplit(address).hostname or address
