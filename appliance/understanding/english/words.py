"""The English words that the shared builders look for."""

from __future__ import annotations

import re

from appliance.understanding.languages import HomeWords, Words
from appliance.understanding.refusals.english import REFUSED

_NOT_NAMES = frozenset(
    "the my our a this that new whole entire your to on off from of add and it please in onto into for is clear "
    "empty".split()
)
_LIST_WORDS = re.compile(r"\b([\w'-]+(?: [\w'-]+)?) list\b", re.IGNORECASE)
_TASKS = re.compile(r"\b(?:to[ -]?dos?|tasks?|chores?|errands|things to do)\b", re.IGNORECASE)
# "lose the crisps from the" list, "give me the" list
_NO_NAME = re.compile(
    r"^(?:.*\s)?(?:from|on|off|of|to|for|the|my|our|whole|entire)$|^(?:full|me|please|do|list|teh)$|^homarus "
)
_SAME_LISTS = {"groceries": "grocery", "things to buy": "shopping", "shoping": "shopping"}

HOME = HomeWords(
    up=re.compile(
        r"\b(?:up|louder|luoder|raise|increase|higher|more|brighter|brighten|lighter|boost|bump|crank|pump|hear|"
        r"bring up|"
        r"too (?:quiet|soft|low|dark|dim)|some volume)\b"
    ),
    down=re.compile(
        r"\b(?:down|quieter|lower|decrease|reduce|softer|less|dim|dimmer|dimming|darker|darken|quiet|soften|lessen|"
        r"too (?:loud|bright|noisy|high)|(?:not|n't be) so loud|deafening|bit loud|back a bit|drop the volume|dwon)\b"
    ),
    much=re.compile(r"\b(?:a lot|much|way|lots|significantly|far|considerably|a ton|really)\b"),
    little=re.compile(r"\b(?:a (?:little|bit|tad|touch|notch|smidge|hair)|slightly|a little bit|bit)\b"),
    most=re.compile(
        r"\b(?:max|maximum|full|all the way(?: up)?|as (?:loud|bright|high) as|full blast|blast it|brightest|loudest|"
        r"fully|"
        r"completely up|highest)\b"
    ),
    least=re.compile(
        r"\b(?:min|minimum|all the way down|as (?:quiet|dim|low|dark|soft) as|lowest|dimmest|quietest|minimal)\b"
    ),
    half=re.compile(r"\b(?:half|halve|halfway|medium|50 ?/ ?50)\b"),
    by=re.compile(r"\b(?:by|another|an extra|more by|up|down)(?: about| around)? ?$"),
    mute=re.compile(r"\b(?:mute|silence|silent|shut up|hush|no sound|sound off|quiet mode|(?:kill|cut|"
        r"turn off) the (?:sound|audio)|shush)\b"),
    unmute=re.compile(
        r"\b(?:un-?mute|sound (?:back )?on(?! mute)|(?:turn|switch|put|bring|give)(?: me)?(?: the)? (?:sound|audio|"
        r"volume) back(?: on)?|"
        r"stop muting|take .* off mute)\b"
    ),
    on=re.compile(r"\b(?:on|light up|illuminate|lit|bring up|activate|enable|lights?,? please|some light|"
        r"let there be light|bit of light|"
        r"get (?:the|that) (?:[\w']+ )?lights?|hit the lights?|light for|ca ?n.?t see|cannot see|no light|^lights?)\b"),
    off=re.compile(r"\b(?:off|out|extinguish|kill|shut down|dark in here please|deactivate|disable|lights? out|douse|"
        r"(?:shut|cut|kill) (?:all )?the lights?|(?:make|turn) it dark|turn of (?:the|all))\b"),
    colors={
        "warm white": "warm white", "warm": "warm white", "warmer": "warm white", "cozy": "warm white",
        "cool white": "cool white", "cold white": "cool white", "cooler": "cool white", "colder": "cool white",
        "daylight": "cool white", "bluish white": "cool white", "soft white": "warm white",
        "red": "red", "orange": "orange", "amber": "orange", "yellow": "yellow", "gold": "yellow", "green": "green",
        "lime": "green", "turquoise": "turquoise", "teal": "turquoise", "cyan": "turquoise", "aqua": "turquoise",
        "blue": "blue", "purple": "purple", "violet": "purple", "lavender": "purple", "lilac": "purple",
        "indigo": "purple", "pink": "pink", "rose": "pink", "magenta": "magenta", "white": "white",
    },
    actions=(
        ("resume", re.compile(
            r"\b(?:resume|continue|un-?pause|carry on|keep playing|keep going|go on with|pick up where|"
            r"(?:start|play)(?: \w+){0,3} again|hit play|press play|play on)\b"
        )),
        ("pause", re.compile(r"\b(?:pause|hold on|hold the (?:music|song)|hang on|freeze)\b")),
        ("stop", re.compile(
            r"\b(?:stop|turn off|switch off|shut off|turn (?:the |that |this )?\w+(?: \w+)? off|end|quit|"
            r"switch (?:the |that |this )?\w+ off|(?:radio|music|tv) off|kill|no more|cut|cancel|enough|"
            r"shut (?:the |that |this )?\w+ (?:off|down|up))\b"
        )),
        ("previous", re.compile(
            r"\b(?:previous|last (?:song|track|one)|go back|back (?:one|a)|before|rewind|again from|replay|backwards?|"
            r"skip back|that song again|once more|encore)\b"
        )),
        ("next", re.compile(
            r"\b(?:next|skip|another (?:song|track|one)|different (?:song|track|one)|forward|not this one|"
            r"change (?:the |this )?(?:song|track|tune)|"
            r"jump ahead|pass on this|"
            r"something else)\b"
        )),
        ("play", re.compile(r"\b(?:play|put|listen|hear|start|turn on|stream|shuffle|tune|music|want|give|blast|"
            r"radio|tunes?|"
            r"wireless|(?:stick|whack|chuck|bung|throw|whack) on|gimme)\b")),
    ),
    anything=re.compile(
        r"^(?:(?:some|the|a|any|my|this|that|more|of)\s+)*(?:music|songs?|it|something|tunes?|anything|track|audio|"
        r"sound|"
        r"playback|media|player|playing|one|again|stuff|"
        r"radio|album|playlist|podcast|movie|video|show|film)?(?: please| on| now| again)*$"
    ),
)  # fmt: skip

