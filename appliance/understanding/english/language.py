"""The English language as the shared builders see it."""

from __future__ import annotations

from appliance.understanding.english.clock import times
from appliance.understanding.english.days import dates, repeats
from appliance.understanding.english.durations import durations, stopwatch
from appliance.understanding.english.numbers import amount
from appliance.understanding.english.spans import ruled
from appliance.understanding.english.spelling import spelled
from appliance.understanding.english.sums import expression
from appliance.understanding.english.units import conversion
from appliance.understanding.english.words import WORDS, list_name
from appliance.understanding.languages import Language

LANGUAGE = Language(
    tag="en",
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
