"""A JSON merge patch (RFC 7396) as the list of single changes that it means. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.config.document.paths import Path, format_path
from appliance.config.values import REDACTED

REMOVED = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One place and its new value; REMOVED takes it out."""

    path: Path
    value: Any


def changes_of(
    before: Mapping[str, Any], patch: Mapping[str, Any], replace_paths: Collection[str] = (), path: Path = ()
) -> list[Change]:
    """Return what a patch changes in `before`: null removes, objects merge, everything else replaces.

    Lists of objects with an `id` merge by it, as in the reference; `replace_paths` name what is replaced as a whole.
    The mask of a hidden secret changes nothing.
    """
    found: list[Change] = []
    for key, wanted in patch.items():
        place = (*path, key)
        present = before.get(key, REMOVED)
        if wanted is None:
            if present is not REMOVED:
                found.append(Change(place, REMOVED))
        elif wanted == REDACTED:
            continue
        elif format_path(place) in replace_paths:
            if present != wanted:
                found.append(Change(place, wanted))
        elif isinstance(wanted, Mapping) and isinstance(present, Mapping):
            found += changes_of(present, wanted, replace_paths, place)
        else:
            value = _value(None if present is REMOVED else present, wanted)
            if value != present:
                found.append(Change(place, value))
    return found


def _value(present: Any, wanted: Any) -> Any:
    if isinstance(wanted, Mapping):
        return {key: _value(None, one) for key, one in wanted.items() if one is not None and one != REDACTED}
    if _has_ids(wanted) and _has_ids(present):
        return _merged(present, wanted)
    return wanted


def _has_ids(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(one, Mapping) and isinstance(one.get("id"), str) for one in value)


def _merged(present: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> list[Any]:
    rows = {str(one["id"]): dict(one) for one in present}
    for one in wanted:
        row = rows.setdefault(str(one["id"]), {})
        for key, value in one.items():
            if value is None:
                row.pop(key, None)
            elif value != REDACTED:
                row[key] = value
    return list(rows.values())


def differences(before: Any, after: Any, path: Path = ()) -> list[str]:
    """Return the paths of all values that differ, down to single options also where a whole section came or went."""
    before = {} if before is REMOVED and isinstance(after, Mapping) and after else before
    after = {} if after is REMOVED and isinstance(before, Mapping) and before else after
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = list(dict.fromkeys((*before, *after)))
        return [
            one for key in keys for one in differences(before.get(key, REMOVED), after.get(key, REMOVED), (*path, key))
        ]
    return [] if before == after else [format_path(path)]
