"""Debian packages from the sources that this machine is set up for.

No archive is named in this repository: the host's own apt sources are read and their suite is replaced. A release
machine with other sources (a snapshot, a mirror) builds from those.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from image.cache import key_of
from image.errors import ImageError

SUITE = "trixie"
_APT = Path("/etc/apt")
# How packages are fetched on this machine (proxies, retries, clocks of mirrors); nothing about what is installed.
_FETCHING = re.compile(r"^Acquire::(Check-|http|https|Retries|ForceIP|Max-FutureTime|By-Hash)", re.IGNORECASE)
# Documentation and translations: nobody reads them on a box. The licences (copyright) stay.
_LEAN = [
    'APT::Install-Recommends "false";',
    'APT::Install-Suggests "false";',
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
]
_EXCLUDED = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/bash-completion/*",
    "path-exclude=/usr/share/zsh/*",
    "path-exclude=/usr/share/fish/*",
]


@dataclass(frozen=True, slots=True)
class Source:
    """One archive and one suite of it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    options: tuple[str, ...]  # as between the brackets of a one-line entry

    def line(self) -> str:
        """The entry in apt's one-line form."""
        brackets = f"[{' '.join(self.options)}] " if self.options else ""
        return f"deb {brackets}{self.uri} {self.suite} {' '.join(self.components)}"


def read_sources(folder: Path = _APT) -> list[Source]:
    """All binary package sources of this machine, in both of apt's formats."""
    found: list[Source] = []
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]:
        if path.is_file():
            found += [each for line in path.read_text().splitlines() if (each := _one_line(line))]
    for path in sorted((folder / "sources.list.d").glob("*.sources")):
        found += _stanzas(path.read_text())
    return found


def _one_line(line: str) -> Source | None:
    match = re.match(r"^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line.strip())
    if not match:
        return None
    options, uri, suite, components = match.groups()
    return Source(uri, suite, tuple(components.split()), tuple((options or "").split()))


def _stanzas(text: str) -> list[Source]:
    found = []
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = {name.lower(): value.split() for name, value in re.findall(r"(?m)^([\w-]+):\s*(.*)$", stanza)}
        if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
            continue
        options = [f"{name}={fields[name][0]}" for name in ("signed-by", "trusted") if len(fields.get(name, [])) == 1]
        for uri in fields.get("uris", []):
            found += [Source(uri, each, tuple(fields["components"]), tuple(options)) for each in fields["suites"]]
    return found


def for_suite(
    sources: Iterable[Source], here: str, suite: str = SUITE, components: Sequence[str] = ("main",)
) -> list[Source]:
    """The sources of Debian itself with another suite; `here` is the code name of the running system."""
    found = _debians(sources, here, suite, components)
    if not any(each.suite == suite for each in found):
        raise ImageError(f"found no apt sources for {here} to start from: add Debian's to /etc/apt/sources.list.d")
    return found


def _debians(sources: Iterable[Source], here: str, suite: str, components: Sequence[str]) -> list[Source]:
    wanted = {here: suite, f"{here}-updates": f"{suite}-updates", f"{here}-security": f"{suite}-security"}
    return [
        Source(each.uri, wanted[each.suite], tuple(components), each.options)
        for each in sources
        if each.suite in wanted and "main" in each.components
    ]


def unsigned(sources: Iterable[Source]) -> list[str]:
    """Return the sources from which apt would take packages that nobody signed (`trusted=`)."""
    return [
        each.line()
        for each in sources
        if any(option.lower().startswith("trusted=") and option.lower() != "trusted=no" for option in each.options)
    ]


def demand_signatures(sources: Iterable[Source]) -> None:
    """Raise ImageError where packages that nobody signed would be taken from one of the sources."""
    if found := unsigned(sources):
        raise ImageError(f"a release is not built from packages that nobody signed: {'; '.join(found)}")


def code_name(os_release: Path = Path("/etc/os-release")) -> str:
    """The suite of the running system."""
    match = re.search(r"(?m)^VERSION_CODENAME=(\w+)", os_release.read_text())
    if not match:
        raise ImageError("this system names no suite in /etc/os-release: images are built on Debian")
    return match.group(1)


def _fetch_options() -> list[str]:
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return [line for line in dump.splitlines() if _FETCHING.match(line) and not line.endswith('"";')]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What mmdebstrap is asked for."""

    packages: tuple[str, ...]
    arch: str
    variant: str = "minbase"
    components: tuple[str, ...] = ("main",)
    excluded: tuple[str, ...] = ()  # more of dpkg's path-exclude patterns; one with ! is an exception
    hooks: tuple[str, ...] = ()  # "--essential-hook=…" and the like
    lean: bool = True
    more_sources: tuple[Source, ...] = field(
        default=(), repr=False
    )  # beside Debian's; who names some puts them in a key

    def key(self, epoch: int) -> str:
        """What the tree depends on; not the archive it comes from, nor the day it is made on.

        But whether somebody signed what is in it: a release takes nothing out of the cache that nobody did.
        """
        doubtful = unsigned(_debians(read_sources(), code_name(), SUITE, self.components))
        return key_of(SUITE, _LEAN, _EXCLUDED, self, epoch, *(["unsigned"] if doubtful else []))

    def command(self, target: Path, epoch: int) -> list[str]:
        """The command line that makes the tree (as root)."""
        sources = [*for_suite(read_sources(), code_name(), SUITE, self.components), *self.more_sources]
        more = [f"path-include={each[1:]}" if each[0] == "!" else f"path-exclude={each}" for each in self.excluded]
        excluded = [*_EXCLUDED, *more] if self.lean else []
        command = ["env", f"SOURCE_DATE_EPOCH={epoch}", "LC_ALL=C.UTF-8", "mmdebstrap", "--mode=root"]
        command += [f"--variant={self.variant}", f"--architectures={self.arch}", "--format=directory"]
        command += [f"--include={','.join(self.packages)}"]
        command += [f"--aptopt={each}" for each in [*_LEAN, *_fetch_options()]]
        command += [f"--dpkgopt={each}" for each in excluded]
        return [*command, *self.hooks, SUITE, str(target), *(each.line() for each in sources)]


def package_list(path: Path) -> tuple[str, ...]:
    """Names from a file: one a line, the reason behind `#`."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return tuple(line for line in lines if line)
