"""The web app on this gateway: where it lies, and whether the owner wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from appliance.config.errors import Refused
from appliance.config.sections.gateway import GatewaySection
from appliance.daemon.reach.exposure import box_name
from appliance.firstboot import report as reports
from appliance.foundation.clock import SystemClock
from appliance.gateway.bearer import Bearer
from appliance.gateway.http import webapp
from appliance.gateway.http.setup_page import Page, Sparing
from appliance.host.box import read_box
from appliance.host.request import ask

FOLDER = Path(__file__).parents[2] / "webui"
"""Made by scripts/web, never committed."""


def app_routes(
    bearer: Bearer,
    gateway: GatewaySection | Refused,
    about: Callable[[], Mapping[str, Any]],
    *,
    root: Path = Path("/"),
) -> list[web.RouteDef]:
    """Return the routes of the web app, none with `gateway.controlUi.enabled: false`. They have to be the last ones.

    On a box of ours the page /setup comes first: without it one that has no network could not get one.
    """
    box = read_box(root)
    setup = [] if box is None else _setup_page(bearer, root, development=box.keys == "development").routes()
    if isinstance(gateway, Refused) or not gateway.control_ui.enabled:
        return setup
    return [*setup, *webapp.routes(bearer=bearer, folder=FOLDER, about=about)]


def _setup_page(bearer: Bearer, root: Path, *, development: bool) -> Page:
    def mistakes() -> list[str]:
        """What everybody in the house may read: no value, as a name of a network is nobody's business."""
        found = reports.load(root).all_mistakes
        return [replace(one, value="").sentence() for one in found]

    return Page(bearer, box_name, mistakes, Sparing(ask, SystemClock()), development)
