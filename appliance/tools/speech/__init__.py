"""What tools say, in the language in which they were asked: messages, lengths of time, days, lists, numbers.

Sentences for people only; it must not know any tool. A language is imported when it is first spoken.
"""

from __future__ import annotations

from functools import cache

from appliance.tools.speech.speech import Speech

__all__ = ["LANGUAGES", "Speech", "speech"]

LANGUAGES = ("en", "de", "fr")


def speech(locale: str) -> Speech:
    """Return the speech of a language tag (`de-AT`, `fr_CA`); English for a language that is not known."""
    tag = locale.replace("_", "-").split("-")[0].lower()
    return _speech(tag if tag in LANGUAGES else "en")


@cache
def _speech(tag: str) -> Speech:
    if tag == "de":
        from appliance.tools.speech.german import SPEECH
    elif tag == "fr":
        from appliance.tools.speech.french import SPEECH
    else:
        from appliance.tools.speech.english import SPEECH
    return SPEECH
