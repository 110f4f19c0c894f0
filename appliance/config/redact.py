"""The file without its secrets, and back: a client reads the mask and may send it back unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from appliance.config.document.json5 import Node, parse_tree
from appliance.config.document.paths import ConfigPathError, Path, format_path, parse_path
from appliance.config.errors import ConfigError
from appliance.config.schema import Config
from appliance.config.shape import Kind, walk
from appliance.config.values import REDACTED, Secret
from appliance.telemetry.redact import Redactor

# Sections of parts that do not exist yet hold secrets too: their names tell.
_NAME = re.compile(r"(?i)(token|password|passwd|passphrase|secret|api_?key|credential|private_?key|auth_?key)s?$")
_COUNT = re.compile(r"(?i)(max|min|context|input|output|keep|limit|threshold|recent|reserve)\w*tokens$")
_POINTERS = frozenset({"file", "source", "provider", "id"})  # where a secret is, instead of the secret
_REFERENCE = re.compile(r"\$\{[A-Z_][A-Z0-9_]*\}")
_STRING_OR_COMMENT = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|//[^\n\r\u2028\u2029]*|/\*.*?\*/""", re.DOTALL
)


def is_sensitive(path: str) -> bool:
    """Tell whether the value at `path` is a secret, by its declaration or, for unknown keys, by its name."""
    try:
        return _is_sensitive(parse_path(path)) if path else False
    except ConfigPathError:
        return True  # a key that cannot be written as a path is hidden rather than shown


def redacted(raw: str) -> str:
    """Return the text of the file with each secret replaced by the mask; `${NAME}` and file names stay.

    Text that cannot be read as JSON5 comes back as one line: half a file could show anything.
    """
    try:
        tree = parse_tree(raw) if raw.strip() else None
    except ConfigError:
        return f"// This file is not valid JSON5 and may hold secrets, so it is not shown. {REDACTED}\n"
    if tree is None:
        return raw
    hidden = [
        (node.start, node.end, f'"{REDACTED}"')
        for path, node in _leaves(tree, ())
        if _hides(node.value) and _is_sensitive(path)
    ]
    redactor = Redactor()
    return _STRING_OR_COMMENT.sub(
        lambda match: match.group() if match.group("string") else redactor(match.group()), _replace(raw, hidden)
    )


def redacted_value(value: Any, path: Path = ()) -> Any:
    """Return a plain value without secrets, for `config`, `parsed` and the like."""
    if isinstance(value, dict):
        return {key: redacted_value(one, (*path, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [redacted_value(one, (*path, place)) for place, one in enumerate(value)]
    return REDACTED if _hides(value) and _is_sensitive(path) else value


def secrets_of(value: Any) -> Iterator[str]:
    """Yield every secret that a read configuration holds, for whoever must never write one out."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from secrets_of(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from secrets_of(one)


def restore(raw: str, previous: str) -> str:
    """Put the secrets of `previous` back where `raw` holds the mask. Raises ConfigError when there was none."""
    masked = [(path, node) for path, node in _leaves(parse_tree(raw), ()) if node.value == REDACTED]
    if not masked:
        return raw
    known = dict(_leaves(parse_tree(previous), ())) if previous.strip() else {}
    cuts = []
    for path, node in masked:
        old = known.get(path)
        if old is None or old.value == REDACTED:
            raise ConfigError(f"{format_path(path)} holds the mask {REDACTED}, but there was no secret in this place.")
        cuts.append((node.start, node.end, previous[old.start : old.end]))
    return _replace(raw, cuts)


def _hides(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    return not isinstance(value, str) or (bool(value) and not _REFERENCE.fullmatch(value))


def _is_sensitive(path: Path) -> bool:
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return False
    kind = _declared().get(format_path(path))
    if kind is not None:
        return kind is Kind.SECRET
    if "headers" in names[:-1]:
        return True
    if names[-1] in _POINTERS:
        names = names[-1:]
    # Also below such a name: what stands in `credentials` or `tokens` is secret whatever its own name is.
    return any(_NAME.search(name) and not _COUNT.search(name) for name in names)


@lru_cache(maxsize=1)
def _declared() -> dict[str, Kind]:
    return {path: field.shape.kind for path, field in walk(Config)}


def _leaves(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    if node.members is not None:
        for key, member in node.members.items():
            yield from _leaves(member.node, (*path, key))
    elif node.items is not None:
        for place, item in enumerate(node.items):
            yield from _leaves(item, (*path, place))
    else:
        yield path, node


def _replace(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for start, end, replacement in sorted(cuts, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text
