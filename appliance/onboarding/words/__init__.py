"""What the set-up says, in every language of the box. One module a language, the same keys in each.

It holds texts only and knows nothing of the steps that show them.
"""

from __future__ import annotations

from collections.abc import Mapping

from appliance.onboarding.words import de, en, fr

_ALL: Mapping[str, Mapping[str, str]] = {"en": en.WORDS, "de": de.WORDS, "fr": fr.WORDS}


def words(language: str) -> Mapping[str, str]:
    """Return the texts of a language; of another one than ours, English."""
    return _ALL.get(language.replace("_", "-").split("-")[0].lower(), en.WORDS)
