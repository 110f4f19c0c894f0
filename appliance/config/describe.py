"""Every option with its type, default, unit and meaning: for documentation, `config options` and the JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from appliance.config.document.paths import join
from appliance.config.schema import Config
from appliance.config.sections.known import PENDING
from appliance.config.sections.option import Reload
from appliance.config.shape import Kind, OptionField, Shape, fields, reload_of, unit_of, walk
from appliance.config.values import Duration, ModelChoice, Secret

_JSON_TYPES: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `path` has `*` for a name and `[]` for a place in a list; `default` is JSON."""

    path: str
    type: str
    default: Any
    unit: str
    meaning: str
    reload: Reload


def options() -> list[Option]:
    """Return every option that holds a value (no sections), in the order of the file."""
    return [_option(path, field) for path, field in walk(Config) if not _is_section(field.shape)]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file, without references, so that a part of it stands alone.

    What no keyword says travels beside them: `x-unit`, `x-reload` ("hot" for what counts without a restart) and
    `x-pending`, why an option has no effect yet. `writeOnly` marks secrets.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_section_schema(Config)}


def default_json(value: Any) -> Any:
    """Return a default as JSON: never a secret, because defaults are in the source."""
    if isinstance(value, msgspec.Struct):
        return {field.key: default_json(getattr(value, field.attribute)) for field in fields(type(value)).values()}
    if isinstance(value, ModelChoice):
        return value.primary
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, tuple):
        return [default_json(one) for one in value]
    return None if isinstance(value, Secret) or value is msgspec.NODEFAULT else value


def _option(path: str, field: OptionField) -> Option:
    meta = field.shape.meta
    meaning = meta.description or "" if meta else ""
    return Option(path, field.shape.description, default_json(field.default), unit_of(meta), meaning, reload_of(meta))


def _is_section(shape: Shape) -> bool:
    return shape.section is not None or (shape.inner is not None and shape.inner.section is not None)


@lru_cache(maxsize=256)
def _section_schema(section: type[msgspec.Struct], path: str = "") -> dict[str, Any]:
    known = fields(section)
    required = [key for key, field in known.items() if field.default is msgspec.NODEFAULT]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: _field_schema(field, join(path, key)) for key, field in known.items()},
        # Keys of parts that this box does not have yet are named in the issues and do no harm.
        "additionalProperties": True,
    }
    return {**schema, "required": required} if required else schema


def _field_schema(field: OptionField, path: str) -> dict[str, Any]:
    schema, meta = _schema(field.shape, path), field.shape.meta
    if meta is not None and meta.description:
        unit = unit_of(meta)
        schema = {**schema, "description": f"{meta.description} ({unit})" if unit else meta.description}
        schema |= {"x-unit": unit} if unit else {}
    if field.shape.section is None and reload_of(meta) is Reload.HOT:
        schema = {**schema, "x-reload": "hot"}
    if pending := PENDING.get(path):
        schema = {**schema, "x-pending": pending}
    default = default_json(field.default)
    return schema if default is None or field.shape.section is not None else {**schema, "default": default}


def _schema(shape: Shape, path: str) -> dict[str, Any]:
    """Return the schema of one type; `path` has `*` and `[]` in place of names and numbers."""
    if shape.section is not None:
        return _section_schema(shape.section, path)
    step = ".*" if shape.kind is Kind.MAP else "[]"
    inner = _schema(shape.inner, path + step) if shape.inner is not None else {}
    match shape.kind:
        case Kind.MAP:
            return {"type": "object", "additionalProperties": inner}
        case Kind.LIST:
            bound = shape.meta.max_length if shape.meta else None
            return {"type": "array", "items": inner} | ({"maxItems": bound} if bound is not None else {})
        case Kind.CHOICE:
            return {"type": "string", "enum": list(shape.choices)}
        case Kind.SECRET:
            return {"type": ["string", "object"], "writeOnly": True}
        case Kind.MODEL:
            return {
                "type": ["string", "object"],
                "properties": {
                    "primary": {"type": "string"},
                    "fallbacks": {"type": "array", "items": {"type": "string"}},
                },
            }
        case Kind.DURATION:
            return {"type": ["string", "number"]}
    return {"type": _JSON_TYPES[shape.plain]} | _constraints(shape.meta)


def _constraints(meta: msgspec.Meta | None) -> dict[str, Any]:
    if meta is None:
        return {}
    named = {"minimum": meta.ge, "maximum": meta.le, "pattern": meta.pattern, "maxLength": meta.max_length}
    return {key: value for key, value in named.items() if value is not None}
