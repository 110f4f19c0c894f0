"""The languages that the generator speaks, by their tags."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from mini.generator.tongue import Tongue

_MODULES = {"en": "english", "de": "german", "fr": "french"}
TAGS = tuple(_MODULES)


def tongues(tags: Sequence[str] = TAGS) -> list[Tongue]:
    """Return the languages with these tags. Raises KeyError for one that is not known."""
    found: list[Tongue] = []
    for tag in tags:
        language = import_module(f"mini.generator.{_MODULES[tag]}.language").LANGUAGE
        assert isinstance(language, Tongue)
        found.append(language)
    return found
