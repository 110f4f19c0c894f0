"""The part of JSON Schema that board data is checked against; the standard library has none.

Known words: type, enum, pattern, minLength, minItems, minimum, maximum, required, properties, additionalProperties and
items. A schema with another word is refused, so that a rule cannot be written and silently not be checked.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from image.errors import ImageError

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_WORDS = {"$schema", "$id", "title", "description", "type", "enum", "pattern", "minLength", "minItems", "minimum"}
_WORDS |= {"maximum", "required", "properties", "additionalProperties", "items"}


def mistakes(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield one sentence per mistake, each with the path of the value."""
    if unknown := set(schema) - _WORDS:
        raise ImageError(f"the schema uses what is not checked here: {sorted(unknown)}")
    here = path or "the file"
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        yield f"{here} must be of type {kind}, not {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{here} must be one of {schema['enum']}, not {value!r}"
    if isinstance(value, dict):
        yield from _of_object(value, schema, path)
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{here} needs at least {schema['minItems']} entries"
        for index, each in enumerate(value):
            yield from mistakes(each, schema.get("items", {}), f"{path}[{index}]")
    else:
        yield from _of_scalar(value, schema, here)


def _of_object(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path or 'the file'} lacks {name}"
    for name, each in value.items():
        inner = f"{path}.{name}" if path else name
        if name in known:
            yield from mistakes(each, known[name], inner)
        elif schema.get("additionalProperties", True) is False:
            yield f"{inner} is not known"


def _of_scalar(value: Any, schema: Mapping[str, Any], here: str) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            yield f"{here} is too short"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{here} must match {schema['pattern']}, not {value!r}"
    elif isinstance(value, int | float) and not (schema.get("minimum", value) <= value <= schema.get("maximum", value)):
        yield f"{here} must be from {schema.get('minimum', '-')} to {schema.get('maximum', '-')}, not {value}"
