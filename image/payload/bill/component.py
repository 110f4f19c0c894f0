"""One thing that is in the image: what a bill of materials says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What CycloneDX calls it."""

    LIBRARY = "library"
    APPLICATION = "application"
    MODEL = "machine-learning-model"
    FIRMWARE = "firmware"


@dataclass(frozen=True, slots=True)
class Component:
    """`licences`: names as the source gives them, or `expression`, one of SPDX. `texts`: their place on the box."""

    name: str
    version: str
    purl: str  # package URL, "" where there is no such thing
    origin: str  # heading of the licence list
    licences: tuple[str, ...] = ()
    expression: str = ""
    hashes: tuple[tuple[str, str], ...] = ()  # algorithm as CycloneDX names it, hexadecimal digits
    kind: Kind = Kind.LIBRARY
    texts: str = ""

    @property
    def terms(self) -> str:
        """The licences in one line."""
        return self.expression or ", ".join(self.licences) or "not named by its source"
