"""Keyboards under the names that flash tools give them (XKB), and as the console of this system calls them.

A flash tool takes its list from XKB, where the British keyboard is "gb"; the files of the console (console-data) are
older and call it "uk". Variants of XKB are not here: whoever needs one writes the console's name of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = "usr/share/keymaps/i386"
_SUFFIX: Final = ".kmap.gz"
_OF_XKB: Final[Mapping[str, str]] = MappingProxyType(
    {
        "at": "de",
        "au": "us",
        "be": "be-latin1",
        "br": "br-abnt2",
        "ca": "cf",
        "ch": "sg",
        "cz": "cz-us-qwertz",
        "ee": "et",
        "gb": "uk",
        "hr": "croat",
        "ie": "uk",
        "in": "us",
        "is": "is-latin1",
        "jp": "jp106",
        "latam": "la-latin1",
        "lt": "lt.l4",
        "lv": "lv-latin7",
        "nz": "us",
        "pt": "pt-latin1",
        "rs": "sr-cy",
        "se": "se-latin1",
        "si": "slovene",
        "sk": "sk-qwertz",
        "th": "th-tis",
        "tr": "trq",
        "za": "us",
    }
)
_UNREADABLE: Final = frozenset(
    {"ar", "dvorak-fr-bepo-utf8", "fa", "kg", "kk", "lt", "ro", "ro-academic", "ro-comma", "ua-utf", "ua-utf-ws"}
)
"""Files of console-data 1.12 that loadkeys of kbd 2.7 refuses."""


def layouts(root: Path) -> Iterator[str]:
    """Yield the names of the layouts that the console of a system can load; none where it has no files of them."""
    for path in (root / FOLDER).glob(f"*/*{_SUFFIX}"):
        name = path.name.removesuffix(_SUFFIX)
        if name not in _UNREADABLE:
            yield name


def layout(name: str, there: frozenset[str]) -> str | None:
    """Return what the console calls a keyboard of this name; None where it has none."""
    return next((one for one in (_OF_XKB.get(name), name) if one in there), None)