_VETO = re.compile(
    r"\b(?:unless|provided that|depending on|whether)\b|"
    r"(?<!sure )\bif (?!you\b(?! (?:see|hear|find|notice|get an?))|possible|that'?s (?:ok|poss|fine)|need|it is ?n|"
    r"not?\b|they are ?n|they'?re not)|"
    r"\b(?:whenever|as soon as|when) (?:i|we|he|she|they|my|mom|dad|someone|somebody|nobody|anyone|it (?!'?s\b|is\b)|"
    r"the (?!timer|time|alarm)\w+ (?:is|are|gets?|starts?|ends?|arrives?|rings?|goes|comes|leaves|drops|rises))\b|"
    r"\band (?:then |also )?(?:tell|email|e-mail|text|call (?!it)|order|buy|send|share|message|notify|forward|"
    r"let (?:everyone|them|him|her)|print|translate|explain|book)\b|"
    r"^(?:\W|please |hey |ok |so |and )*(?:(?:do ?n'?t|do not|never)\b(?! let| forget| allow| rem| wake| ring| ?mind)|"
    r"(?:tell|ask|email|text|message|call) (?!me\b|us\b|off\b)|"
    r"(?:how (?:do|can|would|should|did|to|could|come)|why (?!do ?n'?t you)|who\b|where (?:do|can|did)|"
    r"what (?:does|happens|if|would)|explain|teach|translate|did (?:he|she|they)|imagine|suppose|pretend)\b)"
)

