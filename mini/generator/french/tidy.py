"""Elisions and contractions of expanded templates: `de appeler` -> `d'appeler`, `de le salon` -> `du salon`.

Spans are still marked; a mark moves so that a span stays made of whole words ("d'appeler maman").
"""

from __future__ import annotations

import re

from mini.generator.grammar import CLOSE, MID, OPEN

_MARK = rf"({OPEN}[a-z]+{MID})?"
# an h that is not silent, and vowels in front of which nothing is elided
_FULL = (
    r"(?!(?:haricots?|huit(?:ante)?|huiti[eè]me|onze|onzi[eè]me|hotte|haut|hauts|hauteur|hamburgers?|homards?|hockey|"
    r"handball|hors|hamster|hasard|hanche|hibou|yaourts?|yogourts?|yoga|oui|un peu plus|un an|hong|hanoï|hambourg|"
    r"houston|"
    r"harry|hugo|ui)\b)"
)
_VOWEL = r"(?=[aeiouyâàéèêëîïôöûùœh])"
_NEAR = re.compile(rf"(?<![\w'-])(de|le|la|que|me|te|se|je|ne|jusque|lorsque|puisque) {_MARK}{_FULL}{_VOWEL}")
_NO_H = re.compile(r"y(?![lv])")
_IF = re.compile(rf"(?<![\w'-])si {_MARK}(?=ils?\b)")
_JOINED = (
    (re.compile(rf"(?<![\w'-])de {_MARK}les (?=\S)"), "des "),
    (re.compile(rf"(?<![\w'-])de {_MARK}le (?=\S)"), "du "),
    (re.compile(rf"(?<![\w'-])à {_MARK}les (?=\S)"), "aux "),
    (re.compile(rf"(?<![\w'-])à {_MARK}le (?=\S)"), "au "),
    (re.compile(rf"(?<![\w'-])de {_MARK}des (?=\S)"), "de "),
    (re.compile(rf"(?<![\w'-])de {_MARK}du (?=\S)"), "de "),
    (re.compile(rf"(?<![\w'-])de {_MARK}de l'(?=\S)"), "d'"),
    (re.compile(rf"(?<![\w'-])de {_MARK}de la (?=\S)"), "de "),
)


def tidy(text: str) -> str:
    """Return the sentence as it is written, marks kept around whole words."""
    text = re.sub(r"' +(?=\S)", "'", text)
    for pattern, joined in _JOINED:
        text = pattern.sub(lambda found, joined=joined: (found[1] or "") + joined, text)  # type: ignore[misc]  # a default argument of a lambda has no type
    text = _NEAR.sub(_elided, text)
    text = _IF.sub(lambda found: f"{found[1] or ''}s'", text)
    return re.sub(rf"\s+({CLOSE})", r"\1", text)


def _elided(found: re.Match[str]) -> str:
    following = found.string[found.end() :]
    if _NO_H.match(following):  # y is a vowel in "yverdon" and "yves" only
        return found[0]
    return (found[2] or "") + found[1][:-1] + "'"
