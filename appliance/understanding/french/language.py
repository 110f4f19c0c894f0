"""The French language as the shared builders see it."""

from __future__ import annotations

from appliance.understanding.french.clock import times
from appliance.understanding.french.days import dates
from appliance.understanding.french.durations import durations, stopwatch
from appliance.understanding.french.numbers import amount
from appliance.understanding.french.repeats import repeats
from appliance.understanding.french.spans import ruled
from appliance.understanding.french.spelling import spelled
from appliance.understanding.french.sums import expression
from appliance.understanding.french.units import conversion
from appliance.understanding.french.words import WORDS, list_name
from appliance.understanding.languages import Language

LANGUAGE = Language(
    tag="fr",
    spelled=spelled,
    durations=durations,
    stopwatch=stopwatch,
    times=times,
    dates=dates,
    repeats=repeats,
    amount=amount,
    expression=expression,
    conversion=conversion,
    ruled=ruled,
    list_name=list_name,
    words=WORDS,
)
