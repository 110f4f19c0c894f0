"""Forgetting everything. The name of the box must come with it: nobody asks for this by mistake."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

from appliance.hostservice.frame import RequestError
from appliance.hostservice.systemctl import begin

_UNIT = "homarus-reset-mark.service"


def start(
    params: Mapping[str, object], *, name: Callable[[], str] = socket.gethostname, begin: Callable[..., None] = begin
) -> Mapping[str, object]:
    """Restart the box into a reset. `params`: {"name"}, the host name of this box."""
    if params.get("name") != name():
        raise RequestError("reset_name", f"The name of this box is {name()}; a reset must say it.")
    begin("start", _UNIT)
    return {}
