"""What is no wish in English."""

from __future__ import annotations

from typing import Final

from appliance.understanding.refusals.groups import (
    ALARMS,
    ALL,
    CHANGING,
    CLOCKS,
    KEPT,
    LIGHT,
    LISTED,
    MAKING,
    MARKING,
    REMINDING,
    WORDY,
    Refusal,
    refusal,
)

_KIN = (
    r"(?:sister|brother|mum|mom|mother|dad|father|son|daughter|wife|husband|flatmate|roommate|boss|neighbour|neighbor|"
    r"gran|grandma|grandad|friend|kid|kids|boyfriend|girlfriend|colleague|teacher)"
)
REFUSED: Final[tuple[Refusal, ...]] = (
    refusal(
        ALL, r"^(?:system|assistant|user|admin) ?:", r"^(?:please )?repeat after me\b", r"\bignore (?:all )?your rules"
    ),
    refusal(
        WORDY, r"^(?:how do (?:you|i) (?:say|spell)|translate)\b", r"^what(?:'s| is) the (?:french|german|spanish) "
    ),
    refusal(
        MAKING,
        r"^(?:no need (?:to|for)|whatever you do|don't you dare|i was (?:going|about) to|i almost|almost told|"
        r"suppose|imagine)\b",
        r"^(?:if i (?:were|asked|told|said|set)|should i|would it|is it (?:rude|ok|okay|bad|worth|safe)|"
        r"what happens)\b",
        r"^(?:what would|i wish i|wish i'd|had i|maybe i'll|perhaps i'll|pretend|we were told to|they asked us)\b",
    ),
    refusal(LIGHT, r"^not (?:the|those|these|that|my)\b"),
    refusal(
        ALARMS,
        r"\b(?:dis)?arm(?:ed)? the\b",
        r"\braise the alarm",
        r"\b(?:burglar|smoke|fire|car|intruder|false) alarm",
    ),
    refusal(
        CLOCKS,
        r"\bon (?:my|the|his|her|our) (?:phone|mobile|iphone|ipad|tablet|laptop|computer|watch|smartwatch)\b",
        r"^(?:please )?set the (?:oven|microwave|dishwasher|hob|thermostat|sprinklers?|boiler|heating)\b(?! timer)",
    ),
    refusal(
        KEPT,
        r"\b(?:how many|more than one|multiple) .*(?:\bat (?:a|the same) time|\bat once|\bcan you|\bcan i)",
        r"^where (?:is|are|do) .*\b(?:stored|saved)\b",
        r"^is there a limit\b",
        r"^who can\b",
    ),
    refusal(REMINDING, r"^(?:just )?(?:a )?(?:gentle|friendly|kind|polite|final) reminder\b"),
    refusal(LISTED, r"\b(?:is|are) (?:he|she|they|anyone|somebody|someone) (?:still )?on\b"),
    refusal(
        CHANGING,
        r"^(?:please )?(?:buy|order|purchase|pay|text|bid|transfer|donate|reserve)\b(?!')",
        r"^(?:please )?(?:ring|phone|call) (?:mum|mom|dad|gran|my \w+)\b",
    ),
    refusal(CLOCKS, rf"^(?:my|our|his|her) {_KIN} (?:wants?|needs?|has|had|set|always|keeps?|asked)\b(?!.*\bme\b)"),
    refusal(
        ALL, r"^i (?:set|turned|added|deleted|cancelled|cleared|played) .*\b(?:earlier|yesterday|last night|ago)\b"
    ),
    refusal(MARKING, r"^(?:he|she|they|mum|mom|dad|gran|my boss) (?:told|asked|yelled|shouted|used to)\b(?!.*,)"),
)
