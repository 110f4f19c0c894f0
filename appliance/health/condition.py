"""One thing that is wrong."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Severity(enum.StrEnum):
    """BLOCKING: not ready. DEGRADED: works, with less. NOTICE: worth knowing."""

    BLOCKING = "blocking"
    DEGRADED = "degraded"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact about health.

    `code` is stable and for programs; `subject` tells conditions of one code apart (a path, a model, a part);
    `summary` says in one sentence what is wrong and `fix` what to do, both in English.
    `details` has the values that are in these sentences, for surfaces that say them in another language: `form` tells
    sentences of one code apart, `names` goes on with `more` that are not named.
    """

    code: str
    subject: str
    severity: Severity
    summary: str
    fix: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict, hash=False)
