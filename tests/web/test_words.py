"""The app has words for everything that the box says of itself: conditions, findings, sections of the configuration."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from appliance.config.schema import Config
from appliance.config.shape import Kind, walk
from tests.web.node import CHECKOUT, WEB

_WORDS = WEB / "src" / "words"
_SOURCES = CHECKOUT / "appliance"
_LANGUAGES = ("de", "fr")  # in English the app shows what the box says


@cache
def _trees() -> tuple[tuple[Path, ast.Module], ...]:
    texts = ((path, path.read_text()) for path in sorted(_SOURCES.rglob("*.py")))
    return tuple((path, ast.parse(text)) for path, text in texts)


def _constants(tree: ast.Module) -> dict[str, list[str]]:
    """The texts that the names of a module stand for; those of a table are all of its values."""
    found: dict[str, list[str]] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=True))
        else:
            pairs = [(target, value)] if isinstance(target, ast.expr) and isinstance(value, ast.expr) else []
        for name, text in pairs:
            if isinstance(name, ast.Name):
                found[name.id] = _texts(text.values if isinstance(text, ast.Dict) else [text])
    return found


def _texts(nodes: list[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _raised(path: Path, tree: ast.Module) -> Iterator[str]:
    """The codes of the conditions that a module sets."""
    constants = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):  # code = _CODES[severity]
            name, table = node.targets[0], node.value.value
            if isinstance(name, ast.Name) and isinstance(table, ast.Name) and table.id in constants:
                constants[name.id] = constants[table.id]
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Condition"):
            continue
        first = node.args[0] if node.args else next(one.value for one in node.keywords if one.arg == "code")
        codes = constants.get(first.id, []) if isinstance(first, ast.Name) else _texts([first])
        assert codes, f"{path}:{node.lineno}: write the code of a condition as a text or as a constant of the module"
        yield from codes


def _conditions() -> set[str]:
    return {code for path, tree in _trees() for code in _raised(path, tree)}


def _findings() -> set[str]:
    """The codes of the audit: what its rules yield."""
    tree = ast.parse((_SOURCES / "daemon" / "reach" / "findings.py").read_text())
    yields = [node.value for node in ast.walk(tree) if isinstance(node, ast.Yield)]
    return {code for value in yields if isinstance(value, ast.Tuple) for code in _texts(value.elts[:1])}


def _said(language: str) -> tuple[set[str], list[str], list[str]]:
    """The codes that a language has words for; reasons and types of options that it knows, by their English."""
    told, rest = (_WORDS / f"told.{language}.ts").read_text().split("\n  reasons: {\n")
    reasons, types = rest.split("\n  types: {\n")
    codes = re.findall(r'^    "?([a-z_]+)(?:/\w+)?"?: \[', told, re.MULTILINE)
    return set(codes), _keys(reasons), _keys(types)


def _keys(table: str) -> list[str]:
    return [json.loads(key) for key in re.findall(r'^    ("(?:[^"\\]|\\.)+"):', table, re.MULTILINE)]


def test_every_condition_and_every_finding_has_words_in_every_language() -> None:
    conditions, findings = _conditions(), _findings()
    assert len(conditions) > 15
    assert len(findings) > 10
    for language in _LANGUAGES:
        assert _said(language)[0] == conditions | findings, f"web/src/words/told.{language}.ts"


def test_every_reason_that_the_app_knows_is_still_said_by_the_box() -> None:
    skeletons = {_skeleton(node) for _, tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.expr)}
    for language in _LANGUAGES:
        gone = set(_said(language)[1]) - skeletons
        assert not gone, f"web/src/words/told.{language}.ts"


def _skeleton(node: ast.expr) -> str | None:
    """A text with `{}` for its values."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_what_an_option_must_be_has_words_in_every_language() -> None:
    for language in _LANGUAGES:
        types = [re.compile(".+".join(map(re.escape, one.split("{}")))) for one in _said(language)[2]]
        for path, field in walk(Config):
            assert any(one.fullmatch(field.shape.description) for one in types), (path, field.shape.description)


def test_every_section_of_the_configuration_has_words() -> None:
    # The languages themselves are compared by a test of the app.
    top, inner = (_WORDS / "config.ts").read_text(), (_WORDS / "config_sections.ts").read_text()
    for path, field in walk(Config):
        if field.shape.kind is Kind.SECTION:
            place = path.replace("[]", ".*")
            wanted = [f'"{place}": ', f'"{place}:about": '] if "." in path else [f"section_{path}: ", f"about_{path}: "]
            for word in wanted:
                assert word in (inner if "." in path else top), f"{word} in web/src/words"
