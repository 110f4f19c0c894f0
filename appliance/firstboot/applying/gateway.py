"""Options for the gateway, written by its own user: root edits nothing in a folder that somebody else owns.

The boot sends what is wanted to a child process of that user, which answers with what could not be written.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import appliance
from appliance.firstboot.applying.plan import Option
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.filetrouble import told
from appliance.foundation.paths import StatePaths

USER: Final = "homarus"
ACTION: Final = "options"
PATIENCE_S: Final = 40
"""Of the child, in whole seconds: nothing in the gateway's folder may keep the box from its start."""

_TIMEOUT_S: Final = 60.0  # never reached: root, without the right to end processes of others, could only wait on
_CODE: Final = Path(appliance.__file__).resolve().parents[1]


class NotKept(ApplianceError):
    """The gateway's configuration could not be written."""

    code = "options_not_kept"


def send(state: Path, wanted: Sequence[Option], first: Sequence[Option], *, user: str | None = USER) -> dict[str, str]:
    """Let `user` write options into the configuration below `state`; return path to reason for what failed.

    `first` are set only where the file says nothing. Without a user it is done as who calls. Raises NotKept.
    """
    order = {"set": [_row(one) for one in wanted], "first": [_row(one) for one in first]}
    argv = [sys.executable, "-P", "-m", "appliance.firstboot", ACTION]
    environ = {"HOMARUS_STATE_DIR": str(state), "HOME": str(state), "PYTHONPATH": str(_CODE), "PATH": os.defpath}
    try:
        who: dict[str, Any] = {} if user is None else _as(pwd.getpwnam(user))
        done = subprocess.run(
            argv,
            input=json.dumps(order).encode(),
            capture_output=True,
            env=environ,
            cwd="/",
            check=False,
            timeout=_TIMEOUT_S,
            umask=0o077,
            **who,
        )
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
            raise NotKept(f"The configuration of the gateway could not be written: {said or done.returncode}")
        answer = json.loads(done.stdout)
        return {str(path): str(reason) for path, reason in answer["failed"]}
    except (OSError, KeyError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise NotKept(f"The configuration of the gateway could not be written ({type(error).__name__}).") from error


def _as(account: pwd.struct_passwd) -> dict[str, Any]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def keep(order: Mapping[str, Any], environ: Mapping[str, str], clock: Clock) -> dict[str, Any]:
    """Write what was ordered, in the child; return the answer. Raises ApplianceError where the state is in use."""
    from appliance.storage.lock import StateLock  # in the child alone: the boot of a box does without databases

    paths = StatePaths.from_environment(environ)
    paths.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = StateLock.acquire(paths.lock, now_ms=clock.now_ms(), address="first boot")
    try:
        failed = [
            (row["path"], reason)
            for row in (*order["set"], *(one for one in order["first"] if _unsaid(paths.config, one["path"], environ)))
            if (reason := _written(paths.config, row, environ)) is not None
        ]
    finally:
        lock.release()
    return {"failed": failed}


def _row(option: Option) -> dict[str, Any]:
    return {"path": option.path, "value": option.value, "secret": option.secret}


def _unsaid(file: Path, option: str, environ: Mapping[str, str]) -> bool:
    from appliance.config.load import load

    value: Any = load(file, environ).parsed
    for step in option.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value is None


def _written(file: Path, row: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """Set one option; return why it could not be."""
    from appliance.config.file import edit_file

    try:
        edit_file(file, row["path"], row["value"], environ)
    except ApplianceError as error:
        return "the configuration does not take it." if row["secret"] else str(error)
    except OSError as error:
        return told(error)
    return None
