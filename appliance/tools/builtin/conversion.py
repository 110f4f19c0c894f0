"""Conversion between units of one kind, worked out exactly."""

from __future__ import annotations

from fractions import Fraction

from appliance.tools.base import ToolOutput, ToolRefusedError
from appliance.tools.builtin.sums.numbers import show
from appliance.tools.builtin.units import Unit, find_unit, units

_MAX_MAGNITUDE = 1e100
# "ounces" and the like name two things; the other unit decides which is meant.
_OTHER_MEANING = {"ounce": "fluid ounce", "ton": "tonne"}


def convert(number: float, from_unit: str, to_unit: str) -> ToolOutput:
    """Convert and say both sides. Raises ToolRefusedError that says what is wrong."""
    if not abs(number) <= _MAX_MAGNITUDE:
        raise ToolRefusedError("That number is too large for me.")
    source, target = _units(from_unit, to_unit)
    # repr gives the shortest text of the float: 0.1 stays a tenth and not its binary neighbour.
    value = Fraction(repr(number))
    base = value * source.factor + source.offset
    if source.kind == "temperature" and base < 0:
        raise ToolRefusedError("Nothing is colder than absolute zero, −273.15 degrees Celsius.")
    result = (base - target.offset) / target.factor
    left, _exact = show(value)
    right, exact = show(result, digits=6)
    text = f"{left} {_noun(source, value)} {'is' if value == 1 else 'are'} {'' if exact else 'about '}{right}"
    data = {"value": float(result), "unit": target.plural, "exact": exact}
    return ToolOutput(f"{text} {_noun(target, result)}.", data)


def _units(from_name: str, to_name: str) -> tuple[Unit, Unit]:
    source, target = _known(from_name), _known(to_name)
    if source.kind == target.kind:
        return source, target
    other_source = units().get(_OTHER_MEANING.get(source.singular, ""), source)
    other_target = units().get(_OTHER_MEANING.get(target.singular, ""), target)
    for first, second in ((other_source, target), (source, other_target)):
        if first.kind == second.kind:
            return first, second
    raise ToolRefusedError(
        f"{source.plural[0].upper()}{source.plural[1:]} measure {source.kind}, {target.plural} measure {target.kind}:"
        " one cannot be converted into the other."
    )


def _known(name: str) -> Unit:
    unit = find_unit(name)
    if unit is not None:
        return unit
    import difflib  # rarely needed

    near = difflib.get_close_matches(name.lower(), list(units()), n=1, cutoff=0.75)
    raise ToolRefusedError(f"I do not know the unit “{name.strip()}”.{f' Did you mean {near[0]}?' if near else ''}")


def _noun(unit: Unit, value: Fraction) -> str:
    return unit.singular if value in (1, -1) else unit.plural
