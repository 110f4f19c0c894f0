"""From a request to the exact arguments of its tool, in every language; None where something needed is missing.

The words are found by the parsers of a `Language`. It must not know models, votes or thresholds.
"""

from appliance.understanding.arguments.builders import BUILDERS, MAX_TIMER_S, build, vetoed

__all__ = ["BUILDERS", "MAX_TIMER_S", "build", "vetoed"]
