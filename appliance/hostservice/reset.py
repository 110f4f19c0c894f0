"""Forgetting everything. The name of the box must come with it: nobody asks for this by mistake."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.hostservice.frame import RequestError
from appliance.hostservice.systemctl import begin
from appliance.hostservice.updates import expect_none_written
from appliance.updates.records.files import Records

_UNIT = "homarus-reset-mark.service"


def start(
    params: Mapping[str, object],
    *,
    root: Path = Path("/"),
    name: Callable[[], str] = socket.gethostname,
    begin: Callable[..., None] = begin,
) -> Mapping[str, object]:
    """Restart the box into a reset. `params`: {"name"}, the host name of this box."""
    if params.get("name") != name():
        raise RequestError("reset_name", f"The name of this box is {name()}; a reset must say it.")
    expect_none_written(Records.on(root))  # it restarts the box
    begin("start", _UNIT)
    return {}
