"""Where the box is asked: what the gateway may take of it, and what is left for root."""

from __future__ import annotations

import re
from pathlib import Path

_UNIT = Path(__file__).resolve().parents[3] / "systemd/homarus-host.socket"


def test_a_gateway_that_holds_all_it_may_leaves_room_for_root() -> None:
    limits = {key: int(number) for key, number in re.findall(r"^(Max\w+)=(\d+)$", _UNIT.read_text(), re.M)}
    assert limits["MaxConnectionsPerSource"] * 2 <= limits["MaxConnections"]
