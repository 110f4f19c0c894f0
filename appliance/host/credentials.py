"""Secrets that systemd hands to a service (systemd.exec(5), ImportCredential=), as variables for us alone."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)
_PREFIX: Final = "homarus."
_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_MAX_BYTES: Final = 64 * 1024


def with_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with each credential `homarus.NAME` as the variable NAME; a variable that is set wins.

    They are not put into the environment of this process: a child would inherit them. What cannot be read is left out
    and logged by name.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    found: dict[str, str] = {}
    for path in sorted(Path(folder).glob(f"{_PREFIX}*")) if folder.startswith("/") else []:
        name = path.name.removeprefix(_PREFIX)
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
            text = data.decode().strip()
        except (OSError, UnicodeDecodeError):
            text = ""
        if _NAME.fullmatch(name) is None or not text or len(text) > _MAX_BYTES or "\0" in text:
            _log.warning("the credential %s is no variable: a name in capitals and a text are wanted", path.name)
            continue
        found[name] = text
    return found | dict(environ)
