"""Python packages of a tree, from the metadata that wheels leave in site-packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

from image.payload.bill.component import Component
from image.payload.environment import SITE, folder_of

_WORDY = 80  # a License field longer than this, or with a line break, is the text itself and not a name
_CLASSIFIER = "License :: OSI Approved :: "


def components(tree: Path, lock: dict[str, str]) -> Iterator[Component]:
    """Yield what both environments hold, once each. `lock`: SHA-256 of wheels, by name-version in lower case."""
    seen: set[tuple[str, str]] = set()
    for environment in ("gateway", "engine"):
        site = tree / folder_of(environment) / SITE
        for metadata in sorted(site.glob("*.dist-info/METADATA")):
            found = _component(metadata, "/" + str(metadata.parent.relative_to(tree)), lock)
            if (found.name, found.version) not in seen:
                seen.add((found.name, found.version))
                yield found


def _component(path: Path, folder: str, lock: dict[str, str]) -> Component:
    fields = HeaderParser().parsestr(path.read_text("utf-8"))
    name, version = normal(fields["Name"]), fields["Version"]
    digest = lock.get(f"{name}-{version}".lower())
    return Component(
        name,
        version,
        f"pkg:pypi/{name}@{version}",
        "Python packages",
        licences=_licences(fields.get("License"), fields.get_all("Classifier") or []),
        expression=fields.get("License-Expression", ""),
        hashes=(("SHA-256", digest),) if digest else (),
        texts=folder,
    )


def normal(name: str) -> str:
    """Return the one spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _licences(field: str | None, classifiers: list[str]) -> tuple[str, ...]:
    if field and "\n" not in field and len(field) <= _WORDY and field != "UNKNOWN":
        return (field,)
    named = [
        each.removeprefix("License :: ").rpartition(" :: ")[2] for each in classifiers if each.startswith("License")
    ]
    return tuple(sorted(set(named)))
