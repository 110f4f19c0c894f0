"""The actions as systemd starts them: `python -P -m appliance.updates ACTION` in homarus-update@ACTION.service."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.host.rauc import Rauc
from appliance.updates.install.fetch import get
from appliance.updates.install.machine import Machine
from appliance.updates.install.service import Service
from appliance.updates.records.model import Action

_LINE = "%(message)s"


def act(action: str, root: Path = Path("/")) -> int:
    """Run one action on the box at `root`. What came of it is in the records; 1 only where none could be written."""
    logging.basicConfig(level=logging.INFO, format=_LINE, stream=sys.stderr)
    clock = SystemClock()
    service = Service(Machine(root), Rauc(), partial(get, clock=clock), clock, time.sleep, _reboot)
    try:
        service.run(Action(action))
    except OSError as error:
        logging.getLogger(__name__).error("nothing can be written here: %s", error)
        return 1
    return 0


def _reboot() -> None:
    subprocess.run(["systemctl", "--no-block", "reboot"], check=True, timeout=30)
