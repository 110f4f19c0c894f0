"""What is declared about options, in the words of config.schema and config.schema.lookup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from appliance.config.document.paths import ConfigPathError, parse_path
from appliance.config.schema import Config
from appliance.config.shape import Kind, OptionField, Shape, fields, reload_of, walk
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.config import ConfigChild, ConfigHint, ConfigLookupResult, ReloadKind

_TYPES = {Kind.SECTION: "object", Kind.MAP: "object", Kind.LIST: "array", Kind.CHOICE: "string", Kind.SECRET: "string"}
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def ui_hints() -> dict[str, Any]:
    """Return a hint for every option by its path."""
    return {path: _hint(field.key, field.shape) for path, field in walk(Config)}


def _hint(key: str, shape: Shape) -> ConfigHint:
    meaning = shape.meta.description if shape.meta else None
    return ConfigHint(label=key, help=meaning or UNSET, sensitive=True if shape.kind is Kind.SECRET else UNSET)


def _type(shape: Shape) -> Any:
    return _TYPES.get(shape.kind) or _PLAIN.get(shape.plain, UNSET)


def _reload(shape: Shape) -> ReloadKind:
    return "hot" if reload_of(shape.meta) == "hot" else "restart"


def _steps(path: str) -> tuple[str, ...]:
    """Return the steps of a path, none of what is no path. `[]` and `[*]` stand for any place in a list."""
    try:
        return tuple(map(str, parse_path(path.replace("[]", "[0]").replace("[*]", "[0]"))))
    except ConfigPathError:
        return ()


def field_at(path: str) -> OptionField | None:
    """Return the declaration of the option at a path; `*` or any name stands for an entry, None is undeclared."""
    field: OptionField | None = None
    shape: Shape | None = None
    for step in _steps(path):
        if shape is not None and shape.inner is not None:
            # What is declared of a map or list holds for its entries: models.aliases counts at once, so does one alias.
            shape = replace(shape.inner, meta=shape.inner.meta or shape.meta)
            continue
        section = Config if shape is None and field is None else (shape.section if shape else None)
        field = fields(section).get(step) if section is not None else None
        if field is None:
            return None
        shape = field.shape
    if field is None or shape is None:
        return None
    return field if shape is field.shape else OptionField(field.key, field.attribute, shape, None)


def needs_restart(path: str) -> bool:
    """Return whether a change at `path` counts only after a restart; what is not declared has no effect at all."""
    field = field_at(path)
    if field is None:
        return False
    if field.shape.section is not None:
        below = [one.shape for _, one in walk(field.shape.section) if one.shape.section is None]
        return any(_reload(shape) == "restart" for shape in below)
    return _reload(field.shape) == "restart"


def lookup(path: str, schema: dict[str, Any]) -> ConfigLookupResult:
    """Return the declaration at a path with its children. Raises WireError for a path that is not declared."""
    top = path in (".", "*", "/")
    field = None if top else field_at(path)
    if field is None and not top:
        raise invalid_request(f"unknown config path: {path}")
    section = Config if field is None else field.shape.section
    prefix = "" if field is None else path
    children = [_child(prefix, one) for one in fields(section).values()] if section is not None else []
    if field is not None and section is None and field.shape.inner is not None:
        name = "*" if field.shape.kind is Kind.MAP else "[]"
        children = [_child(path, OptionField(name, name, field.shape.inner, None))]
    return ConfigLookupResult(
        path=path,
        schema=subschema(schema, path if not top else ""),
        children=children,
        reload_kind=_reload(field.shape) if field is not None else UNSET,
        hint=_hint(field.key, field.shape) if field is not None else UNSET,
        hint_path=path if field is not None else UNSET,
    )


def _child(prefix: str, field: OptionField) -> ConfigChild:
    path = f"{prefix}.{field.key}" if prefix else field.key
    shape = field.shape
    return ConfigChild(
        key=field.key,
        path=path,
        has_children=shape.section is not None or shape.inner is not None,
        type=_type(shape),
        reload_kind=_reload(shape),
        hint=_hint(field.key, shape),
        hint_path=path,
    )


def subschema(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the part of a JSON Schema at a path; an empty object where it says nothing."""
    found: Any = schema
    for step in _steps(path):
        properties = found.get("properties") or {}
        found = properties.get(step) or found.get("additionalProperties") or found.get("items")
        if not isinstance(found, dict):
            return {}
    return dict(found)
