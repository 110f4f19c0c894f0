"""The section `tools`: which tools exist for whom."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import field

from appliance.config.sections.option import HOT, Section, opt

ProfileName = Literal["minimal", "coding", "messaging", "full"]


class ToolPolicySection(Section, frozen=True):
    profile: Annotated[ProfileName | None, opt("a set to begin with", reload=HOT)] = None
    allow: Annotated[
        tuple[str, ...] | None,
        opt("only these tools; names, group:… and * are understood", reload=HOT, max_length=1024),
    ] = None
    also_allow: Annotated[tuple[str, ...], opt("these beside the profile", reload=HOT, max_length=1024)] = ()
    deny: Annotated[tuple[str, ...], opt("never these; wins over everything", reload=HOT, max_length=1024)] = ()


class ToolsSection(ToolPolicySection, frozen=True):
    by_provider: Annotated[
        dict[str, ToolPolicySection], opt("narrows the tools of a provider or provider/model", reload=HOT)
    ] = field(default_factory=dict)
