from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.config.errors import Refused
from appliance.config.sections.gateway import ControlUiSection, GatewaySection
from appliance.daemon.reach.web import app_routes
from appliance.gateway.bearer import Bearer
from tests.fakes.clock import FakeClock


def _paths(gateway: GatewaySection | Refused, root: Path = Path("/")) -> list[str]:
    bearer = Bearer(SharedAuth(AuthMode.NONE), Throttle(), FakeClock())
    about: dict[str, Any] = {}
    return [route.path for route in app_routes(bearer, gateway, lambda: about, root=root)]


def test_the_web_app_is_served_by_default() -> None:
    assert _paths(GatewaySection()) == ["/control-ui-config.json", "/{path:.*}"]


def test_an_owner_can_switch_the_web_app_off() -> None:
    off = msgspec.structs.replace(GatewaySection(), control_ui=ControlUiSection(enabled=False))
    assert _paths(off) == []


def test_a_section_that_cannot_be_read_serves_no_pages() -> None:
    assert _paths(Refused("gateway", ())) == []


def test_a_box_of_ours_has_the_page_of_its_set_up_whatever_else_is_served(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/homarus").mkdir(parents=True)
    (tmp_path / "usr/lib/homarus/box.json").write_text('{"board": "nuc"}')
    assert _paths(Refused("gateway", ()), tmp_path) == ["/setup", "/setup"]
    assert _paths(GatewaySection(), tmp_path)[:2] == ["/setup", "/setup"]
