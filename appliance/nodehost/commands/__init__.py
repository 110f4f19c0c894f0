"""What a node can do, one module for each kind. Each offers only what this machine really has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.foundation.clock import Clock
from appliance.nodehost.allow import AllowList
from appliance.nodehost.approvals import Approvals


@dataclass(frozen=True, slots=True)
class Machine:
    """What commands are built on: the environment of this process, the guard, and the root of /proc and /sys."""

    environ: Mapping[str, str]
    allow: AllowList
    approvals: Approvals
    clock: Clock
    root: Path = Path("/")
