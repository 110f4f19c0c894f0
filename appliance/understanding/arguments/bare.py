"""What was said without its measure: the minutes of "timer 7", and which of two times an alarm is for."""

from __future__ import annotations

from appliance.understanding.languages import Language
from appliance.understanding.request import Request
from appliance.understanding.tokens import Tokens

_LEAST, _MOST = 2, 180  # minutes of a timer that people name without saying so
_ENDS = frozenset({"", "|", ",", ".", "!", "?"})  # nothing is counted by a number in front of these
_BREAKS = frozenset({",", ";", ".", "|", "-"})


def bare_minutes(request: Request) -> int | None:
    """Return the one lone number of a timer in seconds: nearly everybody means minutes. None where it may be more."""
    tokens, language = request.outside("label"), request.language
    if any(one.value.certain for one in language.times(tokens)):
        return None
    found = []
    at = 0
    while at < len(tokens):
        one = language.amount(tokens, at)
        if one is not None and (tokens.at(at)[0].isdigit() or one.value >= _LEAST):
            found.append(one)
        at = one.end if one else at + 1
    if len(found) != 1 or not _LEAST <= found[0].value <= _MOST:
        return None
    words = language.words
    before, after = tokens.at(found[0].start - 1), tokens.at(found[0].end)
    # counting down from thirty is counting seconds
    if before in words.counted_from or (after not in _ENDS and after not in words.after_bare):
        return None
    seconds = found[0].value * 60
    return int(seconds) if seconds.denominator == 1 else None


def wished(tokens: Tokens, language: Language) -> Tokens:
    """Return the tokens without the times of other clauses: "exam at nine, wake me at seven" rings at seven."""
    exact = [one for one in language.times(tokens) if one.value.certain and not one.value.vague]
    if len({(one.value.hour, one.value.minute) for one in exact}) < 2:
        return tokens
    words = language.words
    clause, clauses = 0, []
    for part in tokens.parts:
        clause += part in _BREAKS or part in words.so
        clauses.append(clause)
    calling = {clauses[at] for at, part in enumerate(tokens.parts) if part in words.waking or part in words.ringing}
    meant = [one for one in exact if clauses[one.start] in calling]
    if len(calling) != 1 or len({(one.value.hour, one.value.minute) for one in meant}) != 1:
        return tokens
    parts = list(tokens.parts)
    for one in exact:
        if one not in meant:
            parts[one.start : one.end] = ["|"] * (one.end - one.start)
    return Tokens(tuple(parts), tokens.origin)
