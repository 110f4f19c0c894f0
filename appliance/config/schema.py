"""All sections of the file. A new option is a field here or in one of the section modules, and nothing else."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from msgspec import field

from appliance.config.errors import ConfigRefusedError, Refused
from appliance.config.sections.gateway import GatewaySection
from appliance.config.sections.models import AgentsSection, ModelsSection
from appliance.config.sections.option import HOT, Section, opt
from appliance.config.sections.tools import ToolsSection
from appliance.config.sections.updates import UpdatesSection

T = TypeVar("T")

QueueModeName = Literal["collect", "followup", "steer", "interrupt"]


class QueueSection(Section, frozen=True):
    mode: Annotated[QueueModeName, opt("what happens to messages while a run is busy", reload=HOT)] = "collect"
    debounce_ms: Annotated[
        int, opt("quiet time before waiting messages run", unit="ms", reload=HOT, ge=0, le=600_000)
    ] = 1000
    cap: Annotated[int, opt("messages that may wait in a session", reload=HOT, ge=1, le=1000)] = 20
    drop: Annotated[Literal["summarize", "old", "new"], opt("what is over the cap", reload=HOT)] = "summarize"
    by_channel: Annotated[dict[str, QueueModeName], opt("mode by channel", reload=HOT)] = field(default_factory=dict)
    debounce_ms_by_channel: Annotated[dict[str, int], opt("quiet time by channel", unit="ms", reload=HOT)] = field(
        default_factory=dict
    )


class MessagesSection(Section, frozen=True):
    queue: Annotated[QueueSection, opt("messages that arrive while a run is busy", reload=HOT)] = QueueSection()


class SessionSection(Section, frozen=True):
    scope: Annotated[Literal["per-sender", "global"], opt("global: one conversation for everybody")] = "per-sender"
    dm_scope: Annotated[
        Literal["main", "per-peer", "per-channel-peer", "per-account-channel-peer"],
        opt("which direct messages share a conversation"),
    ] = "main"
    group_scope: Annotated[Literal["per-group", "main"], opt("which groups share a conversation")] = "per-group"
    main_key: Annotated[
        str, opt("name of the main conversation", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)
    ] = "main"
    identity_links: Annotated[dict[str, tuple[str, ...]], opt("one person's accounts: name to channel:peer")] = field(
        default_factory=dict
    )


class MdnsSection(Section, frozen=True):
    mode: Annotated[Literal["minimal", "full", "off"], opt("what the box tells the local network", reload=HOT)] = (
        "minimal"
    )


class DiscoverySection(Section, frozen=True):
    mdns: Annotated[MdnsSection, opt("announcement by mDNS", reload=HOT)] = MdnsSection()


class LoggingSection(Section, frozen=True):
    level: Annotated[
        Literal["silent", "fatal", "error", "warn", "info", "debug", "trace"], opt("how much is logged", reload=HOT)
    ] = "info"


class StorageSection(Section, frozen=True):
    backup_hour: Annotated[int, opt("hour of the nightly backup, local time", unit="h", reload=HOT, ge=0, le=23)] = 3
    keep_backups: Annotated[int, opt("backups that are kept", reload=HOT, ge=1, le=365)] = 7


class OwnerSection(Section, frozen=True):
    name: Annotated[str | None, opt("what the assistant calls the owner", reload=HOT, pattern=r"\S", max_length=64)] = (
        None
    )


class Config(Section, frozen=True):
    """The whole file. A section that is invalid is `Refused`: read it through `usable`."""

    owner: Annotated[OwnerSection | Refused, opt("whose box this is", reload=HOT)] = OwnerSection()
    gateway: Annotated[GatewaySection | Refused, opt("where the gateway listens and who may come in")] = (
        GatewaySection()
    )
    agents: Annotated[AgentsSection | Refused, opt("who answers")] = AgentsSection()
    models: Annotated[ModelsSection | Refused, opt("what answers")] = ModelsSection()
    session: Annotated[SessionSection | Refused, opt("which messages belong together")] = SessionSection()
    messages: Annotated[MessagesSection | Refused, opt("how messages are handled")] = MessagesSection()
    tools: Annotated[ToolsSection | Refused, opt("which tools exist for whom")] = ToolsSection()
    discovery: Annotated[DiscoverySection | Refused, opt("being found in the local network", reload=HOT)] = (
        DiscoverySection()
    )
    logging: Annotated[LoggingSection | Refused, opt("the log")] = LoggingSection()
    storage: Annotated[StorageSection | Refused, opt("the database")] = StorageSection()
    updates: Annotated[UpdatesSection | Refused, opt("new versions of a box", reload=HOT)] = UpdatesSection()
    offline: Annotated[bool | Refused, opt("never dial out, whatever else is configured", reload=HOT)] = False
    locale: Annotated[
        str | Refused,
        opt("language of the owner", unit="BCP 47", reload=HOT, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"),
    ] = "en"
    timezone: Annotated[
        str | Refused | None, opt("time zone of the box; by default that of the system", unit="IANA name", reload=HOT)
    ] = None


def usable(part: T | Refused) -> T:
    """Return a section that may be used. Raises ConfigRefusedError with the reasons when it is refused."""
    if isinstance(part, Refused):
        raise ConfigRefusedError(part.path, part.issues)
    return part
