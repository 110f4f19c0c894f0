"""Where the open text of a request usually stands: after "that", between "add" and "to my list", before "note".

The fixed words of English do this more surely than a small model copies rare words; where no rule fits, the
language model's copy is taken.
"""

from __future__ import annotations

import functools
import re

from appliance.understanding.english import homes

_POLITE = (
    r"(?:,? (?:please|pls|thanks|thank you|for me|now|right now|ok|okay|if you can|when you can|"
    r"anymore|any more|cheers|ta|mate|lol|would you|will you|before i forget(?: again)?))*[.!?]*$"
)
# "now" belongs to "three weeks from now"
_END = r"(?:,? (?:please|pls|thanks|thank you|for me|ok|okay))*[.!?]*$"
_MY = r"(?:my|the|our|this|that|a)"
_ANY = r"(?:[\w'&-]+(?: [\w'&-]+){0,2}?)"
_NAME = rf"((?!(?:my|the|our|to(?! ?-?do)|on|of|from|put|add|read|show)\b){_ANY})"
_KNOWN_LISTS = (
    r"groceries|grocery|shopping|to-?do'?s?|to dos?|chores|errands|tasks|packing|[\w-]+list|list of things to do|"
    r"things to do|things to buy|list of chores"
)
_LIST = rf"(?:{_MY} )?(?:{_ANY} (?:lists?|lsit)|list of [\w' ]+|lists?|(?:{_KNOWN_LISTS}))"
_TO = r"(?:to|on|onto|on to|in|into|in to|for|at)"
_FROM = r"(?:from|off|off of|out of|of|on|from off|in)"
_ADD = (
    r"(?:add|put|include|throw|stick|place|write|pop|insert|append|enter|toss|log|jot|get|drop|chuck|note|save|type|"
    r"slap|"
    r"record|list|want|need|have|update)"
)
_REMOVE = (
    r"(?:remove|delete|take|cross|scratch|strike|tick|check|mark|drop|erase|clear|get rid of|"
    r"eliminate|cut|pull|wipe|get|"
    r"knock|move|kick|subtract|discard|ditch|lose|forget|bin|scrub|chuck|leave|strike out|cross out|leave out)"
)
_IT = r"(?:it|that|them|those|this|some|these)"
_NOTE = r"(?:notes?|memos?)"
_JOT = r"(?:write|jot|note|put|take|scribble|save|store|record|log|get|add|make|leave|keep|remember|create|start|drop)"

Rules = tuple[str, ...]


