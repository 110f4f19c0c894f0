"""Debian's packages of a tree, from dpkg's own records and the copyright files that stay in the image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from image.payload.bill.component import Component

_STATUS = "var/lib/dpkg/status"
_DOCUMENTS = "usr/share/doc"
_MACHINE_READABLE = re.compile(r"\AFormat:.*copyright-format", re.IGNORECASE)
_LINKS = 3  # from the folder of one package to that of another; more is a circle
_NOT_A_NAME = re.compile(r"[^\w.+() -]")


def components(tree: Path, suite: str) -> Iterator[Component]:
    """Yield what is installed, by name."""
    stanzas = (tree / _STATUS).read_text("utf-8").split("\n\n")
    found = (dict(re.findall(r"(?m)^([\w-]+): (.*)$", each)) for each in stanzas)
    for fields in sorted(found, key=lambda each: each.get("Package", "")):
        if fields.get("Status", "").endswith(" installed"):
            yield _component(tree, fields, suite)


def _component(tree: Path, fields: dict[str, str], suite: str) -> Component:
    name, version = fields["Package"], fields["Version"]
    qualifiers = f"arch={fields['Architecture']}&distro={suite}"
    source = fields.get("Source", "").partition(" ")[0]
    if source and source != name:
        qualifiers += f"&upstream={quote(source)}"
    purl = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='')}?{qualifiers}"
    names = licence_names(copyright_of(tree, name))
    return Component(name, version, purl, "Debian packages", licences=names, texts=f"/{_DOCUMENTS}/{name}/copyright")


def copyright_of(tree: Path, package: str) -> str:
    """Return the copyright file of a package, "" where there is none; links stay inside the tree."""
    folder = tree / _DOCUMENTS / package
    for _ in range(_LINKS):
        if folder.is_symlink():
            folder = folder.parent / folder.readlink().name
    path = folder / "copyright"
    if path.is_symlink():
        path = path.parent.parent / path.readlink().parent.name / path.readlink().name
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def licence_names(text: str) -> tuple[str, ...]:
    """Return the short names of a machine-readable copyright file; of another, those of Debian's common licences."""
    if _MACHINE_READABLE.search(text):
        lines = re.findall(r"(?m)^License: *(\S.*)$", text)
        names = {part.strip() for line in lines for part in re.split(r",? (?:and|or)(?:/or)? |, ", line)}
    else:
        names = {found.rstrip(".") for found in re.findall(r"/usr/share/common-licenses/([\w.+-]+)", text)}
    return tuple(sorted(name for name in (_NOT_A_NAME.sub("", each).strip() for each in names) if name))
