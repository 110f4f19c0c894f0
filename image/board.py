"""Boards as data: `firmware-config/boards/NAME/board.toml`, checked against the schema in `firmware-config/schema/`."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image.errors import ImageError
from image.schema import mistakes

REPOSITORY = Path(__file__).resolve().parent.parent
EXAMPLE = REPOSITORY / "appliance" / "firstboot" / "homarus.toml.example"
"""What the owner may set; it lies on the set-up partition of every board, beside where the file itself is to lie."""
_FOLDER = REPOSITORY / "firmware-config"


@dataclass(frozen=True, slots=True)
class Kernel:
    """Which kernel, and what of it is in the image."""

    package: str
    modules: tuple[str, ...]
    command_line: tuple[str, ...]
    source: str = "debian"
    late_modules: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partitions:
    """Sizes in MiB."""

    setup_mib: int
    boot_mib: int
    root_mib: int
    data_min_mib: int


@dataclass(frozen=True, slots=True)
class Board:
    """One board; the schema says what each field means."""

    name: str
    title: str
    arch: str
    compatible: str
    layout: str
    tryboot: bool
    kernel: Kernel
    components: tuple[str, ...]
    packages: tuple[str, ...]
    partitions: Partitions
    screens: tuple[str, ...]
    serial: tuple[str, ...]
    hardware: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of the board's data, with files beside board.toml."""
        return _FOLDER / "boards" / self.name


def names() -> list[str]:
    """All boards there are."""
    return sorted(each.parent.name for each in (_FOLDER / "boards").glob("*/board.toml"))


def load(name: str) -> Board:
    """Read and check one board; raise ImageError with every mistake."""
    path = _FOLDER / "boards" / name / "board.toml"
    if not path.is_file():
        raise ImageError(f"there is no board {name}; there are {', '.join(names())}")
    return parse(tomllib.loads(path.read_text()), folder=name)


def parse(data: Mapping[str, Any], folder: str) -> Board:
    """Turn a checked board.toml into a Board."""
    schema = json.loads((_FOLDER / "schema" / "board.schema.json").read_text())
    found = list(mistakes(dict(data), schema))
    if not found and data["name"] != folder:
        found = [f"name must be that of its folder, {folder}, not {data['name']}"]
    if found:
        raise ImageError(f"firmware-config/boards/{folder}/board.toml: " + "; ".join(found))
    kernel: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data["kernel"].items()
    }
    return Board(
        **{key: data[key] for key in ("name", "title", "arch", "compatible", "layout", "tryboot")},
        kernel=Kernel(**kernel),
        components=tuple(data["packages"]["components"]),
        packages=tuple(data["packages"]["names"]),
        partitions=Partitions(**data["partitions"]),
        screens=tuple(data["console"]["screens"]),
        serial=tuple(data["console"]["serial"]),
        hardware=data.get("hardware", {}),
    )
