"""The actions as systemd starts them: `python -P -m appliance.updates ACTION` in homarus-update@ACTION.service."""

from __future__ import annotations

import logging
import sys
import time
from functools import partial
from pathlib import Path
from typing import Final

from appliance.foundation.clock import SystemClock
from appliance.host.rauc import Rauc
from appliance.host.running.commands import reboot
from appliance.updates.install.fetch import get
from appliance.updates.install.machine import Machine
from appliance.updates.install.service import Service
from appliance.updates.records.model import Action

_log = logging.getLogger(__name__)
_LINE: Final = "%(message)s"


def act(action: str, root: Path = Path("/")) -> int:
    """Run one action on the box at `root`. What came of it is in the records; 1 only where none could be written.

    While another run goes on nothing is done, and the log alone says it: whoever asks is refused before (hostservice).
    """
    logging.basicConfig(level=logging.INFO, format=_LINE, stream=sys.stderr)
    clock = SystemClock()
    service = Service(Machine(root), Rauc(), partial(get, clock=clock), clock, time.sleep, _reboot)
    try:
        service.run(Action(action))
    except OSError as error:
        _log.error("nothing can be written here: %s", error)
        return 1
    return 0


def _reboot() -> None:
    """Begin to restart the box. Where that fails the new version waits, and the timer tries again in the window."""
    if not reboot():
        _log.error("the box does not restart; `sudo reboot` starts what was installed")
