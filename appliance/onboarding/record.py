"""The set-up on the disk: one small file, replaced as a whole, the owner's alone. It holds no secret."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import msgspec

from appliance.config.reading.secrets import read_regular
from appliance.foundation.atomicfile import write_atomic
from appliance.onboarding.model import State

FILE: Final = "onboarding.json"
_MAX_BYTES: Final = 65_536
_log = logging.getLogger(__name__)


def load(path: Path) -> State | None:
    """Return what was kept; None where there is nothing, or nothing that can be read: then it begins anew."""
    try:
        return msgspec.json.decode(read_regular(path, _MAX_BYTES), type=State)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("%s cannot be used: %s; the set-up begins anew", path, error)
        return None


def save(path: Path, state: State) -> None:
    """Keep `state`. Blocks. Raises OSError."""
    write_atomic(path, msgspec.json.encode(state))


def forget(path: Path) -> None:
    """Delete what was kept."""
    path.unlink(missing_ok=True)
