"""The German language as the shared builders see it."""

from __future__ import annotations

from appliance.understanding.german.clock import times
from appliance.understanding.german.days import dates, repeats
from appliance.understanding.german.durations import durations, stopwatch
from appliance.understanding.german.numbers import amount
from appliance.understanding.german.spans import ruled
from appliance.understanding.german.sums import expression
from appliance.understanding.german.tokens import spelled, split
from appliance.understanding.german.units import conversion
from appliance.understanding.german.words import WORDS, list_name
from appliance.understanding.languages import Language

LANGUAGE = Language(
    tag="de",
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
    split=split,
)
