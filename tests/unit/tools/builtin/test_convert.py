import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.tools.base import ToolRefusedError
from appliance.tools.builtin.conversion import convert
from appliance.tools.builtin.units import find_unit, units
from appliance.tools.speech import speech


@pytest.mark.parametrize(
    ("value", "source", "target", "text"),
    [
        (5, "miles", "km", "5 miles are 8.04672 kilometres."),
        (1, "cup", "ml", "1 cup is about 236.588 millilitres."),
        (100, "Fahrenheit", "celsius", "100 degrees Fahrenheit are about 37.7778 degrees Celsius."),
        (-40, "C", "F", "-40 degrees Celsius are -40 degrees Fahrenheit."),
        (0, "degrees C", "kelvin", "0 degrees Celsius are 273.15 kelvin."),
        (16, "oz", "lb", "16 ounces are 1 pound."),
        (8, "ounces", "cups", "8 fluid ounces are 1 cup."),
        (1, "GiB", "bytes", "1 gibibyte is 1,073,741,824 bytes."),
        (100, "Mb", "MB", "100 megabits are 12.5 megabytes."),
        (36, "km per hour", "meters per second", "36 kilometres per hour are 10 metres per second."),
        (1, "acre", "square feet", "1 acre is 43,560 square feet."),
        (2, "weeks", "hours", "2 weeks are 336 hours."),
        (1, "kWh", "kJ", "1 kilowatt hour is 3,600 kilojoules."),
        (1, "atm", "mbar", "1 atmosphere is 1,013.25 millibars."),
        (6, "feet", "cm", "6 feet are 182.88 centimetres."),
    ],
)
def test_units_are_converted_exactly(value: float, source: str, target: str, text: str) -> None:
    assert convert(value, source, target, speech("en")).text == text


@pytest.mark.parametrize(
    ("value", "source", "target", "words"),
    [
        (5, "kg", "km", "Kilograms measure mass, kilometres measure length"),
        (5, "flurbs", "km", "do not know the unit “flurbs”"),
        (5, "killometers", "km", "Did you mean kilometers?"),
        (-274, "celsius", "kelvin", "absolute zero"),
        (1e101, "m", "km", "too large"),
        (float("nan"), "m", "km", "too large"),
        (1, "mW", "W", "do not know"),
    ],
)
def test_what_cannot_be_converted_says_why(value: float, source: str, target: str, words: str) -> None:
    with pytest.raises(ToolRefusedError) as caught:
        convert(value, source, target, speech("en"))
    assert words in str(caught.value)


@given(st.sampled_from(sorted(units())), st.sampled_from(sorted(units())), st.floats(0.001, 1e6))
def test_there_and_back_is_the_same(source: str, target: str, value: float) -> None:
    first, second = units()[source], units()[target]
    if first.kind == second.kind:
        there = (value * first.factor + first.offset - second.offset) / second.factor
        back = (there * second.factor + second.offset - first.offset) / first.factor
        assert float(back) == pytest.approx(value, rel=1e-9)


def test_every_unit_is_found_by_its_own_names_and_plurals() -> None:
    for unit in units().values():
        assert find_unit(unit.singular) == unit
        assert find_unit(unit.plural) == unit
