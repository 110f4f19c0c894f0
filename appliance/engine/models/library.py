"""The model files on this box: what is there, which one answers, which one last did."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.engine.cache.fingerprint import Hashes
from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.catalogue.shelf import catalogue, of_file
from appliance.engine.models.errors import PullError
from appliance.engine.models.gguf import GgufError, GgufHeader, read_header
from appliance.engine.models.lock import FILE_NAME, ModelLock, Pin
from appliance.engine.models.probe.record import ProbeRecords, ProbeResult
from appliance.engine.models.recommend.box import Rates
from appliance.foundation.atomicfile import write_atomic

_CHOICE = "choice.json"
_HASHES = "hashes.json"
_PROBES = "probes"
_MAX_CHOICE_BYTES = 64 * 1024
_MAX_GOOD = 4


class Choice(msgspec.Struct, frozen=True, rename="camel"):
    """File names: `active` was chosen, `good` are those that an engine loaded, the last one first."""

    active: str = ""
    good: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Installed:
    """One file. `problem` says why it cannot be used; `sha256` is "" while nobody read the whole file."""

    path: Path
    size_bytes: int
    sha256: str
    pin: Pin | None
    entry: Entry | None
    header: GgufHeader | None
    probe: ProbeResult | None
    problem: str

    @property
    def name(self) -> str:
        """What the owner calls it: the name in the catalogue, else that of the file."""
        return self.entry.name if self.entry else self.path.name


class Library:
    """The folder of models in a state directory. Blocks: it reads files."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        self.hashes = Hashes(folder / _HASHES)
        self.lock = ModelLock(root / FILE_NAME, self.hashes)
        self.probes = ProbeRecords(folder / _PROBES)
        self._choice = folder / _CHOICE

    # ---- what is there

    def files(self) -> tuple[Path, ...]:
        """Return the model files, the one that arrived last first."""
        found = []
        for path in self.folder.glob("*.gguf"):
            with contextlib.suppress(OSError):  # deleted meanwhile
                found.append((path.stat().st_mtime, path.name, path))
        return tuple(path for _, _, path in sorted(found, reverse=True))

    def installed(self) -> tuple[Installed, ...]:
        """Return what is known of every file. Raises PullError for a damaged lock."""
        pins = self.lock.pins()
        return tuple(self._installed(path, pins) for path in self.files())

    def _installed(self, path: Path, pins: Mapping[str, Pin]) -> Installed:
        header, problem, size = None, "", 0
        pin = pins.get(path.name)
        try:
            size = path.stat().st_size
            header = read_header(path)
        except (GgufError, OSError) as error:
            problem = str(error)
        if pin is not None and size != pin.size:
            problem = problem or f"it has {size} bytes, {pin.size} were fetched"
        sha256 = self.lock.known_sha256(path)
        return Installed(path, size, sha256, pin, of_file(path.name), header, self.probes.of(sha256), problem)

    def find(self, name: str) -> Path:
        """Return the file of a catalogue name or a file name, with or without `.gguf`. Raises PullError."""
        entry = catalogue().get(name.lower())
        wanted = {name.lower(), f"{name.lower()}.gguf", entry.file.lower() if entry else ""}
        files = self.files()
        for path in files:
            if path.name.lower() in wanted:
                return path
        if entry:
            raise PullError(f"{name} is not on this box; `homarus models pull {name}` fetches it", reason="not_found")
        there = ", ".join(path.name for path in files) or "none"
        raise PullError(f"there is no model {name!r} on this box; there are: {there}", reason="not_found")

    def check(self, path: Path, *, talks: bool = True) -> str:
        """Prove that a file is a model and is the one that was fetched; return its SHA-256, "" if nobody knows it.

        With `talks` one that only makes vectors is refused. Reads all of a pinned file once, seconds for gigabytes.
        Raises PullError, GgufError, OSError.
        """
        read_header(path)
        if talks and makes_vectors(path):
            raise GgufError(f"{path.name} makes vectors and cannot talk; choose a model for conversations")
        return self.lock.proved(path)

    def rates(self) -> tuple[Mapping[str, Rates], Mapping[str, int]]:
        """Return what models of the catalogue did on this box, and the sizes of those that are here, by name."""
        measured = {}
        for result in self.probes.all():
            entry = of_file(result.file)
            if entry is not None and (result.rates.prefill or result.rates.decode):
                measured[entry.name] = result.rates
        sizes = {one.entry.name: one.size_bytes for one in self.installed() if one.entry and not one.problem}
        return measured, sizes

    # ---- which one answers

    def choice(self) -> Choice:
        """Return what was chosen; nothing when that cannot be read."""
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError), self._choice.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_CHOICE_BYTES), type=Choice)
        return Choice()

    def chosen(self) -> Path | None:
        """Return the file that should answer: the chosen one, else the one that arrived last and can talk."""
        files = self.files()
        active = self.choice().active
        if found := next((path for path in files if path.name == active), None):
            return found
        return next((path for path in files if not makes_vectors(path)), None)

    def fallback(self, path: Path | None = None) -> Path | None:
        """Return the file that an engine loaded last, other than `path`, if there is one."""
        files = {one.name: one for one in self.files()}
        good = (files[name] for name in self.choice().good if name in files and files[name] != path)
        return next(good, None)

    def choose(self, path: Path) -> None:
        """Note that this file was chosen and was loaded. Raises OSError."""
        self._write(Choice(path.name, _first(path.name, self.choice().good)))

    def loaded(self, path: Path) -> None:
        """Note that an engine loaded this file, without choosing it for good. Raises OSError."""
        choice = self.choice()
        if path.parent == self.folder and choice.good[:1] != (path.name,):
            self._write(Choice(choice.active, _first(path.name, choice.good)))

    def _write(self, choice: Choice) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(self._choice, msgspec.json.encode(choice))

    def remove(self, path: Path) -> int:
        """Delete a file with its pin and its probes; return how many bytes it had. Raises PullError, OSError."""
        size = path.stat().st_size
        sha256 = self.lock.known_sha256(path)
        path.unlink()
        self.lock.forget(path.name)
        self.probes.forget(sha256)
        choice = self.choice()
        if path.name in (choice.active, *choice.good):
            active = "" if choice.active == path.name else choice.active
            self._write(Choice(active, tuple(name for name in choice.good if name != path.name)))
        return size


def makes_vectors(path: Path) -> bool:
    """Tell whether a file is a model for embeddings; one that cannot be read is none, and is refused elsewhere."""
    with contextlib.suppress(GgufError, OSError):
        return read_header(path).pooling not in (None, 0)
    return False


def _first(name: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return (name, *(one for one in names if one != name))[:_MAX_GOOD]