def _rules(*patterns: str) -> Rules:
    return patterns


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile when first needed: all of them at import would cost the start of the gateway 80 ms."""
    return re.compile(pattern)


_ITEMS_ADD = _rules(
    rf"^.*?\b{_LIST}(?: {_ADD})? ?: (.+?){_POLITE}",
    rf"\b(?:add|put|include|write|append) {_TO} {_LIST}[:,]? (.+?){_POLITE}",
    rf"^(?:\w+ )*?{_TO} {_LIST}(?! lists?\b),? (?:please )?{_ADD} (.+?){_POLITE}",
    rf"\b(?:out of|low on|need to buy|need to get|need|no more|any more|have no|used up all the|"
    rf"finished the|buy|get) (.+?),? "
    rf"(?:so |and )?(?:will you |can you |could you |please )*{_ADD} {_IT}\b",
    rf"\b(?:do i have|do we have|is there|are there|have i got|is|are) (.+?) on {_LIST},? (?:and |"
    rf"but )?(?:if|otherwise|or)\b",
    rf"\bupdate {_LIST} (?:with|to include|by adding|and add) (.+?){_POLITE}",
    rf"\b(?:start|create|make|begin) (?:a |an |a new |another ){_ANY} list (?:with|and add|"
    rf"including|containing)(?: items)? (.+?){_POLITE}",
    rf"\bmake sure (?:to add |we have |i have |to put |to include |you add )?(.+?) (?:is |are |"
    rf"gets |get )?(?:added )?{_TO} {_LIST}",
    rf"^(?:hey |ok |please |so |oh )*(.+?) (?:needs?|should|goes|go|has|have|ought|belongs?) (?:to "
    rf")?(?:go |be |added |put )*{_TO} {_LIST}",
    rf"\b{_ADD} (?:down )?(?:also )?(.+?) (?:down |too |as well |also |added |put |to be |be |in there )*{_TO} {_LIST}",
    r"^(?:(?:the|our|my|and|oh) )*(.+?)(?:'s| is| are| has| have)(?: (?:running|nearly|almost|all|run|getting))* "
    rf"(?:low|out|gone|empty|finished)\b.*\b{_ADD} {_IT}\b",
    rf"^(?:(?:oh|and|so|hey|also|right) )*(.+?),? (?:so |and |please |can you )*{_ADD} {_IT}\b",
    rf"^(.+?) {_TO} {_LIST}{_POLITE}",
)
_ITEMS_REMOVE = _rules(
    rf"\b(?:bought|got|have|did|done|finished|completed|picked up|purchased|need|want|need any|"
    rf"took care of) (?:the |any )?(.+?),? "
    rf"(?:so |and |you can |please )*{_REMOVE}(?: off)? {_IT}\b",
    rf"\b(?:{_FROM}) {_LIST},? (?:please )?{_REMOVE}(?: off)? (.+?){_POLITE}",
    r"\b(?:mark|check|set|tick) (.+?) (?:as |off as )?(?:done|complete|completed|finished|bought)\b",
    rf"\b(?:cross|scratch|tick|check|mark|take|strike) off (.+?) {_FROM} {_LIST}",
    rf"\b{_REMOVE} (.+?) (?:off |out |away |removed |to (?:the )?trash )*{_FROM} {_LIST}",
    r"^(?:hey |ok |please )*(.+?) (?:can|should|must|needs? to|may) (?:be |come |go )?(?:removed|"
    r"taken|deleted|crossed|erased|off)",
    r"\bwant (.+?) (?:off|removed|taken|deleted|gone)\b",
    rf"\b(?:cross|scratch|tick|check|mark|take|strike) off (.+?) {_FROM} {_LIST}",
    rf"\b(?:cross|scratch|tick|check|mark|take|strike) off (.+?){_POLITE}",
    rf"\b{_REMOVE} (.+?) off{_POLITE}",
    rf"\b{_REMOVE} (.+?) from {_ANY}{_POLITE}",
)
_LIST_NAME = _rules(
    rf"\blists? (?:called|named|titled) (.+?){_POLITE}",
    rf"\b(?:my|the|our|another|new|this|that) {_NAME} lists?\b",
    rf"\b(?:to|on|onto|in|into|off|from|a|an) {_NAME} lists?\b",
    r"\blist of (.+?)(?: ?[:,]|$| please| with| add)",
    rf"\b(?:to|on|onto|from|off|in|of|clear|empty|wipe|show|read|open) (?:of )?(?:me )?(?:my |the |"
    rf"our )?({_KNOWN_LISTS})\b",
    rf"^(?:hey |ok |please )*{_NAME} list\b",
    rf"\b(?:from|to) ([\w-]+){_POLITE}",
)
_NOTE_TEXT = _rules(
    rf"\b(?:saying|that says|which says|that reads|to say|with the text|reading|stating) (?:that "
    rf")?[\"']?(.+?){_POLITE}",
    r"\b(?:notes?|self|myself|down|this|memo|diary|journal|entry|idea|remember|following|later|me|"
    r"reference|record|forget)\s?[:,-] "
    rf"(?:(?:write|jot|note|put)(?: down)? )?(?:that )?(.+?){_POLITE}",
    rf"\b(?:note|down|remember|mind|self|record|notes|know|noted|recall|fact|myself|note of the "
    rf"fact|memo|log|forget|later|me) that (.+?){_POLITE}",
    rf"^(?:please )?(.+?)[,.] (?:please )?{_JOT}(?: a note)?(?: of| down)? (?:that|it|this)\b.*$",
    r"\b(?:put|save|add|write|store|enter|record|log|include) (?:down )?(.+?) (?:in|to|into|under|"
    r"as) (?:my |the |a |new )*(?:notes?|notebook)\b",
    rf"\b(?:write|jot|note|put|take|scribble|get) (?:this |it |that |a note )?down (?:somewhere "
    rf")?(?:how )?(.+?){_POLITE}",
    rf"\b{_NOTE} (?:to (?:my)?self |for me |for later |for myself )*(?:about how|about|on|for|"
    rf"regarding|concerning|of) (.+?){_POLITE}",
    rf"\b{_NOTE} (?:to (?:my)?self |for me |for later |for myself |please |with |called [\w' ]+: "
    rf")*(?:to )?(.+?){_POLITE}",
    rf"\b(?:remember|memo|log|jot|note) (?:to )?(.+?){_POLITE}",
)
_QUERY = _rules(
    r"\b(?:search|look|go|dig|comb|check|scan|browse)(?: for| up| through| in| into)? (.+?) in "
    r"(?:my|the|all my|any) notes\b",
    rf"\b(?:about|regarding|concerning|mentioning|mentions?|containing|contains?|related to|that says|saying) (.+?)"
    r"(?: in my notes| again| somewhere| anywhere| yesterday| last week| in it| says?| can go| away|"
    r",? delete(?: it)?)?"
    rf"{_POLITE}",
    r"\b(?:delete|remove|erase|trash|drop|find|search|look up|get|show|open|read)(?: me)? (.+?) "
    r"(?:in|from) (?:my|the|all my) notes\b",
    rf"\b(?:my|the|that|this|any) ((?!old|new|last|latest|first|saved|all|other)[\w' -]+?) {_NOTE}\b",
    rf"\b{_NOTE} (?:called|named|titled) (.+?){_POLITE}",
    rf"\b{_NOTE}\b.*? (?:on|for|with|of) (.+?)(?: in it| says?| can go| away| now|,? delete(?: it)?)?{_POLITE}",
    rf"\b(?:write|wrote|note|noted|put|jot|jotted|say|said|written|save|saved)(?: down)? (?:on|for|of) (.+?){_POLITE}",
    rf"\bnotes? search (.+?){_POLITE}",
    r"\bfind (?:my |the )?(.+?) notes?\b",
)
_REMIND = (
    r"(?:remind(?:ed|er|ers|ing)?|forget|remember|nudge|nudged|ping|tell|poke|buzz|prompt|alert|"
    r"notify|heads up|heads-up|warn|bug)"
)
# the "to" of "quarter to three" begins no text
_CLOCK = (
    r"(?:(?<!quarter )(?<!five )(?<!ten )(?<!twenty )(?<!half )(?<!\d )|"
    r"(?!to (?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d)))"
)
# behind "remind me": what was said in front was only a reason
_WHAT = rf"{_CLOCK}\b(?:to|about|of|that(?! (?:morning|afternoon|evening|day|night|week)))\b"
_REMINDER_TEXT = _rules(
    r"^(?:i|we)(?:'ve| have|'d| need| want| must| got| gotta| should)* (?:to )?(.+?), (?:so |"
    r"please |can you |could you |don't )*"
    r"(?:remind|set a reminder|make a reminder|give me a|let me forget|add a reminder)\b",
    r"^(?:i )?(?:always|keep|often) forget(?:ting)? to (.+?), (?:please |can you )?remind\b",
    rf"^(?:.* )?(?:i|we)(?:'ve| have| need|'ll have)(?: got)? to (.+?), (?:so |please |can you |could you )*"
    rf"(?:remind me|set a reminder|reminder please)\b(?!.*{_WHAT})",
    rf"^(.+?), (?:please |can you |could you )*(?:remind me|set a reminder|reminder please)\b(?!.*{_WHAT})",
    rf"\b{_REMIND}\b.*?(?<!\d):(?!\d) ?(.+?){_POLITE}",
    rf"\b{_REMIND}\b.*?{_CLOCK}\b(?:to|that i (?:need|have|should|must|want)(?: to)?|that it's time to|that i) "
    rf"(?!me\b|be\b|myself\b)(.+?){_POLITE}",
    rf"\b{_REMIND}\b.*?\b(?:about|that|of|for|regarding) (?!me\b)(?!\d)(.+?){_POLITE}",
    rf"\blet me forget (?:about )?(.+?){_POLITE}",
    rf"\breminder (?:for|at|on) [^,]+, (.+?){_POLITE}",
    rf"\breminder (?:for|at|on) (.+?){_POLITE}",
    rf"\bmake sure (?:that )?i (?:remember to |don't forget to )?(.+?){_POLITE}",
)
_REMINDER_GONE = _rules(
    rf"\b(?:reminders?|reminding me|remind me|reminded)\b.*? (?:to|about|for|of|regarding|on) "
    rf"(?:me to )?(.+?){_POLITE}",
    r"\b(?:my|the|that) ((?!last|latest|next|old|all|this)[\w' ]+?) reminder\b",
    r"\b(?:delete|remove|take|drop|erase|clear|cancel) (.+?) (?:from|off) (?:my |the )?(?:list of )?reminders?",
)
_LABEL_STOP = (
    r"(?:a|an|the|my|this|that|another|new|all|every|any|running|current|last|first|second|third|next|kitchen|"
    r"cooking|countdown|"
    r"minutes?|mins?|hours?|hrs?|seconds?|secs?|am|pm|morning|set|start|stop|cancel|delete|remove|of|to|off|for|"
    r"tomorrow's?|"
    r"today's|daily|weekday|weekend|repeating|recurring|early|no|one|two|active|your|our|and|clear|kill|end|half|"
    r"hour|both|each|"
    r"tomorrows|o'clock|by|at|in|turn|drop|forget|scrap|disable|dismiss|please|silence|me|long|short|single|more|"
    r"different|up|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|quick|little|timer|alarm|it|put|make|give|get|use|on|"
    r"with|own|s|m)"
)
_LABEL = _rules(
    rf"\b(?:called|named|labell?ed|titled|call it|name it|label it|with the name|with the label) "
    rf"(.+?)(?: for \d.*| at \d.*| in \d.*|, .*)?{_POLITE}",
    rf"\b((?!{_LABEL_STOP}\b)[a-z][a-z'-]{{2,}}) (?:timers?|alarms?|countdown)\b",
    rf"\b(?:timer|countdown|minutes?|mins?|hours?|seconds?|alarm)(?: timer)? for (?:the |my "
    rf")((?!{_LABEL_STOP}\b)[a-z][a-z' -]{{2,20}}?)"
    rf"(?: for \d.*| at \d.*)?{_POLITE}",
    rf"\bfor (?:the |my )((?!{_LABEL_STOP}\b|timer|countdown|alarm)[a-z]{{3,}}){_POLITE}",
)
_PLACE = _rules(
    rf"\b(?:in|over in|out in|at|for) (?!the (?:morning|afternoon|evening|day|moment)|now|my|here|"
    rf"case)((?:the )?[a-z][\w' .,-]+?)"
    rf"(?:,? (?:right now|now|currently|right this \w+|at the moment|today|yet|already|again|at present|is it|"
    rf"what|it is).*)?{_POLITE}",
    r"\b(?:is|what's|whats|the|what|current|know|me|get|check) ((?!the|a|current|local|correct|"
    r"exact|time|this|your|right|it|my|is|me|what)[a-z][\w']+(?: [a-z]+)?) time\b",
    r"^((?!the|current|local|what|what's|whats|tell|check|this|correct|exact)[a-z][\w']+(?: [a-z]+)?) time\b",
)
_WHEN = _rules(
    rf"\b(?:until|till|til|before|since|between now and|from (?:now|today) (?:to|until)) (.+?)(?: "
    rf"from now| this year)?{_END}",
    rf"\b(?:days?|dates?|weekday|week)\b(?: of the week)? (?:is|was|will be|does|will|would be|on|"
    rf"for|of|is it|will it be|would it be|was it|'s) "
    rf"(?!it\b|today\b)(.+?)(?: (?:fall|land|be|this year|falls|on|going to be|gonna be))*{_END}",
    rf"\bwhen(?:'s| is| was| will| does) (.+?)(?: (?:fall|be|this year|next year|on|celebrated))*{_END}",
    r"^(?:hey |ok |so )*(.+?) (?:is|was|falls|lands|fall|will be)(?: on)? (?:what|which) (?:day|date|weekday)",
    rf"\bhow (?:far|close|soon|long)(?: away| off)? (?:is|are we to) (.+?)(?: from now| away)?{_END}",
    rf"\bdate (.+?){_END}",
)

_TABLE: dict[str, dict[str, Rules]] = {
    "timer_set": {"label": _LABEL},
    "timer_cancel": {"label": _LABEL},
    "alarm_set": {"label": _LABEL[:2]},
    "alarm_cancel": {"label": _LABEL[:2]},
    "reminder_set": {"text": _REMINDER_TEXT},
    "reminder_cancel": {"text": _REMINDER_GONE},
    "note_add": {"text": _NOTE_TEXT},
    "note_search": {"query": _QUERY},
    "note_delete": {"query": _QUERY},
    "list_add": {"items": _ITEMS_ADD, "list": _LIST_NAME},
    "list_remove": {"items": _ITEMS_REMOVE, "list": _LIST_NAME},
    "list_show": {"list": _LIST_NAME},
    "list_clear": {"list": _LIST_NAME},
    "clock_now": {"place": _PLACE},
    "date_lookup": {"when": _WHEN},
    "volume_set": {"place": homes.PLACE_OF_SOUND},
    "media_control": {"query": homes.QUERY, "place": homes.PLACE_OF_MUSIC},
    "light_set": {"place": homes.PLACE_OF_LIGHT},
    "scene_set": {"scene": homes.SCENE},
}
_STOP_NAMES = re.compile(r"^(?:my|the|our|a|an|this|that|new|whole|entire|it|them|all|same|here|there)$")
_PREFIXES: dict[str, re.Pattern[str]] = {
    "items": re.compile(r"^(?:(?:oh and|also|please|to add|to put|down|out|in|some more|more) )+"),
    "list": re.compile(
        r"^(?:(?:the|my|our|a|an|new|fresh|empty|whole|entire|from|onto|into|go|through|to(?! ?-?do)|on|off|of|in|"
        r"clear|empty|show|"
        r"read|delete|wipe|me|add) )+"
    ),
    "query": re.compile(r"^(?:the note |my note |note )?"),
    "when": re.compile(r"^(?:(?:be|on|it be|it|fall on) )+"),
    "text": re.compile(r"^(?:(?:this|please|following|entry|self|that|to|how|with)\b[: ]+)*"),
}


def ruled(tool: str, text: str) -> dict[str, str]:
    """Return the spans that rules find in a lower-case sentence, by key; a key that no rule fits is absent."""
    found: dict[str, str] = {}
    for key, rules in _TABLE.get(tool, {}).items():
        said = next((one for rule in rules if (one := _said(rule, text, key))), None)
        if said:
            found[key] = said
    return found


def _said(rule: str, text: str, key: str) -> str | None:
    match = _compiled(rule).search(text)
    if match is None:
        return None
    said = (match[1] or "").strip(" ,:;\"'")
    prefix = _PREFIXES.get(key)
    if prefix:
        said = prefix.sub("", said).strip(" ,:;\"'")
    return None if not said or _STOP_NAMES.match(said) else said
