"""Sentences for the owner in the languages of the box."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

MAX_NOTES: Final = 4000
# What commands a terminal, and what lets text look like other text.
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

Text = Annotated[str, msgspec.Meta(max_length=MAX_NOTES)]


class Words(msgspec.Struct, frozen=True):
    """The same sentence in three languages; English must be there."""

    en: Text
    de: Text = ""
    fr: Text = ""

    def of(self, locale: str) -> str:
        """Return it in the language of a locale, English where it was not written in that."""
        return visible({"de": self.de, "fr": self.fr}.get(locale.lower().partition("-")[0], "") or self.en)


def visible(text: str) -> str:
    """Return text without what a screen does not show."""
    return _UNSEEN.sub("", text)
