"""Where rooms, devices, music and scenes stand in an English wish."""

from __future__ import annotations

_WORDS = (
    r"kitchen|bathroom|bedroom|hallway|hall|garage|office|basement|porch|attic|patio|backyard|upstairs|downstairs|study|"
    r"nursery|den|lounge|entrance|entryway|closet|pantry|garden|balcony|terrace|workshop|stairs|conservatory|toilet|"
    r"sunroom|mudroom|landing|cellar|foyer|shed|driveway|library|gym|corridor|loft|yard|deck|greenhouse|sauna|pool|"
    r"veranda|restroom|washroom|staircase|bath|hut|studio|barn|front door|whole house|house|apartment|flat|everywhere"
)
_VERBS = (
    r"turn|switch|put|set|make|raise|lower|dim|brighten|change|shut|flip|kill|cut|hit|get|leave|activate|deactivate|enable|"
    r"disable|douse|extinguish|adjust|bring|darken|increase|decrease|reduce|mute|unmute|silence|crank|drop"
)
_NOT = (
    rf"(?!(?:the|my|our|all|every|this|that|some|a|an|in|on|off|out|up|down|to|of|here|room|too|much|is|it|{_VERBS})\b)"
)
_ROOM = rf"(?:(?:{_NOT}[\w']+ ){{1,2}}?(?:room|bedroom|bathroom|porch|office|area|floor)|{_WORDS})"
_DEVICE = (
    r"(?:(?:[\w']+ )??(?:speakers?|soundbar|headphones|tv|television|radio|stereo|sonos|homepod|receiver|turntable|"
    r"record player|sound system|hi-?fi|echo|boombox))"
)
_LAMP = (
    r"(?:(?:desk|floor|bedside|reading|table|night|standing|lava|corner|ceiling|overhead|accent|vanity|sofa|string|"
    r"fairy|christmas|tree|strip|hanging|wall|salt|nightstand|counter|island|under cabinet|kitchen island|"
    r"aquarium|pendant|sun|stair|piano|couch|window|kids?|main|big|small|little|left|right) "
    r"(?:lamps?|lights?|strips?)|chandelier|led strips?|spotlights?|hue(?: bulbs?| lights?)?|night ?light|"
    r"tv backlight|backlight)"
)
_THE = r"(?:the |my |our |this |all the |all |every |all of the |each |both )?"
_LIGHT = r"(?:lights?|lamps?|lighting|bulbs?|leds?|brightness)"
_SERVICE = r"(?:spotify|youtube(?: music)?|apple music|amazon music|pandora|netflix|deezer|tidal|soundcloud|prime)"
_MODE = r"(?:scene|mode|mood|setting|lighting scene|light scene|preset|ambiance|atmosphere|lighting|vibe)"
_END = (
    r"(?:,? (?:please|pls|thanks|thank you|for me|for us|now|right now|ok|okay|again|next|on repeat|on loop|on shuffle|"
    r"on random|if you can|would you|will you|a bit|where i left off|from the beginning|for a change))*[.!?]*$"
)
_IN_ROOM = rf"(?: (?:in|on|at|through|over|from|out of|throughout|upon) {_THE}(?:{_ROOM}|{_DEVICE}))"
_PLAY = (
    r"(?:play(?:ing)?|hear(?:ing)?|listen(?:ing)? to|put on|start(?: playing)?|stream|shuffle|queue(?: up)?|throw on|"
    r"turn on|switch on|blast|tune (?:in )?to|fire up|cue up|begin|spin|mood for|feel like|how about|what about|"
    r"switch to|change to|"
    r"turn the radio to|switch the radio to|change the station to|station to|pull up|bring up|find|get)"
)

