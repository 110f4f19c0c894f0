"""New versions of a box that runs the image. A normal Debian installation is updated by its owner."""

from __future__ import annotations

from typing import Annotated, Literal

from appliance.config.sections.option import HOT, Section, opt


class UpdatesSection(Section, frozen=True):
    channel: Annotated[Literal["stable", "beta", "dev"], opt("how early this box gets new versions", reload=HOT)] = (
        "stable"
    )
    auto: Annotated[bool, opt("install by itself in the window; false: only say that there is one", reload=HOT)] = True
    window: Annotated[
        str,
        opt(
            "hours in which the box may install and restart by itself; equal ends: at any hour",
            unit="HH:MM-HH:MM, local time",
            reload=HOT,
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
        ),
    ] = "02:00-05:00"
    url: Annotated[
        str | None,
        opt(
            "where the manifests of the channels are; by default what the image names",
            reload=HOT,
            pattern=r"^https?://[!-~]+$",
            max_length=1024,
        ),
    ] = None
    canary: Annotated[bool, opt("volunteer: get a version before most other boxes", reload=HOT)] = False
