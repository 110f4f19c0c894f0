"""Where secrets and `${NAME}` in texts come from: the environment and small files."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.config.values import Secret

_MAX_FILE_BYTES = 65_536
_REFERENCE = re.compile(r"\$?\$\{([A-Z_][A-Z0-9_]*)\}")
_SOURCES = ("env", "file", "exec", "store")


@dataclass(frozen=True, slots=True)
class Sources:
    """The environment, and the folder that relative paths start from."""

    environ: Mapping[str, str]
    folder: Path

    def text(self, text: str) -> str:
        """Replace each `${NAME}` by its value; `$${NAME}` stays as `${NAME}`. Raises ValueError when one is not set."""

        def value(match: re.Match[str]) -> str:
            if match.group().startswith("$$"):
                return match.group()[1:]
            found = self.environ.get(match.group(1))
            if not found:
                raise ValueError(f"the environment variable {match.group(1)} is not set")
            return found

        return _REFERENCE.sub(value, text)

    def secret(self, value: Any) -> Secret:
        """Resolve every form a secret may have. Raises ValueError with a text that names the fix, never the secret."""
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return self._checked(self.text(value))
        if isinstance(value, dict) and set(value) == {"file"} and isinstance(value["file"], str):
            return self._checked(self._file(value["file"]))
        if isinstance(value, dict) and "source" in value:
            return self._reference(value)
        raise ValueError('must be a text, "${ENV_NAME}", {file: "path"} or {source, provider, id}')

    def _reference(self, value: dict[str, Any]) -> Secret:
        source, name = value.get("source"), value.get("id")
        if source not in _SOURCES or not isinstance(name, str) or not set(value) <= {"source", "provider", "id"}:
            raise ValueError("a reference is {source: one of " + ", ".join(_SOURCES) + ", provider, id}")
        if source == "env":
            if not self.environ.get(name):
                raise ValueError(f"the environment variable {name} is not set")
            return self._checked(self.environ[name])
        if source == "file" and value.get("provider") in (None, "default"):
            return self._checked(self._file(name))
        raise ValueError(
            f"secrets from {source!r} with the provider {value.get('provider')!r} cannot be read by this box;"
            ' write "${ENV_NAME}" or {file: "path"}'
        )

    def _file(self, name: str) -> str:
        path = self.folder / Path(os.path.expanduser(name))
        try:
            content = read_regular(path, _MAX_FILE_BYTES)
        except OSError as error:
            raise ValueError(f"the file {path} cannot be read: {error.strerror}") from error
        try:
            return content.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"the file {path} is not UTF-8 text") from error

    @staticmethod
    def _checked(text: str) -> Secret:
        if not text.strip():
            raise ValueError("the secret is empty")
        if any(ord(one) < 32 for one in text):
            # A line break inside a header would let a file write headers of its own.
            raise ValueError("the secret holds a line break or another control character")
        return Secret(text)


def read_regular(path: Path, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes. Raises OSError whose `strerror` says what is wrong."""
    # Without O_NONBLOCK a named pipe in place of the file would stop the start for ever.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes")
    return content
