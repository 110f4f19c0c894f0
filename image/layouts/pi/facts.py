"""What only a Pi needs: `pi.toml` beside the board's board.toml, and where its kernel and firmware come from."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from image.apt import Source
from image.board import REPOSITORY, Board
from image.errors import ImageError
from image.schema import mistakes

_SCHEMA = REPOSITORY / "firmware-config" / "schema" / "pi.schema.json"
ARCHIVE = "HOMARUS_MAKER_ARCHIVE"
KEY = "HOMARUS_MAKER_KEY"
SUITE = "HOMARUS_MAKER_SUITE"
KERNEL = "HOMARUS_MAKER_KERNEL"


@dataclass(frozen=True, slots=True)
class Facts:
    """pi.toml; the schema says what each field means."""

    disk_signature: str
    data_shipped_mib: int
    maker: Mapping[str, Any]
    debian: Mapping[str, str]
    firmware: tuple[str, ...]
    device_trees: tuple[str, ...]
    device_trees_needed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Maker:
    """The maker's archive as the build is told, and what is taken from it."""

    source: Source
    kernel: str
    firmware: str
    tools: tuple[str, ...]


def read(folder: Path) -> Facts:
    """Read and check the pi.toml of a board's folder; raise ImageError with every mistake."""
    data = tomllib.loads((folder / "pi.toml").read_text("utf-8"))
    if found := list(mistakes(data, json.loads(_SCHEMA.read_text("utf-8")))):
        raise ImageError(f"{folder.name}/pi.toml: " + "; ".join(found))
    boot = {key: tuple(value) for key, value in data["boot"].items()}
    return Facts(data["disk_signature"], data["data_shipped_mib"], data["maker"], data["debian"], **boot)


def maker(facts: Facts, environ: Mapping[str, str] = os.environ) -> Maker | None:
    """Return the maker's archive if the build is told where it is, else None. Raises ImageError."""
    archive = environ.get(ARCHIVE, "")
    if not archive:
        return None
    key = environ.get(KEY, "")
    if not Path(key).is_absolute() or not Path(key).is_file():
        raise ImageError(f"{ARCHIVE} is set: {KEY} must name the file with the key of that archive, by its whole path")
    told = facts.maker
    source = Source(archive, environ.get(SUITE) or told["suite"], tuple(told["components"]), (f"signed-by={key}",))
    return Maker(source, environ.get(KERNEL) or told["kernel"], told["firmware"], tuple(told["tools"]))


def configured(board: Board, environ: Mapping[str, str] = os.environ) -> Board:
    """Return the board as it is built here: with the maker's kernel and trial boots if there is an archive for it."""
    found = maker(read(board.folder), environ) if board.layout == "pi" else None
    if found is None:
        return board
    kernel = replace(board.kernel, package=found.kernel, source="maker")
    return replace(board, kernel=kernel, packages=(*board.packages, *found.tools), tryboot=True)
