"""The token of the gateway: from the environment, or made at first start and kept private."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import new_token

VARIABLE: Final = "HOMARUS_GATEWAY_TOKEN"
_MAX_BYTES: Final = 4096


class TokenFileError(ApplianceError):
    """The token file cannot be used as it is."""

    code = "token_file"


def gateway_token(path: Path, environ: Mapping[str, str], *, make: Callable[[], str] = new_token) -> str:
    """Return the token: HOMARUS_GATEWAY_TOKEN, else the text of `path`, else a new one written there (mode 0600).

    Raises TokenFileError when the file is empty, too large or cannot be written. A file that others could read is
    made private first.
    """
    if given := environ.get(VARIABLE, "").strip():
        return given
    try:
        if path.exists():
            return _read(path)
        token = make()
        write_atomic(path, f"{token}\n".encode(), mode=0o600)
    except OSError as error:
        raise TokenFileError(f"cannot use the token file {path}: {error.strerror}; set {VARIABLE}") from error
    return token


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        os.chmod(path, 0o600)
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    token = content.decode("utf-8", "replace").strip()
    if not token or len(content) > _MAX_BYTES or "\n" in token:
        raise TokenFileError(f"{path} holds no token; delete it and a new one is made at the next start")
    return token
