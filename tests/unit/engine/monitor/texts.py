"""Answers that are good although they repeat themselves, and two ways to make tokens of them."""

from __future__ import annotations

import json
import re

_REFRAIN = "Row on, row on, the tide is low,\nthe harbour light is all we know.\n"

GOOD = {
    "shopping list": "\n".join(f"- {item}" for item in "milk eggs bread butter salt pears tea rice oats".split()),
    "numbered list": "\n".join(f"{n}. Step {n}: turn the valve a little and wait {n * 5} seconds." for n in range(40)),
    "countdown": " ".join(str(n) for n in range(200, 0, -1)),
    "table": "| room | warm | damp |\n|---|---|---|\n"
    + "\n".join(f"| room {n} | {18 + n % 4} | {40 + n} |" for n in range(30)),
    "table with wide rules": "+" + ("-" * 20 + "+") * 6 + "\n" + "| " + "nothing here       | " * 6 + "\n" + "=" * 120,
    "zeros": "\n".join("0 " * 10 for _ in range(10)),
    "identity matrix": "\n".join(" ".join("1" if a == b else "0" for a in range(12)) for b in range(12)),
    "poem": "\n".join(f"The {word} went down behind the hill,\nand all the {word}s were standing still.\n" + _REFRAIN
                      for word in "sun moon star cloud wind rain".split()),
    "mantra": "I will not waste chalk. " * 10,
    "laughter": "ha " * 50,
    "code": "\n".join(f"def read_{name}(path):\n    with open(path) as file:\n        return int(file.read())\n"
                      for name in "volts amps watts ohms hertz degrees bars lux".split()),
    "switch": "\n".join(f"        case {n}:\n            return names[{n}]\n            break;" for n in range(40)),
    "closing brackets": "}" * 30 + "\n" + "</div>\n" * 12,
    "json": json.dumps([{"device": f"lamp {n}", "on": bool(n % 3), "level": n * 7 % 101} for n in range(40)], indent=1),
    "equal rows of json": json.dumps([{"on": True, "level": 100}] * 10),
    "csv": "time,room,value\n" + "\n".join(f"2026-11-21T08:{n:02d},kitchen,{20 + n % 3}.0" for n in range(60)),
    "log": "\n".join(f"08:{n:02d} sensor ok, nothing to report" for n in range(50)),
    "german": " ".join(f"Am {n}. Tag war das Wetter schön, und am {n + 1}. Tag regnete es." for n in range(1, 25)),
    "french": " ".join(f"Le minuteur numéro {n} sonne dans {n} minutes." for n in range(1, 30)),
    "spaces": "name" + " " * 100 + "value\n" + "\n" * 20,
}  # fmt: skip

STUCK = {
    "one word": "the ",
    "two words": "I am ",
    "line": "Sure, I can help you with that! ",
    "dialogue": "User: hello\nAssistant: Hello! How can I help you today?\n",
    "sentences": "The timer is set for ten minutes. I will tell you when it rings. Is there anything else? ",
    "fence": "```\n```\n",
    "bracket": "}",
}

PARAGRAPH = (
    "The house has three floors and a cellar. In the cellar stands the boiler, which was renewed two years ago. On the "
    "first floor are the kitchen and the living room, both with a door to the garden. On the second floor are two "
    "bedrooms and a bath, and under the roof a small study with a view of the river, where nobody works in summer. "
)


def words(text: str) -> list[int]:
    """Return tokens as a large vocabulary would make them: words with their space, runs of signs cut at four."""
    pieces = re.findall(r" ?[^\W\d]+|\d| ?[^\w\s]{1,4}|\s{1,4}", text)
    return [int.from_bytes(piece.encode()[-4:], "big") % 30_000 + len(piece) for piece in pieces]


def letters(text: str) -> list[int]:
    """Return tokens as a model without merges would make them: bytes."""
    return list(text.encode())
