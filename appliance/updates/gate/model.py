"""What the gate saw, and what it wants to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.updates.trial.model import Answered

WANTED_IN_A_ROW: Final = 3
"""One good answer may be luck between two crashes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `counts`: without it the version is not taken over. `expected`: it may still come."""

    name: str
    ok: bool
    text: str = ""
    counts: bool = True
    expected: bool = True

    def __str__(self) -> str:
        told = "works" if self.ok else "does not work" if self.counts else "does not work, and need not"
        return f"{self.name}: {told}{f' ({self.text})' if self.text else ''}"


@dataclass(frozen=True, slots=True)
class Look:
    """All findings of one moment."""

    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        return all(one.ok for one in self.findings if one.counts)

    @property
    def told(self) -> bool:
        """Whether the models were looked at: a gateway that is away says nothing of them."""
        return any(one.name == "mini" for one in self.findings)

    @property
    def answered(self) -> Answered:
        names = {one.name for one in self.findings if one.ok}
        return Answered("mini" in names, "engine" in names)

    def lines(self) -> tuple[str, ...]:
        return tuple(str(one) for one in self.findings)


def passed(looks: list[Look]) -> bool:
    """Tell whether the last looks were good often enough."""
    return len(looks) >= WANTED_IN_A_ROW and all(look.good for look in looks[-WANTED_IN_A_ROW:])
