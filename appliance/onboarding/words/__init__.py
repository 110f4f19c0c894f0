"""What the set-up says, in every language of the box. One module a language, the same keys in each.

It holds texts only and knows nothing of the steps that show them. A language is imported when it is first shown: a box
is set up once and runs for years.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache


def words(language: str) -> Mapping[str, str]:
    """Return the texts of a language tag (`de-AT`, `fr_CA`); of another one than ours, English."""
    tag = language.replace("_", "-").split("-")[0].lower()
    return _words(tag if tag in ("de", "fr") else "en")  # what a client calls a language does not fill the cache


@cache
def _words(tag: str) -> Mapping[str, str]:
    if tag == "de":
        from appliance.onboarding.words.de import WORDS
    elif tag == "fr":
        from appliance.onboarding.words.fr import WORDS
    else:
        from appliance.onboarding.words.en import WORDS
    return WORDS
