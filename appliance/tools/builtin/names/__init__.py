"""German and French names of holidays and places, under the English names that the tools know.

Data and one way to compare names. It must not know days, zones or the tools.
"""

from __future__ import annotations

import unicodedata

_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def folded(text: str) -> str:
    """Return a name for comparing: lower case, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("_", " "))
    return " ".join("".join(one for one in plain if not unicodedata.combining(one)).split()).strip(" .?!")


def spellings(name: str) -> tuple[str, ...]:
    """Return how a name is typed, folded: as it is, and with its umlauts spelled out."""
    return folded(name), folded(name.casefold().translate(_SPELLED_OUT))
