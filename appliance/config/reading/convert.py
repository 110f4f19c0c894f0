"""Plain values to sections, with every problem found in one pass instead of the first one only."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from appliance.config.document.paths import join
from appliance.config.errors import Issue, IssueSeverity
from appliance.config.reading.secrets import Sources
from appliance.config.redact import is_sensitive
from appliance.config.schema import Config
from appliance.config.sections.known import MOVED, PENDING, SILENT, UNUSED
from appliance.config.shape import Kind, OptionField, Shape, fields, walk
from appliance.config.values import REDACTED, ModelChoice, Secret, parse_duration

BAD: Final = object()
"""What a value became that is invalid; the reason is in the issues."""

_MAX_SHOWN = 80
# One service with a wrong key must not take the others away; everywhere else a dropped entry could widen a right.
_APART = frozenset({"models.providers"})


class Converter:
    """Converts one file. `issues` collects what it finds, in the order of the file."""

    def __init__(self, sources: Sources) -> None:
        self.issues: list[Issue] = []
        self._sources = sources

    def section(self, section: type[msgspec.Struct], value: Any, path: str, pattern: str) -> Any:
        """Return the section, or BAD. `pattern` is the path with `*` and `[]` in place of names and numbers."""
        if not isinstance(value, dict):
            return self._wrong(path, value, "must be an object")
        known, result, good = fields(section), dict[str, Any](), True
        for key, one in value.items():
            field = known.get(key)
            if field is None:
                good = self.unknown(key, one, path, pattern, list(known)) and good
                continue
            converted = self.field(field, one, join(path, key), join(pattern, key))
            if converted is BAD:
                good = False
            else:
                result[field.attribute] = converted
        missing = [key for key, field in known.items() if field.default is msgspec.NODEFAULT and key not in value]
        for key in missing:
            self._wrong(join(path, key), None, f"is missing; must be {known[key].shape.description}")
        return section(**result) if good and not missing else BAD

    def field(self, field: OptionField, value: Any, path: str, pattern: str) -> Any:
        """Return the converted value of one option, or BAD."""
        if reason := PENDING.get(pattern):
            self.issues.append(Issue(path, "", f"has no effect yet: {reason}", severity=IssueSeverity.UNUSED))
        return self._value(field.shape, value, path, pattern)

    def _value(self, shape: Shape, value: Any, path: str, pattern: str) -> Any:
        if value is None and shape.optional:
            return None
        if value == REDACTED:
            return self._wrong(path, value, "is the mask that stands for a hidden secret, not a value")
        match shape.kind:
            case Kind.SECTION if shape.section is not None:
                return self.section(shape.section, value, path, pattern)
            case Kind.MAP if shape.inner is not None:
                return self._map(shape.inner, value, path, pattern)
            case Kind.LIST if shape.inner is not None:
                return self._list(shape, shape.inner, value, path, pattern)
            case Kind.MODEL:
                return self._model(shape, value, path)
        return self._leaf(shape, value, path)

    def _map(self, inner: Shape, value: Any, path: str, pattern: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, value, "must be an object")
        pairs = {key: self._value(inner, one, join(path, key), f"{pattern}.*") for key, one in value.items()}
        good = {key: one for key, one in pairs.items() if one is not BAD}
        return good if len(good) == len(pairs) or pattern in _APART else BAD

    def _list(self, shape: Shape, inner: Shape, value: Any, path: str, pattern: str) -> Any:
        if not isinstance(value, list):
            return self._wrong(path, value, f"must be {shape.description}")
        if shape.meta and shape.meta.max_length is not None and len(value) > shape.meta.max_length:
            return self._wrong(path, f"{len(value)} entries", f"has more than {shape.meta.max_length} entries")
        items = [self._value(inner, one, f"{path}[{place}]", f"{pattern}[]") for place, one in enumerate(value)]
        return BAD if any(one is BAD for one in items) else tuple(items)

    def _model(self, shape: Shape, value: Any, path: str) -> Any:
        try:
            if isinstance(value, str):
                return ModelChoice(primary=self._reference(value))
            if isinstance(value, dict) and set(value) <= {"primary", "fallbacks"}:
                primary, fallbacks = value.get("primary"), value.get("fallbacks", [])
                if isinstance(primary, str | None) and isinstance(fallbacks, list):
                    rest = tuple(self._reference(one) for one in fallbacks)
                    return ModelChoice(self._reference(primary) if primary is not None else None, rest)
        except ValueError as error:
            return self._wrong(path, value, str(error))
        return self._wrong(path, value, f"must be {shape.description}")

    def _reference(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError("a model is a text such as anthropic/claude-sonnet or an alias")
        return self._sources.text(value.strip())

    def _leaf(self, shape: Shape, value: Any, path: str) -> Any:
        try:
            if shape.kind is Kind.SECRET:
                return self._sources.secret(value)
            if isinstance(value, str):
                value = self._sources.text(value)
            if shape.kind is Kind.DURATION and isinstance(value, str | int | float) and not isinstance(value, bool):
                return parse_duration(str(value))
        except ValueError as error:
            return self._wrong(path, REDACTED if shape.kind is Kind.SECRET else value, str(error))
        plain = msgspec_type(shape)
        try:
            return msgspec.convert(value, plain, strict=True)
        except msgspec.ValidationError:
            hint = nearest(value, shape.choices) if isinstance(value, str) else ""
            return self._wrong(path, value, f"must be {shape.description}", hint)

    def unknown(self, key: str, value: Any, path: str, pattern: str, known: list[str]) -> bool:
        """Say what is wrong with a key that no section declares; True when it does no harm."""
        full, full_pattern = join(path, key), join(pattern, key)
        if full_pattern in SILENT:
            return True
        if full_pattern in UNUSED or full in UNUSED:
            text = "is known from OpenClaw and has no effect on this box"
            self.issues.append(Issue(full, "", text, severity=IssueSeverity.UNUSED))
            return True
        if moved := MOVED.get(full_pattern):
            self._wrong(full, value, "is an old name", f"Write it as {moved}, or run: homarus config migrate")
            return False
        self._wrong(full, value, "is not an option", nearest(key, known) or _elsewhere(key))
        return False

    def _wrong(self, path: str, value: Any, message: str, hint: str = "") -> Any:
        self.issues.append(Issue(path, shown(path, value), message, hint))
        return BAD


def msgspec_type(shape: Shape) -> Any:
    """Return the type of a leaf with its constraints, as msgspec checks them."""
    return Annotated[shape.plain, shape.meta] if shape.meta and shape.kind is Kind.PLAIN else shape.plain


def shown(path: str, value: Any) -> str:
    """Return a value for people: short JSON text, a mask where the name says that it is secret."""
    if value is None or value is BAD:
        return ""
    if isinstance(value, Secret) or is_sensitive(path):
        return REDACTED
    text = msgspec.json.encode(_without_secrets(value, path)).decode()
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def _without_secrets(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return {
            key: REDACTED if is_sensitive(join(path, key)) else _without_secrets(one, join(path, key))
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(one, path) for one in value]
    return REDACTED if isinstance(value, Secret) else value


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Return a hint with the nearest known word, or nothing."""
    import difflib

    by_fold = {one.lower(): one for one in known}
    found = difflib.get_close_matches(word.lower(), by_fold, n=1, cutoff=0.6)
    return f"Did you mean {by_fold[found[0]]}?" if found else ""


def _elsewhere(key: str) -> str:
    """Return a hint to the one place where this key does exist."""
    places = [path for path, _ in walk(Config) if path.rsplit(".", 1)[-1] == key]
    return f"Did you mean {places[0]}?" if len(places) == 1 else ""
