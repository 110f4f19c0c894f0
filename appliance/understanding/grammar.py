"""The GBNF of one answer: after the tool token, keys and spans of whole words of the sentence, in their order."""

from __future__ import annotations

from collections.abc import Sequence

_ESCAPES = {'"': '\\"', "\\": "\\\\"}


def literal(word: str) -> str:
    """Write a word as a GBNF string."""
    return '"' + "".join(_ESCAPES.get(char, char) for char in word) + '"'


def spans_grammar(words: Sequence[str], keys: Sequence[str]) -> str:
    """Return a grammar that may copy, for each of `keys` (token names) at most once, some neighbouring words.

    Every rule can always be finished: a grammar with a dead end would terminate the engine.
    """
    rules = ["root ::= " + (" ".join(f"s{n}?" for n in range(len(keys))) or '""')]
    rules += [f"s{n} ::= {key} span" for n, key in enumerate(keys)]
    rules.append("span ::= " + " | ".join(f"w{n}" for n in range(len(words))))
    for n, word in enumerate(words):
        following = f" w{n + 1}?" if n + 1 < len(words) else ""
        rules.append(f"w{n} ::= {literal(' ' + word)}{following}")
    return "\n".join(rules) + "\n"


def read_spans(answer: str, keys: Sequence[str]) -> dict[str, str]:
    """Split an answer with its key tokens shown by name into key name -> words."""
    found: dict[str, str] = {}
    for key in keys:
        _, mark, rest = answer.partition(key)
        if mark:
            ends = [rest.find(other) for other in keys if rest.find(other) >= 0]
            found.setdefault(key, rest[: min(ends)] if ends else rest)
    return {key: words.strip() for key, words in found.items() if words.strip()}
