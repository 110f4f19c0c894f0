"""The words of the parsers that are repaired when one letter of them is wrong."""

from __future__ import annotations

from appliance.understanding.tokens import speller

_SPELLED = frozenset(
    "minute minutes second seconds tomorrow tonight monday tuesday wednesday thursday "
    "friday saturday sunday weekday weekdays "
    "weekend weekends january february march april june july august september october "
    "november december morning evening "
    "afternoon midnight quarter twenty thirty fourteen fifteen sixteen seventeen eighteen "
    "nineteen hundred thousand percent "
    "multiply multiplied subtract subtracted divide divided fahrenheit celsius kilometers "
    "kilometer centimeters centimeter "
    "pounds ounces gallons liters inches tablespoons teaspoons square everyday o'clock".split()
)
spelled = speller(_SPELLED)
