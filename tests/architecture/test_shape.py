"""Files and functions stay small, packages say what they are, names say what things are."""

from __future__ import annotations

import ast
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import PACKAGE, ROOT, exceptions, listing, modules, tracked, tree

_FILE_LINES = 400
_FUNCTION_LINES = 60
_MEDIAN_FUNCTION_LINES = 8
_PACKAGE_MODULES = 12
_ONE_FILE_PER_NOUN = {"methods", "commands", "http", "builtin", "checks", "cloud", "channels", "steps"}
_ATTIC = {"utils", "util", "common", "misc", "helpers", "helper"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TEXTLESS_CLASSES = ("Manager", "Helper", "Util", "Utils", "Impl")


def test_no_file_is_longer_than_400_lines() -> None:
    python = [path for path in tracked() if path.suffix == ".py"]
    problems = [
        f"{path}: {lines} lines"
        for path in sorted({*modules(), *python})
        if (lines := _lines(path)) > _FILE_LINES and str(path) not in exceptions("lines")
    ]
    assert not problems, listing(problems)


def test_every_exception_still_applies_and_has_a_reason() -> None:
    problems = [f"{path}: has healed" for path in exceptions("lines") if _lines(Path(path)) <= _FILE_LINES]
    for kind in ("lines", "modules", "functions", "clock"):
        problems += [f"{kind} {name}: no reason" for name, reason in exceptions(kind).items() if len(reason) < 15]
    assert not problems, listing(problems)


def test_functions_are_short() -> None:
    sizes = dict(_functions())
    problems = [
        f"{name}: {lines} lines"
        for name, lines in sizes.items()
        if lines > _FUNCTION_LINES and name not in exceptions("functions")
    ]
    assert not problems, listing(problems)
    assert statistics.median(sizes.values()) <= _MEDIAN_FUNCTION_LINES


def test_a_package_has_at_most_12_modules() -> None:
    sizes = Counter(path.parent for path in modules() if path.name != "__init__.py")
    problems = [
        f"{folder}: {size} modules"
        for folder, size in sizes.items()
        if size > _PACKAGE_MODULES
        and folder.name not in _ONE_FILE_PER_NOUN
        and str(folder) not in exceptions("modules")
    ]
    assert not problems, listing(problems)


def test_every_package_says_what_it_is_and_what_it_must_not_know() -> None:
    problems = []
    for path in modules():
        if path.name == "__init__.py":
            text = ast.get_docstring(tree(path)) or ""
            if text.count(". ") + text.count(".\n") + text.endswith(".") < 2:
                problems.append(f"{path}: {text!r}")
    assert not problems, listing(problems)


def test_every_module_has_a_docstring() -> None:
    problems = [str(path) for path in modules() if not ast.get_docstring(tree(path))]
    assert not problems, listing(problems)


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in modules()}
    problems = [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()]
    assert not problems, listing(problems)


def test_no_module_is_an_attic() -> None:
    problems = [str(path) for path in PACKAGE.rglob("*") if path.stem in _ATTIC]
    assert not problems, listing(problems)


def test_no_class_is_called_manager_or_helper() -> None:
    problems = [
        f"{path}:{node.lineno} {node.name}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and node.name.endswith(_TEXTLESS_CLASSES)
    ]
    assert not problems, listing(problems)


def _lines(path: Path) -> int:
    return len((ROOT / path).read_text("utf-8").splitlines())


def _functions() -> Iterator[tuple[str, int]]:
    """Yield each function with its own lines: those of the functions inside it are counted there."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, _FUNCTIONS):
                yield f"{path}:{node.name}", _own_lines(node)


def _own_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    inner = [each for each in ast.walk(node) if isinstance(each, _FUNCTIONS) and each is not node]
    outermost = [each for each in inner if not any(each in ast.walk(other) for other in inner if other is not each)]
    return _span(node) - sum(_span(each) for each in outermost)


def _span(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