PLACE_OF_SOUND = (
    rf"\b(?:in|on|at|from|of|through|over|throughout|for) {_THE}{_NOT}({_ROOM}|{_DEVICE})"
    rf"(?: (?:at|to|up|down|by)\b.*)?{_END}",
    rf"\b(?:in|on|at|from|of|through|over|throughout) {_THE}{_NOT}({_ROOM}|{_DEVICE})\b",
    rf"\b(?:mute|unmute|silence|turn|set|put|make|bring|turn down|turn up|un-mute) {_THE}({_ROOM} speaker|{_DEVICE})\b",
    rf"^(?:hey |ok |please )*{_THE}{_NOT}({_DEVICE}) (?:volume|sound|to|at|up|down|louder|quieter)\b",
    rf"\b(?:turn|set|put) {_THE}{_NOT}({_ROOM}) (?:volume|sound|music)\b",
)
PLACE_OF_MUSIC = (
    rf"\b(?:in|through|throughout) {_THE}{_NOT}({_ROOM}){_END}",
    rf"\b(?:on|through|over|from|to|in) {_THE}{_NOT}({_DEVICE}){_END}",
    rf"\b(upstairs|downstairs|everywhere|outside){_END}",
)
PLACE_OF_LIGHT = (
    rf"\b{_THE}{_NOT}({_LAMP})\b",
    rf"\b(?:in|at|on|of|from) {_THE}{_NOT}({_ROOM})\b",
    r"\b(upstairs|downstairs|outside|everywhere)\b",
    rf"\b({_ROOM})(?:'s)? {_LIGHT}\b",
    rf"\b(?:the|my|our|all the|all) {_NOT}((?!(?:lights?|lamps?|red|blue|green|warm|soft)\b)[a-z][\w']+"
    rf"(?: [a-z][\w']+)?) {_LIGHT}\b",
    rf"\b(?:light up|illuminate|darken|dim|brighten|make|set|turn|switch) {_THE}{_NOT}({_ROOM})\b",
)
_CONTROL = (
    r"(?:pause|stop|resume|skip|next|previous|continue|unpause|replay|repeat|go|turn|switch|shut|end|kill|hold|keep|no|"
    r"start|rewind)"
)
QUERY = (
    rf"\bput (?:some |on some |on )?(.+?) on{_IN_ROOM}?{_END}",
    r"\b(?:find|get|bring up|pull up|search) (?:some )?(.+?) and (?:play|start)\b.*$",
    rf"\b{_PLAY} (?:me |us )?(?:some |the song |the track |the album |a bit of |a little )?(.+?)"
    rf"(?: (?:on|from|via|using|off) {_SERVICE})?{_IN_ROOM}?(?: (?:on|from|via) {_SERVICE})?{_END}",
    rf"\bput (?:on )?(?:some )?(.+?){_IN_ROOM}?{_END}",
    rf"\b(?:want|need|like|have|wanna)(?: to)?(?: some)? (.+?){_IN_ROOM}?{_END}",
    rf"^(?:hey |ok |please )*(?:some |a little )?((?!{_CONTROL}\b).+?)"
    rf"(?:{_IN_ROOM}| in the background| would be nice){_END}",
)
_NO_SCENE = (
    rf"(?:{_VERBS}|the|my|our|a|an|into|in|to|on|off|please|start|run|load|launch|apply|begin|use|trigger|engage|select|"
    r"enter|do|go|create|have|for|like|need|give|me|us|it|i|you|and|can|could|let's|want|of|is|time|now|called|named|"
    r"house|everything|hey|ok|okay|computer|so|well|just|actually|with|yo|hi|um|wanna|someone|lights?|would|will|that|"
    r"excuse|before|i'd|d|prepare|we|am|are|be|so|room)"
)
_NAME = rf"((?!{_NO_SCENE}\b)[\w'-]+(?: (?!(?:in|on|please|now|scene|mode|to|the|have|need|for)\b)[\w'-]+){{0,2}}?)"
SCENE = (
    rf"\b(?:scene|mode|mood) (?:called|named) (.+?){_END}",
    rf"\b{_NAME} {_MODE}\b",
    rf"\b(?:scene|mode|mood|lights|lighting|preset)(?: in the [\w ]+?)? (?:to|into|for) (?:the |a )?{_NAME}"
    rf"(?: on| in the .*)?{_END}",
    rf"\b(?:house|everything|room|it|us)(?: ready)? (?:into|in|to|for) (?:the |a )?{_NAME}(?: on)?{_END}",
    rf"\b(?:scene|mode) ?:? ?(?:to )?{_NAME}(?: on| in the .*)?{_END}",
)
