"""What the rules are checked on: the tracked files of this repository, parsed once."""

from __future__ import annotations

import ast
import functools
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "appliance"


@functools.cache
def modules() -> tuple[Path, ...]:
    """Return every Python file of the product, relative to the root."""
    return tuple(sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py")))


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of one file."""
    return ast.parse((ROOT / path).read_text("utf-8"))


def unit(path: Path) -> str:
    """Return the unit that a file of the product belongs to: the first name below `appliance`."""
    return path.parts[1].removesuffix(".py")


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the dotted name and the line of every call in a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the top-level name and the line of every absolute import, wherever in the file it stands."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0], node.lineno


@functools.cache
def tracked() -> tuple[Path, ...]:
    """Return every file that git tracks and that still exists, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file())


@functools.cache
def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@functools.cache
def exceptions(kind: str) -> dict[str, str]:
    """Return the allowed exceptions of one kind with their reasons."""
    found: dict[str, str] = tomllib.loads((ROOT / "tests/architecture/exceptions.toml").read_text("utf-8"))[kind]
    return found


def listing(problems: list[str]) -> str:
    """Return problems as text for an assertion."""
    return "\n" + "\n".join(problems)
