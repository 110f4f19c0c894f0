"""From a request to the arguments of volume, media, light and scene tools."""

from __future__ import annotations

import re
from typing import Any

from appliance.understanding.languages import HomeWords
from appliance.understanding.request import Request

Arguments = dict[str, Any]

_STEP, _LITTLE, _MUCH = 10, 5, 20  # points of a hundred for "louder", "a bit louder", "a lot louder"
_SCALE_OF_TEN = 10  # "volume 7" is said of knobs with ten steps
_FULL, _HALF = 100, 50
_PERCENT = re.compile(r"%|\bpercent\b|\bper cent\b|\bprozent\b|\bpour ?cent\b")


def volume_set(request: Request) -> Arguments | None:
    """Return level, change or muted; None when the sentence gives no direction."""
    words, low = request.language.words.home, request.low
    place = _place(request)
    if words.unmute.search(low):
        return _with({"muted": False}, place)
    number, is_change = _number(request)
    if number is None and words.mute.search(low):
        return _with({"muted": True}, place)
    amount = _amount(words, low, number, is_change, least=0, tens=True)
    if amount is None:
        return None
    return _with({("change" if amount[1] else "level"): amount[0]}, place)


def light_set(request: Request) -> Arguments | None:
    """Return what is to change about a light; None when nothing was found."""
    words = request.language.words.home
    place, low = _place(request), request.low
    color = _color(words, " ".join(request.outside("place").parts))
    number, is_change = _number(request)
    if words.off.search(low) and number is None and color is None:
        return _with({"on": False}, place)
    amount = _amount(words, low, number, is_change, least=1, tens=False)
    arguments: Arguments = {}
    if amount is not None and not (amount[1] and color is not None and number is None):
        arguments["change" if amount[1] else "brightness"] = amount[0]
    if color is not None:
        arguments["color"] = color
    if not arguments and words.on.search(low):
        arguments["on"] = True
    return _with(arguments, place) if arguments else None


def media_control(request: Request) -> Arguments | None:
    """Return the action, and for `play` what was asked for."""
    words, place = request.language.words.home, _place(request)
    query = _query(request, words)
    spoken = " ".join(request.outside("query").parts) if query else request.low
    action = next((name for name, pattern in words.actions if pattern.search(spoken)), "play" if query else None)
    if action is None:
        return None
    if query is not None and action in ("resume", "next"):
        action = "play"  # what is named is not what was playing
    return _with({"action": action} | ({"query": query} if query and action == "play" else {}), place)


def scene_set(request: Request) -> Arguments | None:
    said = request.said("scene")
    name = request.language.words.bare.sub("", said).strip() if said else ""
    return {"scene": name} if name else None


def _place(request: Request) -> str | None:
    said = request.said("place") or ""
    # only what stands in front: the lamp in "stehlampe" belongs to the name
    article = request.language.words.bare.match(said)
    return request.language.words.room(said[article.end() :].strip() if article else said) or None


def _query(request: Request, words: HomeWords) -> str | None:
    said = request.said("query")
    return None if said is None or words.anything.match(said.lower()) else said


def _number(request: Request) -> tuple[int | None, bool]:
    """Return the number that was said outside the place, and whether it is the size of a change."""
    tokens = request.outside("place")
    for at, part in enumerate(tokens.parts):
        found = request.language.amount(tokens, at)
        follows = tokens.at(found.end) if found else ""
        # "a bit", "this one": articles and pronouns are numbers only in front of a measure
        if found is None or (not part[0].isdigit() and found.value == 1 and not _PERCENT.search(follows)):
            continue
        value = found.value * 100 if found.value.denominator != 1 and found.value < 1 else found.value
        if value.denominator == 1 and 0 <= value <= _FULL:
            before = " ".join(tokens.parts[:at])
            return int(value), request.language.words.home.by.search(f"{before} ") is not None
    return None, False


def _amount(
    words: HomeWords, low: str, number: int | None, is_change: bool, *, least: int, tens: bool
) -> tuple[int, bool] | None:
    """Return (points, whether they are a change)."""
    down = words.down.search(low) is not None
    up = words.up.search(low) is not None
    if number is not None:
        if is_change and (up or down):
            return (-number if down else number), True
        scaled = number * 10 if tens and 0 < number <= _SCALE_OF_TEN and not _PERCENT.search(low) else number
        return max(scaled, least), False
    if words.least.search(low):
        return least, False
    if words.most.search(low):
        return (_FULL, False) if not down else (least, False)
    if words.half.search(low):
        return _HALF, False
    if not (up or down):
        return None
    step = _LITTLE if words.little.search(low) else _MUCH if words.much.search(low) else _STEP
    return (-step if down else step), True


def _color(words: HomeWords, text: str) -> str | None:
    """Return the color that is named, the longest spelling first."""
    for spelling in sorted(words.colors, key=len, reverse=True):
        if re.search(rf"\b{re.escape(spelling)}\b", text):
            return words.colors[spelling]
    return None


def _with(arguments: Arguments, place: str | None) -> Arguments:
    return arguments | ({"place": place} if place else {})
