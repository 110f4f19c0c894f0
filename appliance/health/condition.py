"""One thing that is wrong."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """BLOCKING: not ready. DEGRADED: works, with less. NOTICE: worth knowing."""

    BLOCKING = "blocking"
    DEGRADED = "degraded"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact about health.

    `code` is stable and for programs; `subject` tells conditions of one code apart (a path, a model, a part);
    `summary` says in one sentence what is wrong and `fix` what to do, both in the owner's words.
    """

    code: str
    subject: str
    severity: Severity
    summary: str
    fix: str = ""
