"""What is no wish in English."""

from __future__ import annotations

from typing import Final

from appliance.understanding.refusals.groups import (
    ALARMS,
    ALL,
    BOX,
    CHANGING,
    CLOCKS,
    KEPT,
    LAMPS,
    LIGHT,
    LISTED,
    MAKING,
    MARKING,
    NOTES,
    PENDING,
    REMINDING,
    SHOWN,
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
    # what was, and what others have: the box shows what there is now
    refusal(
        SHOWN,
        r"^(?:when (?:did i (?:add|put|write)|was)|why|who (?:did|put|set|added|wrote|has|had))\b",
        r"\b(?:did|have) (?:i|we) (?:finish|finished|complete|completed)\b",
        r"\b(?:her|his|their|wife's|husband's) (?:to do |shopping )?(?:list|reminders|alarms|timers|notes)\b",
        r"\b(?:my|the) (?:wife|husband|son|daughter|government)(?:'s)? (?:have|has|list)\b",
        r"\bon (?:my|his|her) (?:phone|mobile|laptop|computer|tablet)\b",
        r"^how much (?:would|will|do|does)\b",
        r"\bcheapest\b",
    ),
    refusal(PENDING, r"\b(?:last (?:week|month|year|night)|yesterday)\b", r"^did (?:my|the) alarm\b"),
    refusal(LISTED, r"\bprice list\b", r"\blist of (?:ingredients|symptoms|presidents|kings|side effects)\b"),
    refusal(NOTES, r"\bon (?:my|the) (?:laptop|computer|tablet)\b", r"\b(?:c major|octave|piano|meeting from)\b"),
    refusal(
        LAMPS,
        r"\b(?:bike|bicycle|street|car|fridge|freezer|phone|keyboard|monitor|screen|camera|traffic|brake|oven|"
        r"neighbou?r'?s?|grandma's|gran's) (?:\w+ )?(?:light|lights|headlights|brightness)\b",
        r"\b(?:torch|flashlight|headlights|headlamps)\b",
        r"^did (?:you|i|we)\b",
    ),
    refusal(
        BOX,
        r"^(?:how|is|what) (?:\w+ ){1,5}(?:the (?:room|bedroom|fridge|freezer|company|street)|(?:my|"
        r"the) (?:phone|car|router))\b",
    ),
)
