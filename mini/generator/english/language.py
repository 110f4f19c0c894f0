"""English things, names and manners, put together from the definitions of phrases/en/shared.txt."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from mini.generator.english.measures import MEASURE_FILLERS
from mini.generator.english.moments import TIME_FILLERS
from mini.generator.tongue import Filler, Noise, Tongue

_AMOUNTS = tuple(
    "a|some|two|3|more|a pack of|a bottle of|a dozen|2 boxes of|a bag of|a gallon of|fresh|organic".split("|")
)

_BEFORE = tuple(
    "i'm about to start dinner|i'm heading to bed|my hands are full|i'm in the car|before "
    "i forget|while i think of it|since i'm here|"
    "by the way|real quick|if you don't mind|one quick thing|i was wondering|just "
    "wondering|i'm curious|when you get a second|"
    "i'm in a hurry|it's been a long day|i keep forgetting|the kids are asking|we have "
    "guests coming|i just got home|i'm at the store|"
    "i'm leaving soon|ok last thing|i'm not sure|i'm cooking|i'm at work|you know what|"
    "first things first|next up|i'm back|morning".split("|")
)
_AFTER = tuple(
    "before i forget|so i don't forget|because i'm tired|thanks in advance|when you have "
    "a second|if that's possible|real quick|"
    "if you would|if you can do that|i'm in a hurry|because i need to know|for my wife|i "
    "forgot|just to be safe|just in case|one more time|"
    "you're the best|asap|as soon as you can|at once|dear|mate|buddy|if you please|would "
    "be great|i think|i guess|or something".split("|")
)


def compose(named: Callable[[str], Filler]) -> dict[str, Filler]:
    """Return the kinds that are made of shared definitions."""

    def either(*names: str) -> Filler:
        return lambda rng: named(rng.choice(names))(rng)

    item = either("food", "food", "goods")

    def items(rng: random.Random) -> str:
        pick = rng.random()
        if pick < 0.55:
            return item(rng)
        if pick < 0.62:
            return f"{rng.choice(_AMOUNTS)} {item(rng)}"
        if pick < 0.68:
            return task(rng)
        several = [item(rng) for _ in range(rng.choice([2, 2, 2, 3, 3, 4]))]
        return (
            (rng.choice([", ", ", ", " "]) if len(several) > 2 else " and ").join(several[:-1])
            + rng.choice([" and ", " and ", ", and ", " & "])
            + several[-1]
        )

    task = either("chore", "chore", "contact", "contactx")
    fillers: dict[str, Filler] = {
        "item": item,
        "items": items,
        "oneitem": item,
        "task": task,
        "name": named("person"),
        "notetopic": either("topic", "event", "task_"),
        "task_": task,
        "thatfact": _that(named("event")),
    }
    fillers["notetopic"] = lambda rng: rng.choice([named("topic"), named("event"), task])(rng)
    return fillers


def _that(event: Filler) -> Filler:
    ends = "is coming up|is soon|starts|is happening|is due|begins|is on".split("|")
    return lambda rng: f"{event(rng)} {rng.choice(ends)}"


def _composed() -> dict[str, Filler]:
    def among(options: str) -> Filler:
        values = options.split("|")
        return lambda rng: rng.choice(values)

    return {
        "allmark": among("all|all|every|all of|all those|each|every single|every one of|both|each and every"),
        "todo": among("to do|todo|to-do|task|tasks|chores|chore|honey do|work|errands|to-dos"),
        "grocery": among("shopping|grocery|groceries|food|shopping|grocery"),
        "shopping": among("shopping|grocery"),
        "store": among("the store|the supermarket|walmart|target|costco|the hardware store|the pharmacy|the shop"),
        "media": among("reading|movie|watch|books|book|movies|music|games|books to read|watch later|podcast|series"),
        "things": among(
            "groceries|chores|errands|things to do|things to buy|things to pack|movies to watch|"
            "books to read|stuff to get|guests|tasks|christmas presents|supplies"
        ),
        "title": among(
            "the matrix|dune|pride and prejudice|inception|the hobbit|breaking bad|the lord of "
            "the rings|frozen|parasite|the great gatsby|1984|moby dick|"
            "the crown|casablanca|the alchemist|top gun|war and peace|jaws|the office|educated|"
            "sapiens|hamilton|zelda|portal two|the shining"
        ),
        "pronoun": among("they aren't|it isn't|it's not|they're not|they are not|it is not"),
        "onechore": among(
            "laundry|dishes|vacuuming|groceries|homework|ironing|gardening|taxes|yard work|"
            "exercise|grocery shopping|oil change|dry cleaning|"
            "haircut|car wash|bills|cooking|cleaning|packing|budget|dusting|mopping|meal prep|"
            "birthday shopping|paperwork|emails"
        ),
        "eventbare": among(
            "anniversary|dentist appointment|meeting|exam|flight|birthday|interview|recital|"
            "wedding|deadline|party|concert|physical|rehearsal|check up|rent|trash day"
        ),
    }


def _invented(rng: random.Random) -> str:
    """Return a word that sounds like one."""
    parts = (
        "ba be bi bo bra ca che co cra da de di do dra fa fi flo ga ge gri ha he ho ja jo ka "
        "ke ki la le li lo ma me mi mo na "
        "ne ni no pa pe pi plo ra re ri ro sa se shi so sta ta te thi to tra va ve vi wa we ya za zo"
    ).split()
    return "".join(rng.choice(parts) for _ in range(rng.choice([1, 2, 2, 3]))) + rng.choice(
        "n r s t l m k d x ck ng st  y e a o".split(" ")
    )


NOISE = Noise(
    neighbours=dict(
        pair.split(":")
        for pair in (
            "a:sq b:vn c:xv d:sf e:wr f:dg g:fh h:gj i:uo j:hk k:jl l:k m:n n:bm o:"
            "ip p:o q:wa r:et s:ad t:ry u:yi v:cb w:qe x:zc y:tu z:x"
        ).split()
    ),
    droppable=frozenset({"a", "the", "my", "an", "of", "me", "is", "to", "for", "on", "please", "do", "that", "it"}),
    fillers=("um", "uh", "like", "er", "well", "actually", "just", "maybe", "quickly", "also", "again", "then"),
    short={
        "please": "pls",
        "you": "u",
        "tomorrow": "tmrw",
        "are": "r",
        "for": "4",
        "minutes": "mins",
        "what": "wat",
        "and": "n",
        "to": "2",
        "going to": "gonna",
        "want to": "wanna",
        "because": "cuz",
        "okay": "k",
        "the": "teh",
        "reminder": "reminde",
        "grocery": "grocry",
        "groceries": "grocerys",
        "alarm": "alram",
        "shopping": "shoping",
        "tonight": "2nite",
        "calculate": "caculate",
        "remind": "remnd",
        "timer": "tiemr",
        "cancel": "cancle",
        "minute": "miniute",
        "celsius": "celcius",
        "fahrenheit": "farenheit",
        "list": "lsit",
    },
    plain=lambda text: text,
)
LANGUAGE = Tongue(
    tag="en",
    fillers={**TIME_FILLERS, **MEASURE_FILLERS, **_composed()},
    compose=compose,
    strange=(
        "item", "items", "oneitem", "task", "topic", "topicshort", "label", "alabel", "listname", "fact", "event",
        "place", "media_query", "scene_name",
    ),
    invented=_invented,
    closers=("please", "thanks", "pls", "thank you", "please", "now", "right now", "for me", "ok"),
    before=_BEFORE,
    after=_AFTER,
    joints=(" and ", " and then ", " then ", ", ", " and also ", ". ", " after that "),
    asking=re.compile(r"(what|how|when|where|who|which|is|are|do|did|does|can|could|would|will|have|any|should|has)\b"),
    noise=NOISE,
    conditions=(
        "on my iphone", "on my apple watch", "in outlook", "on google calendar", "on my work laptop", "via whatsapp",
        "in my car", "on the oven", "for my neighbor at his place", "in excel", "on my old phone", "at the office",
        "once it gets dark", "as long as nobody is sleeping", "if there is any left", "when the timer is done",
        "when it's raining outside", "and read it back to me", "and then call me a taxi", "and play some music after",
        "in case i'm not back by then", "if tom hasn't done so", "unless i say otherwise", "until my wife comes home",
        "if it rains", "if it doesn't rain", "when i get home", "when i leave the house", "when mom calls",
        "if i'm late",
        "unless it's a holiday", "as soon as the oven is hot", "once the kids are asleep", "if there is traffic",
        "when the washing machine is done", "after the movie ends", "before my flight leaves", "if nobody is home",
        "whenever i open the door", "if the temperature drops", "depending on the weather", "if my boss calls",
        "only if i haven't done it yet", "when the sun goes down", "if i don't answer", "and tell sarah about it",
        "and then email it to me", "and let everyone know", "and order it online", "and text me when it's done",
        "every time somebody rings", "when you see my phone", "if that's cheaper than last week",
        "when the game starts",
    ),
    frames=(
        "how do i {}", "how can i {} on android", "what's the best way to {}", "show me how to {}", "you forgot to {}",
        "what is the command to {}", "why won't my phone {}", "you didn't {}", "i already told you to {}",
        "yesterday i asked you to {}", "i tried to {} but it failed", "when did i last {}", "who else can {}",
        "my neighbor always says {}", "the manual says to {}", "a friend told me {}", "is there a way to {} in windows",
        "how much does it cost to {}", "what app lets me {}", "i was going to {} but then i forgot", "should i {}",
        "my son wants to {} on his tablet",
        "is it rude to {}", "the teacher asked us to {}", "i dreamt that i had to {}",
        "what happens if i say {}", "how do i say {} in french", "translate {} into spanish", "he told me to {}",
        "why can't i just say {}", "what does {} mean", "i heard someone say {}", "ask anna to {}", "tell john to {}",
        "my wife said {}", "did you already {}", "why did you {}", "don't {}", "please don't {}", "never {}",
        "i wonder if siri can {}", "write a story where someone says {}", "she forgot to {}", "is it bad to {}",
        "can alexa {}", "what would happen if i {}", "how many times did i {}", "i should not have to {}",
        "explain why people {}", "there is an app that can {}", "i used to {}", "email my boss to {}", "text dad to {}",
        "write python code to {}", "how would a program {}", "sing a song about {}", "do not {} yet",
        "{} was what he said",
        "the sign said {}", "i don't want you to {}", "i never asked you to {}", "who told you to {}",
    ),
)  # fmt: skip