WORDS = Words(
    all=frozenset({"all", "every", "each", "everything", "both"}),
    bare=re.compile(r"^(?:the|my|our|a|an)\s+", re.IGNORECASE),
    item_articles=re.compile(
        r"^(?:(?:we've no|we have no|there's no|that was the last of|i fancy|(?:mum|dad) (?:wants|needs)|don't forget|"
        r"some|the|a|an|more|also|please|another|any)\s+)+",
        re.IGNORECASE,
    ),
    item_joint=re.compile(r"\s+(?:and|&|plus)\s+", re.IGNORECASE),
    event=re.compile(
        r"\b(?:when|whenever|once|as soon as|until|if|after|before) "
        r"(?:i|we|it|he|she|they|you|the|my|[a-z]+ (?:gets|arrives|calls|is|comes))\b",
        re.IGNORECASE,
    ),
    others=re.compile(
        r"\bremind (?!me\b|us\b|myself\b|about\b|to\b|in\b|at\b|on\b)[a-z]+ (?:[a-z]+ )?(?:to|about|that)\b",
        re.IGNORECASE,
    ),
    reminders=re.compile(r"\breminders\b", re.IGNORECASE),
    time_hints=frozenset(
        {"when", "until", "till", "month", "year", "later", "before", "after", "once", "soon", "whenever", "every"}
    ),
    fill=frozenset(
        "when it's its it is at on in by for the around about of this from now @ every each and , . | to please ! ? "
        "a".split()
    ),
    shared_parts=frozenset({"tonight", "evening", "afternoon", "morning"}),
    waking=frozenset({"wake", "up"}),
    ringing=frozenset({"alarm", "alarms", "awake", "waking", "bed"}),
    date_words=frozenset("date day month year week today weekday today's todays season century".split()),
    day_words=frozenset({"date", "day"}),
    time_words=frozenset("time late hour clock morning night noon midnight early afternoon evening dark".split()),
    when_ends=lambda said: re.sub(
        r"\b(tomorrow|yesterday|today|[a-z]+day)'?s$", r"\1", said, flags=re.IGNORECASE
    ),  # "tomorrow's date" asks for tomorrow; "new year's" is a name
    shopping=re.compile(r"\b(?:buy|shop|shopping|store|supermarket|groceries)\b", re.IGNORECASE),
    the_list=re.compile(
        r"\b(?:the|my|our|this|that|whole|entire) list\b(?! (?:of|for|called|named))|"
        r"\b(?:cross|tick|check|strike) (?:everything|it all|all of it) off\b|\bcross off everything\b",
        re.IGNORECASE,
    ),
    item_tail=re.compile(
        r" left$| as well$|,? (?:add|put|pop|stick|get|take|cross|tick|check|strike) (?:it|that|them|those|some)\b.*$",
        re.IGNORECASE,
    ),
    no_query=frozenset("note notes it that all everything last away".split()),
    query_tail=re.compile(r",? so (?:delete|remove|drop|bin|erase|get rid of)\b.*$", re.IGNORECASE),
    so=frozenset({"so", "therefore"}),
    counted_from=frozenset({"from"}),
    after_bare=frozenset("for please on and thanks beep start now ta timer pls ok clock time it then long".split()),
    home=HOME,
    veto=_VETO,
    refused=REFUSED,
    compared=frozenset({"than"}),
)


def list_name(said: str | None, outside: str) -> str | None:
    """Return the canonical name of the list that was named, in the copied words or in those around the items."""
    name = _NO_NAME.sub("", said) if said else None
    if not name:
        if _TASKS.search(outside):
            return "to-do"
        found = _LIST_WORDS.search(outside.replace("| ", ""))
        last = found[1].split()[-1] if found else ""
        name = last if last and last not in _NOT_NAMES and not last.endswith("'s") else None
    if name is None:
        return None
    name = re.sub(r"\s+lists?$", "", WORDS.bare.sub("", name), flags=re.IGNORECASE).lower()
    if re.fullmatch(r"to[ -]?do'?s?|things to do|tasks?", name):
        return "to-do"
    return _SAME_LISTS.get(name, name) or None
