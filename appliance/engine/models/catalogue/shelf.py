"""Reads the catalogue and finds a model in it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import msgspec

from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.errors import PullError

_FILE = Path(__file__).with_name("catalogue.json")
_FORMAT = 1


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    models: tuple[Entry, ...]


def read(data: bytes) -> Mapping[str, Entry]:
    """Return the entries of a catalogue file by name. Raises ValueError for what breaks its rules."""
    found = msgspec.json.decode(data, type=_Catalogue)
    if found.format != _FORMAT:
        raise ValueError(f"catalogue format {found.format}, {_FORMAT} is known")
    entries = {entry.name: entry for entry in found.models}
    if len(entries) != len(found.models):
        raise ValueError("two models of the catalogue have one name")
    return entries


@functools.cache
def catalogue() -> Mapping[str, Entry]:
    """Return the catalogue of this release."""
    return read(_FILE.read_bytes())


def find(name: str) -> Entry:
    """Return the model called `name`. Raises PullError, which says what was probably meant."""
    known = catalogue()
    if entry := known.get(name.lower()):
        return entry
    import difflib  # rarely needed

    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or sorted(known)
    message = f"{name!r} is not in the catalogue; it knows {', '.join(near)} (all: `homarus models recommend`)"
    raise PullError(message, reason="unknown_model")


def of_file(file: str) -> Entry | None:
    """Return the model whose file is called `file`, whatever its case."""
    return next((entry for entry in catalogue().values() if entry.file.lower() == file.lower()), None)
