"""The page /setup of a box of ours: without it, one that has no network could not get one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from appliance.daemon.reach.exposure import box_name
from appliance.firstboot import report as reports
from appliance.foundation.clock import SystemClock
from appliance.gateway.bearer import Bearer
from appliance.gateway.http.setup_page import Page, Sparing
from appliance.host.request import ask


def setup_page(bearer: Bearer, root: Path, *, development: bool) -> Page:
    """Return the page. `development`: the image was sealed with keys that everybody has."""

    def mistakes() -> list[str]:
        """What everybody in the house may read: no value, as a name of a network is nobody's business."""
        found = reports.load(root).all_mistakes
        return [replace(one, value="").sentence() for one in found]

    return Page(bearer, box_name, mistakes, Sparing(ask, SystemClock()), development)
