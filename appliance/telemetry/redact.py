"""Takes secrets out of text before it is written anywhere."""

from __future__ import annotations

import json
import re

_PATTERNS = (
    # Authorization headers and key=value pairs whose name says that the value is secret.
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    # What stands before the word is not matched: looking for it would cost the square of a long text, line by line.
    re.compile(
        r"(?i)((?:api[_-]?key|token|secret|password|authorization)[\w-]{0,64})([\"']?\s{0,8}[:=]\s{0,8}[\"']?)([^\s\"',;&}]{4,})"
    ),
    # Well-known key shapes of vendors.
    re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}\b"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,}\b"),
    re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+"),
)
_MASK = "[redacted]"
_MAX_KNOWN = 1000  # a file that is edited for a year must not make each log line slower


class Redactor:
    """Masks known secrets and everything that looks like one."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._longest_first: tuple[str, ...] = ()

    def learn(self, secret: str) -> None:
        """Mask this exact value from now on. Values under 8 characters would mask ordinary words: ignored."""
        if len(secret) < 8 or secret in self._known:
            return
        # Log lines are JSON: a quote in a secret is written as two characters there.
        for form in (secret, json.dumps(secret, ensure_ascii=False)[1:-1]):
            self._known[form] = None
        while len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        # One that begins with another must not leave its rest behind.
        self._longest_first = tuple(sorted(self._known, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """Return `text` with every secret replaced by a mask."""
        for secret in self._longest_first:
            text = text.replace(secret, _MASK)
        text = _PATTERNS[0].sub(rf"\1 {_MASK}", text)
        text = _PATTERNS[1].sub(rf"\1\2{_MASK}", text)
        for pattern in _PATTERNS[2:]:
            text = pattern.sub(_MASK, text)
        return text
