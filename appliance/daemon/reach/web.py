"""The web app on this gateway: where it lies, and whether the owner wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from appliance.config.errors import Refused
from appliance.config.sections.gateway import GatewaySection
from appliance.gateway.bearer import Bearer
from appliance.gateway.http import webapp
from appliance.host.box import Box, read_box

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
    setup = [] if box is None else _setup_routes(bearer, box, root)
    if isinstance(gateway, Refused) or not gateway.control_ui.enabled:
        return setup
    return [*setup, *webapp.routes(bearer=bearer, folder=FOLDER, about=about)]


def _setup_routes(bearer: Bearer, box: Box, root: Path) -> list[web.RouteDef]:
    from appliance.daemon.reach.first_page import setup_page  # on a box of ours alone

    return setup_page(bearer, root, development=box.keys == "development").routes()
