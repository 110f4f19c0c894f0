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

FOLDER = Path(__file__).parents[2] / "webui"
"""Made by scripts/web, never committed."""


def app_routes(
    bearer: Bearer, gateway: GatewaySection | Refused, about: Callable[[], Mapping[str, Any]]
) -> list[web.RouteDef]:
    """Return the routes of the web app, none with `gateway.controlUi.enabled: false`. They have to be the last ones."""
    if isinstance(gateway, Refused) or not gateway.control_ui.enabled:
        return []
    return webapp.routes(bearer=bearer, folder=FOLDER, about=about)
