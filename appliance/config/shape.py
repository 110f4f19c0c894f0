"""What the annotations of the sections say, in a form that checks, schema and documentation can walk."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from appliance.config.errors import Refused
from appliance.config.sections.option import Reload
from appliance.config.values import Duration, ModelChoice, Secret


class Kind(enum.Enum):
    SECTION = enum.auto()
    MAP = enum.auto()
    LIST = enum.auto()
    CHOICE = enum.auto()
    SECRET = enum.auto()
    DURATION = enum.auto()
    MODEL = enum.auto()
    PLAIN = enum.auto()


@dataclass(frozen=True, slots=True)
class Shape:
    """One type. `inner` is the element of a list or map; `plain` what msgspec converts to, constraints included."""

    kind: Kind
    plain: Any
    meta: msgspec.Meta | None = None
    section: type[msgspec.Struct] | None = None
    inner: Shape | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False

    @property
    def description(self) -> str:
        """The type in words, as in "must be …"."""
        bound = _bounds(self.meta)
        match self.kind:
            case Kind.SECTION:
                return "an object"
            case Kind.MAP:
                return "an object"
            case Kind.LIST:
                return f"a list of {self.inner.description if self.inner else 'values'}".replace("of a ", "of ") + bound
            case Kind.CHOICE:
                return "one of " + ", ".join(self.choices)
            case Kind.SECRET:
                return 'a text, "${ENV_NAME}", {file: "path"} or {source, provider, id}'
            case Kind.DURATION:
                return 'a duration such as "30m"'
            case Kind.MODEL:
                return 'a text "provider/model" or {primary, fallbacks}'
            case Kind.PLAIN:
                return _PLAIN_WORDS.get(self.plain, "a value") + bound


_PLAIN_WORDS: dict[Any, str] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class OptionField:
    """One field of a section: its key in the file, its place in Python, and its shape."""

    key: str
    attribute: str
    shape: Shape
    default: Any


@lru_cache(maxsize=128)
def fields(section: type[msgspec.Struct]) -> dict[str, OptionField]:
    """Return the options of a section by key."""
    found = {}
    for field in msgspec.structs.fields(section):
        default = field.default_factory() if callable(field.default_factory) else field.default
        found[field.encode_name] = OptionField(field.encode_name, field.name, shape_of(field.type), default)
    return found


def shape_of(annotation: Any, meta: msgspec.Meta | None = None) -> Shape:
    """Read an annotation. Raises TypeError for what no option uses: a section module is then wrong."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *extras = get_args(annotation)
        own = next((one for one in extras if isinstance(one, msgspec.Meta)), None)
        return shape_of(base, own or meta)
    if origin in (Union, types.UnionType):
        members = [one for one in get_args(annotation) if one not in (type(None), Refused)]
        if len(members) != 1:
            raise TypeError(f"an option is one type or None, not {annotation}")
        inner = shape_of(members[0], meta)
        return replace(inner, optional=type(None) in get_args(annotation))
    return _plain_shape(annotation, origin, meta)


def _plain_shape(annotation: Any, origin: Any, meta: msgspec.Meta | None) -> Shape:
    if origin is Literal:
        return Shape(Kind.CHOICE, annotation, meta, choices=get_args(annotation))
    if origin is tuple:
        return Shape(Kind.LIST, annotation, meta, inner=shape_of(get_args(annotation)[0]))
    if origin is dict:
        return Shape(Kind.MAP, annotation, meta, inner=shape_of(get_args(annotation)[1]))
    special = {Secret: Kind.SECRET, Duration: Kind.DURATION, ModelChoice: Kind.MODEL}.get(annotation)
    if special is not None:
        return Shape(special, annotation, meta)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return Shape(Kind.SECTION, annotation, meta, section=annotation)
    if annotation in _PLAIN_WORDS:
        return Shape(Kind.PLAIN, annotation, meta)
    raise TypeError(f"no option has the type {annotation}")


def walk(section: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, OptionField]]:
    """Return every option below a section with its path; `*` stands for a name, `[]` for a place in a list."""
    for key, field in fields(section).items():
        yield from _walk_field(f"{path}.{key}" if path else key, field)


def _walk_field(path: str, field: OptionField) -> Iterator[tuple[str, OptionField]]:
    yield path, field
    shape = field.shape
    if shape.section is not None:
        yield from walk(shape.section, path)
    elif shape.inner is not None and shape.inner.section is not None:
        step = ".*" if shape.kind is Kind.MAP else "[]"
        yield from walk(shape.inner.section, path + step)


def reload_of(meta: msgspec.Meta | None) -> Reload:
    """Return whether an option counts without a restart."""
    return Reload((meta.extra or {}).get("reload", Reload.RESTART)) if meta else Reload.RESTART


def unit_of(meta: msgspec.Meta | None) -> str:
    """Return the unit of an option."""
    return str((meta.extra or {}).get("unit", "")) if meta else ""


def _bounds(meta: msgspec.Meta | None) -> str:
    if meta is None:
        return ""
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge:g} to {meta.le:g}" if meta.le < 1e6 else f" from {meta.ge:g} to {meta.le:.0f}"
    if meta.ge is not None:
        return f" of at least {meta.ge:g}"
    if meta.max_length is not None:
        return f" of at most {meta.max_length} entries or characters"
    return f" that matches {meta.pattern}" if meta.pattern else ""
