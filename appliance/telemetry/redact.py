"""Takes secrets out of text before it is written anywhere."""

from __future__ import annotations

import re

_PATTERNS = (
    # Authorization headers and key=value pairs whose name says that the value is secret.
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(
        r"(?i)\b([\w-]*(?:api[_-]?key|token|secret|password|authorization)[\w-]*)([\"']?\s*[:=]\s*[\"']?)([^\s\"',;&}]{4,})"
    ),
    # Well-known key shapes of vendors.
    re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}\b"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,}\b"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+"),
)
_MASK = "[redacted]"


class Redactor:
    """Masks known secrets and everything that looks like one."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def learn(self, secret: str) -> None:
        """Mask this exact value from now on. Values under 8 characters would mask ordinary words: ignored."""
        if len(secret) >= 8:
            self._known.add(secret)

    def __call__(self, text: str) -> str:
        """Return `text` with every secret replaced by a mask."""
        for secret in self._known:
            text = text.replace(secret, _MASK)
        text = _PATTERNS[0].sub(rf"\1 {_MASK}", text)
        text = _PATTERNS[1].sub(rf"\1\2{_MASK}", text)
        for pattern in _PATTERNS[2:]:
            text = pattern.sub(_MASK, text)
        return text
