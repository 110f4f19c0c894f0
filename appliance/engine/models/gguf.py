"""Reads the header of a GGUF file, without native code and without trusting it.

Format: GGUF specification, versions 2 and 3 (little-endian): magic, version, tensor count, key count, then keys with
typed values, then tensor infos. Every length is checked against what is left of the file and a total budget.
"""

from __future__ import annotations

import io
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from appliance.foundation.errors import ApplianceError

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MAX_KEYS = 4096
_MAX_TENSORS = 65536
_MAX_KEY_BYTES = 65535  # the specification's own limit
_MAX_KEPT_STRING_BYTES = 256 * 1024  # chat templates are the longest strings worth keeping
_MAX_HEADER_BYTES = 256 * 1024 * 1024  # a vocabulary of a million words fits
_MAX_NESTED_ITEMS = 16 * 1024 * 1024
_MAX_DIMENSIONS = 4
_STRING, _ARRAY = 8, 9
# gguf_metadata_value_type -> struct format
_SCALARS: Final = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip


class GgufError(ApplianceError):
    """A file is no GGUF that can be used; the message says what is wrong with it."""

    code = "invalid_model_file"


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the header says. `context` is the window that the model was trained for, None when it says nothing."""

    version: int
    architecture: str
    name: str
    context: int | None
    chat_template: str | None
    parameters: int
    vocabulary: int
    file_type: int | None
    pooling: int | None
    size_bytes: int


def read_header(path: Path) -> GgufHeader:
    """Read the header of the file at `path`. Raises GgufError, OSError."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            return _header(_Reader(file, size), size)
        except (struct.error, UnicodeDecodeError, OverflowError) as error:
            raise GgufError(f"{path.name} is damaged: {error}") from error


def _header(reader: _Reader, size: int) -> GgufHeader:
    if reader.take(4) != _MAGIC:
        raise GgufError("this is not a GGUF file: the first four bytes are wrong")
    version = reader.scalar("<I")
    if version not in _VERSIONS:
        raise GgufError(f"GGUF version {version} is not known (2 and 3 are)")
    tensors, keys = reader.scalar("<Q"), reader.scalar("<Q")
    if not 0 < tensors <= _MAX_TENSORS or keys > _MAX_KEYS:
        raise GgufError(f"{tensors} tensors and {keys} keys are no model file")
    values: dict[str, object] = {}
    for _ in range(int(keys)):
        key = reader.text(_MAX_KEY_BYTES)
        values[key] = reader.value(int(reader.scalar("<I")))
    return _summary(values, version=int(version), parameters=_parameters(reader, int(tensors), size), size=size)


def _summary(values: dict[str, object], *, version: int, parameters: int, size: int) -> GgufHeader:
    architecture = _text(values, "general.architecture")
    if not architecture:
        raise GgufError("the file does not name its architecture")
    tokens = values.get("tokenizer.ggml.tokens")
    return GgufHeader(
        version=version,
        architecture=architecture,
        name=_text(values, "general.name") or "",
        context=_integer(values, f"{architecture}.context_length"),
        chat_template=_text(values, "tokenizer.chat_template"),
        parameters=parameters,
        vocabulary=tokens if isinstance(tokens, int) else 0,
        file_type=_integer(values, "general.file_type"),
        pooling=_integer(values, f"{architecture}.pooling_type"),
        size_bytes=size,
    )


def _parameters(reader: _Reader, count: int, size: int) -> int:
    """Add up the elements of all tensors and check that their data can be in the file."""
    total, furthest = 0, 0
    for _ in range(count):
        reader.text(_MAX_KEY_BYTES)
        dimensions = int(reader.scalar("<I"))
        if not 0 < dimensions <= _MAX_DIMENSIONS:
            raise GgufError(f"a tensor has {dimensions} dimensions")
        total += math.prod(int(reader.scalar("<Q")) for _ in range(dimensions))
        reader.scalar("<I")  # type of the elements
        furthest = max(furthest, int(reader.scalar("<Q")))
    if reader.position + furthest >= size:
        raise GgufError("the file is cut off: it ends before its last tensor begins")
    return total


def _text(values: dict[str, object], key: str) -> str | None:
    value = values.get(key)
    return value if isinstance(value, str) else None


def _integer(values: dict[str, object], key: str) -> int | None:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class _Reader:
    """Takes bytes in order and refuses to go past the file or the budget."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = min(size, _MAX_HEADER_BYTES)
        self._items = 0
        self.position = 0

    def take(self, count: int) -> bytes:
        self._account(count)
        data = self._file.read(count)
        if len(data) != count:
            raise GgufError("the file is cut off in its header")
        return data

    def skip(self, count: int) -> None:
        self._account(count)
        self._file.seek(count, io.SEEK_CUR)

    def _account(self, count: int) -> None:
        if count > self._left:
            raise GgufError("the header is longer than the file or than any honest one")
        self._left -= count
        self.position += count

    def scalar(self, form: str) -> int | float | bool:
        value: int | float | bool = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def text(self, limit: int) -> str:
        length = int(self.scalar("<Q"))
        if length > limit:
            raise GgufError(f"a text of {length} bytes in the header, at most {limit} are allowed")
        return self.take(length).decode("utf-8")

    def value(self, kind: int) -> object:
        """Return a value; of an array only its length, of a very long text nothing."""
        if kind in _SCALARS:
            return self.scalar(_SCALARS[kind])
        if kind == _STRING:
            length = int(self.scalar("<Q"))
            if length <= _MAX_KEPT_STRING_BYTES:
                return self.take(length).decode("utf-8", "replace")
            self.skip(length)
            return None
        if kind == _ARRAY:
            return self._array()
        raise GgufError(f"a value of the unknown type {kind}")

    def _array(self) -> int:
        kind, count = int(self.scalar("<I")), int(self.scalar("<Q"))
        self._items += count
        if self._items > _MAX_NESTED_ITEMS:
            raise GgufError(f"lists of more than {_MAX_NESTED_ITEMS} values in the header")
        if kind in _SCALARS:
            self.skip(count * struct.calcsize(_SCALARS[kind]))
        elif kind == _STRING:
            for _ in range(count):
                self.skip(int(self.scalar("<Q")))
        else:  # lists of lists exist in the format and in no model
            raise GgufError(f"a list of values of type {kind}")
        return count
