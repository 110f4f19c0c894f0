"""What was taken from the card and what not: one file for programs, one for whoever puts the card into a computer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from appliance.firstboot.values import OURS, Mistake

FILE: Final = "data/system/first-boot.json"
_MAX_BYTES: Final = 256 * 1024
_FORMAT: Final = 1
_PARTS: Final = ("file", "key", "problem", "fix", "value")


@dataclass(frozen=True, slots=True)
class Report:
    """The last settings that were read. `wiping`: digests of the blocks of files that are being made unreadable.

    `kept`: mistakes of files that still lie on the card. `first`: the gateway has what a box starts with.
    """

    applied: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    source: str | None = None
    at_ms: int = 0
    wiping: Mapping[str, tuple[str, ...]] | None = None
    kept: tuple[Mistake, ...] = ()
    first: bool = False

    @property
    def all_mistakes(self) -> tuple[Mistake, ...]:
        """Mistakes of the last file that was taken, then those of files that lie there now."""
        return (*self.mistakes, *self.kept)

    def encode(self) -> bytes:
        """Return the file. It is readable by everybody on the box and holds no secret."""
        rows = [_row(one, kept=False) for one in self.mistakes] + [_row(one, kept=True) for one in self.kept]
        members = {
            "format": _FORMAT,
            "applied": self.applied,
            "mistakes": rows,
            "notes": self.notes,
            "source": self.source,
            "atMs": self.at_ms,
            "wiping": dict(self.wiping or {}),
            "first": self.first,
        }
        return json.dumps(members, ensure_ascii=False, indent=1).encode() + b"\n"

    def dismissed(self) -> Report:
        """Return the report after its owner has read it: what was taken stays, mistakes of the past go."""
        return replace(self, mistakes=(), notes=())


def load(root: Path) -> Report:
    """Return the report that is kept; an empty one where there is none or it makes no sense."""
    try:
        with (root / FILE).open("rb") as file:
            content = file.read(_MAX_BYTES)
        found = json.loads(content)
        return Report(
            applied=tuple(map(str, found["applied"])),
            mistakes=_mistakes(found["mistakes"], kept=False),
            notes=tuple(map(str, found["notes"])),
            source=found["source"] if isinstance(found["source"], str) else None,
            at_ms=int(found["atMs"]),
            wiping={str(name): tuple(map(str, blocks)) for name, blocks in found["wiping"].items()} or None,
            kept=_mistakes(found["mistakes"], kept=True),
            first=found["first"] is True,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Report()


def _row(one: Mistake, *, kept: bool) -> dict[str, object]:
    """One mistake with its parts, and with `path` and `message` as the checks of health read it."""
    return {**asdict(one), "kept": kept, "path": f"{one.file}:{one.key}", "message": one.sentence()}


def _mistakes(rows: Sequence[Mapping[str, Any]], *, kept: bool) -> tuple[Mistake, ...]:
    parts = [{key: str(row[key]) for key in _PARTS} for row in rows if row["kept"] is kept]
    return tuple(Mistake(**each) for each in parts)


def said(report: Report, name: str, *, readable: bool) -> bytes:
    """Return the text for the card. With `readable` the files that hold secrets are still on it."""
    lines = [f"This card belongs to {name}.", ""]
    if report.applied:
        lines += [f"Taken from {report.source}: {', '.join(report.applied)}.", ""]
    lines += [f"{one}\n" for one in report.notes]
    if report.all_mistakes:
        lines += ["Not taken:", "", *(f"  {one.sentence()}\n" for one in report.all_mistakes)]
    if report.applied and not readable:
        lines += [
            "The settings were removed from this partition, since they held secrets. A card may keep old copies of",
            "a file where no program reaches them: destroy it when you part with it.",
            "",
        ]
    lines += [
        f"To change something: put a new {OURS} here with only what is to change, and start the box with the card in",
        "it. What it does not name stays as it is. Whoever has the card in hand owns the box.",
        "",
    ]
    return "\r\n".join("\n".join(lines).splitlines()).encode()
