"""Conversion between units of one kind, worked out exactly."""

from __future__ import annotations

from fractions import Fraction

from appliance.tools.base import ToolOutput, ToolRefusedError
from appliance.tools.builtin.sums.numbers import show
from appliance.tools.builtin.units import Unit, find_unit, units
from appliance.tools.speech import Speech

_MAX_MAGNITUDE = 1e100
# "ounces" and the like name two things; the other unit decides which is meant.
_OTHER_MEANING = {"ounce": "fluid ounce", "ton": "tonne"}


def convert(number: float, from_unit: str, to_unit: str, words: Speech) -> ToolOutput:
    """Convert and say both sides. Raises ToolRefusedError that says what is wrong."""
    if not abs(number) <= _MAX_MAGNITUDE:
        raise ToolRefusedError(words.say("number.large"))
    source, target = _units(from_unit, to_unit, words)
    # repr gives the shortest text of the float: 0.1 stays a tenth and not its binary neighbour.
    value = Fraction(repr(number))
    base = value * source.factor + source.offset
    if source.kind == "temperature" and base < 0:
        raise ToolRefusedError(words.say("too.cold"))
    result = (base - target.offset) / target.factor
    left, _exact = show(value)
    right, exact = show(result, digits=6)
    told = words.number(right)
    said = words.say(
        "unit.many" if words.is_many(value) else "unit.one",
        left=words.number(left),
        source=_noun(source, value, words),
        right=told if exact else words.say("about", number=told),
        target=_noun(target, result, words),
    )
    return ToolOutput(said, {"value": float(result), "unit": target.plural, "exact": exact})


def _units(from_name: str, to_name: str, words: Speech) -> tuple[Unit, Unit]:
    source, target = _known(from_name, words), _known(to_name, words)
    if source.kind == target.kind:
        return source, target
    other_source = units().get(_OTHER_MEANING.get(source.singular, ""), source)
    other_target = units().get(_OTHER_MEANING.get(target.singular, ""), target)
    for first, second in ((other_source, target), (source, other_target)):
        if first.kind == second.kind:
            return first, second
    named = words.unit(source.singular, source.plural, plural=True)
    raise ToolRefusedError(
        words.say(
            "unit.mixed",
            source=named[0].upper() + named[1:],
            source_kind=source.kind,
            target=words.unit(target.singular, target.plural, plural=True),
            target_kind=target.kind,
        )
    )


def _known(name: str, words: Speech) -> Unit:
    unit = find_unit(name)
    if unit is not None:
        return unit
    import difflib  # rarely needed

    near = difflib.get_close_matches(name.lower(), list(units()), n=1, cutoff=0.75)
    hint = words.say("unit.near", unit=near[0]) if near else ""
    raise ToolRefusedError(words.say("unit.unknown", unit=name.strip()) + hint)


def _noun(unit: Unit, value: Fraction, words: Speech) -> str:
    return words.unit(unit.singular, unit.plural, plural=words.is_many(value))
