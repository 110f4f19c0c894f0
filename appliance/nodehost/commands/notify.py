"""system.notify: a line for whoever sits at this machine; on a headless one it is written to the log."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from typing import Any, Final

from appliance.nodehost import running
from appliance.nodehost.commands import Machine
from appliance.nodehost.model import Asked, Command

_log = logging.getLogger(__name__)
_TIMEOUT_S: Final = 10.0
_MAX_CHARS: Final = 2000


def commands(machine: Machine) -> Sequence[Command]:
    """Return the command; notify-send is used where there is a desktop."""

    async def notify(asked: Asked) -> dict[str, Any]:
        title = _line(asked.text("title", "Homarus", limit=_MAX_CHARS))
        body = _line(asked.text("body", "", limit=_MAX_CHARS))
        tool = shutil.which("notify-send") if machine.environ.get("XDG_RUNTIME_DIR") else None
        if tool is not None:
            env = running.environment(machine.environ, {})
            shown = await running.run(
                (tool, "--app-name=Homarus", "--", title, body), cwd=None, env=env, timeout_s=_TIMEOUT_S
            )
            if shown.exit_code == 0:
                return {"ok": True, "shown": "desktop"}
        _log.info("notification: %s: %s", title, body)
        return {"ok": True, "shown": "log"}

    return (Command("system.notify", "system", notify),)


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
