"""Where the box is asked: what the gateway may take of it, and what is left for root."""

from __future__ import annotations

import re
from pathlib import Path

from appliance.cli.onboarding.units import Place, wanted

_UNITS = Path(__file__).resolve().parents[3] / "systemd"
_UNIT = _UNITS / "homarus-host.socket"


def test_a_gateway_that_holds_all_it_may_leaves_room_for_root() -> None:
    limits = {key: int(number) for key, number in re.findall(r"^(Max\w+)=(\d+)$", _UNIT.read_text(), re.M)}
    assert limits["MaxConnectionsPerSource"] * 2 <= limits["MaxConnections"]


def test_what_is_asked_at_once_has_a_limit_of_memory_together() -> None:
    most = int(re.findall(r"^MaxConnections=(\d+)$", _UNIT.read_text(), re.M)[0])
    (mib,) = re.findall(r"^MemoryMax=(\d+)M$", (_UNITS / "homarus-host@.service").read_text(), re.M)
    assert most * int(mib) < 1280  # of the 2 GB of the smallest box


def test_only_a_box_of_ours_has_it_where_systemd_counts_by_user(tmp_path: Path) -> None:
    """systemd counts by user from 256 on. The image has it; a Debian 12 of somebody else's has not."""
    for systemd in (252, 257):
        names = [path.name for path in wanted({}, Place(True, tmp_path, tmp_path), systemd)]
        assert "homarus-gateway.service" in names
        assert not [name for name in names if name.startswith("homarus-host")]
