"""Arguments of tools: structs in, JSON Schema out, and messages from which a model can correct itself."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from appliance.foundation.errors import ApplianceError
from appliance.messages import JsonObject

A = TypeVar("A", bound=msgspec.Struct)


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every argument struct. An argument that is not known is refused: dropping it would lose a wish."""


class NoArguments(Arguments, frozen=True):
    """For tools that need nothing."""


class ToolArgumentsError(ApplianceError):
    """The arguments of a tool call do not fit its schema."""

    code = "tool_arguments"


def decode_arguments(struct: type[A], arguments: JsonObject) -> A:
    """Convert what a model wrote. `"600"` is taken for 600 and null for a missing option: models write both.

    Raises ToolArgumentsError that names the argument and what it must be.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    known = struct.__struct_fields__
    for name in given:
        if name not in known:
            import difflib  # rarely needed

            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" Known: {', '.join(known) or 'none'}."
            raise ToolArgumentsError(f"There is no argument {name[:64]}.{hint}")
    try:
        return msgspec.convert(given, struct, strict=False)
    except msgspec.ValidationError as error:
        raise ToolArgumentsError(_readable(str(error))) from error


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema of an argument struct: one object without references, titles and null alternatives.

    Short on purpose: schemas are part of every prompt, and prefill is what costs time on a small box.
    """
    schema = msgspec.json.schema(struct)
    inlined = _inline(schema, schema.get("$defs", {}))
    if not isinstance(inlined, dict):
        raise TypeError(f"{struct.__name__} has no object schema")
    return inlined


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inline(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    kept = {key: value for key, value in schema.items() if key not in ("$defs", "title")}
    if kept.get("type") == "object":
        kept.pop("description", None)  # the docstring of the struct is for programmers
    if "default" in kept and kept["default"] is None:
        del kept["default"]
    if "anyOf" in kept:
        others = [one for one in kept["anyOf"] if one != {"type": "null"}]
        if len(others) == 1:
            del kept["anyOf"]
            kept = {**_inline(others[0], definitions), **kept}
    if "properties" in kept:
        names = {name: _inline(value, definitions) for name, value in kept["properties"].items()}
        kept["properties"] = names
    return {
        key: value if key == "properties" else _inline(value, definitions)
        for key, value in kept.items()
        if not (key == "required" and not value)
    }


def _readable(message: str) -> str:
    """Turn the text of msgspec into one a person understands: "`str` of length <= 500 - at `$.text`"."""
    what, _, place = message.partition(" - at `$.")
    what = what.replace("`", "")
    return f"{place.rstrip('`')}: {what[:1].lower()}{what[1:]}." if place else f"{what}."
