"""GBNF from JSON Schema: what a model may write so that its JSON always parses and has the right shape.

Bound exactly: object, array, enum, const, string lengths, integer, number, boolean, null, anyOf and oneOf,
local $ref. Named but not bound (`unchecked`): ranges of numbers, format, uniqueItems, minProperties and such:
the caller validates them. Everything else is refused, with the path and the keyword. Grammar format: the GBNF
notes of llama.cpp; its parser allows at most 2000 repetitions of one symbol.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.foundation.errors import ApplianceError

_MAX_REPEAT = 2000  # MAX_REPETITION_THRESHOLD of llama.cpp
_MAX_DEPTH = 32
_MAX_NODES = 4000  # a hostile schema must not become a grammar of millions of rules
_ANY_DEPTH = 6  # nesting of free JSON, so that an answer of random weights ends

# fmt: off
_UNCHECKED = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format", "uniqueItems",
    "minProperties", "maxProperties", "contentEncoding", "contentMediaType",
})
_REFUSED = frozenset({
    "pattern", "patternProperties", "propertyNames", "not", "if", "then", "else", "dependentRequired",
    "dependentSchemas", "contains", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef",
})
# fmt: on
_SHAPES = {"properties": "object", "required": "object", "additionalProperties": "object", "items": "array"}

_BASE = {
    "ws": '" "?',
    "hex": "[0-9a-fA-F]",
    # no surrogate escapes: half a pair is JSON but not text
    "escape": '["\\\\/bfnrt] | "u" ([0-9a-cA-Ce-fE-F] hex hex hex | [dD] [0-7] hex hex)',
    "char": '[^"\\\\\\x00-\\x1F\\x7F] | "\\\\" escape',
    "string": '"\\"" char* "\\""',
    # 15 digits stay exact in a double
    "natural": '"0" | [1-9] [0-9]{0,14}',
    "integer": '"-"? natural',
    "fraction": '("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
    "number": "integer fraction",
    "positive": "natural fraction",
    "boolean": '"true" | "false"',
    "null": '"null"',
    "key": "string",
}
_USES = {
    "escape": ("hex",),
    "char": ("escape",),
    "string": ("char",),
    "integer": ("natural",),
    "number": ("integer", "fraction"),
    "positive": ("natural", "fraction"),
    "key": ("string",),
}


class SchemaError(ApplianceError):
    """A JSON Schema cannot be expressed as a grammar. The message has the path and the keyword."""

    code = "schema_not_expressible"


@dataclass(frozen=True, slots=True)
class Grammar:
    """GBNF with the start rule `root`, and what it leaves to the caller as `path: keyword`."""

    text: str
    unchecked: tuple[str, ...]


def schema_grammar(schema: Mapping[str, Any] | bool) -> Grammar:
    """Return the grammar of one JSON document of `schema`. Raises SchemaError."""
    rules = Rules()
    rules.define("root", rules.schema(schema))
    return rules.grammar()


def literal(text: str) -> str:
    """Return `text` as a GBNF literal."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def negated_class(characters: str) -> str:
    """Return the GBNF class of every character that is not in `characters`."""
    return "[^" + "".join(f"\\{c}" if c in "[]\\-^" else _escaped(c) for c in characters) + "]"


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if ord(character) < 0x20 or ord(character) == 0x7F:
        return f"\\x{ord(character):02X}"
    return character


class Rules:
    """Collects named rules; equal bodies share one name. A subclass writes another notation than JSON."""

    def __init__(self) -> None:
        self.overrides: Mapping[str, str] = {}  # bodies of basic rules in place of those of JSON
        self._rules: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._references: dict[tuple[int, str], str] = {}
        self._unchecked: list[str] = []
        self._nodes = 0

    def grammar(self) -> Grammar:
        """Return everything that was defined."""
        text = "\n".join(f"{name} ::= {body}" for name, body in self._rules.items())
        return Grammar(text + "\n", tuple(self._unchecked))

    def define(self, name: str, body: str) -> str:
        """Set the body of a rule that has a fixed name."""
        self._rules[name] = body
        return name

    def add(self, body: str, hint: str = "r") -> str:
        """Name a body, reusing the name of an equal one."""
        if (name := self._names.get(body)) is None:
            name = self._names[body] = self.reserve(hint)
            self._rules[name] = body
        return name

    def reserve(self, hint: str) -> str:
        """Return a new rule name, to be given a body by `define`."""
        name = f"{hint}-{len(self._rules)}"
        self._rules[name] = ""
        return name

    def base(self, name: str) -> str:
        """Make sure that a basic rule and what it uses are defined, and return its name."""
        if name not in self._rules:
            self._rules[name] = self.overrides.get(name, _BASE[name])
            for used in () if name == "key" and name in self.overrides else _USES.get(name, ()):
                self.base(used)
        return name

    def has(self, name: str) -> bool:
        return name in self._rules

    def written(self, value: object) -> str:
        """Return a fixed value as the model writes it."""
        return _json(value)

    def key(self, name: str) -> str:
        """Return the name of a member as the model writes it."""
        return _json(name)

    def schema(self, schema: Mapping[str, Any] | bool, root: Mapping[str, Any] | None = None) -> str:
        """Return the name of the rule for a schema. `root` is where `$ref` starts. Raises SchemaError."""
        whole = root if root is not None else (schema if isinstance(schema, Mapping) else {})
        return self._schema(schema, whole, "$", 0)

    def any_object(self) -> str:
        """Return the name of the rule for any JSON object."""
        return self._any_object(_ANY_DEPTH)

    # ---- one schema

    def _schema(self, schema: object, root: Mapping[str, Any], path: str, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise SchemaError(f"{path}: the schema is too deep for a grammar")
        self._count(1, path)
        if schema is True:
            return self._any(_ANY_DEPTH)
        if not isinstance(schema, Mapping):
            raise SchemaError(f"{path}: a schema must be an object, not {schema!r}")
        self._refuse(schema, path)
        if "$ref" in schema:
            return self._reference(schema["$ref"], root, path, depth)
        if "const" in schema:
            return self.add(literal(self.written(schema["const"])), "const")
        if "enum" in schema:
            return self._enum(schema["enum"], path)
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                return self._choice(keyword, schema, root, path, depth)
        return self._typed(schema, root, path, depth)

    def _count(self, nodes: int, path: str) -> None:
        self._nodes += nodes
        if self._nodes > _MAX_NODES:
            raise SchemaError(f"{path}: the schema is too large for a grammar, over {_MAX_NODES} parts and values")

    def _refuse(self, schema: Mapping[str, Any], path: str) -> None:
        for keyword in schema:
            if keyword in _REFUSED:
                raise SchemaError(f"{path}: `{keyword}` cannot be expressed as a grammar; leave it out")
            if keyword in _UNCHECKED:
                self._unchecked.append(f"{path}: {keyword}")

    def _reference(self, target: object, root: Mapping[str, Any], path: str, depth: int) -> str:
        key = (id(root), str(target))
        if key not in self._references:
            resolved = _resolve(root, target, path)
            name = self._references[key] = self.reserve("ref")
            self.define(name, self._schema(resolved, root, path, depth + 1))
        return self._references[key]

    def _enum(self, values: object, path: str) -> str:
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            raise SchemaError(f"{path}: `enum` must list at least one value")
        self._count(len(values) - 1, path)  # llama.cpp needs half a minute for 100,000 of them
        return self.add(" | ".join(literal(self.written(value)) for value in values), "enum")

    def _choice(self, keyword: str, schema: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> str:
        options = schema[keyword]
        if not isinstance(options, Sequence) or isinstance(options, str) or not options:
            raise SchemaError(f"{path}: `{keyword}` must list at least one schema")
        if keyword == "allOf" and len(options) > 1:
            raise SchemaError(f"{path}: `allOf` of several schemas cannot be expressed; merge them into one")
        for sibling in ("properties", "items", "required", "prefixItems"):
            if sibling in schema:
                raise SchemaError(f"{path}: `{sibling}` beside `{keyword}` cannot be expressed; merge them")
        names = [
            self._schema(option, root, f"{path}.{keyword}[{index}]", depth + 1) for index, option in enumerate(options)
        ]
        if schema.get("nullable") is True:
            names.append(self.base("null"))
        return self.add(" | ".join(dict.fromkeys(names)), "one")

    def _typed(self, schema: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> str:
        kinds = schema.get("type")
        if kinds is None:
            kinds = next((kind for keyword, kind in _SHAPES.items() if keyword in schema), None)
            if kinds is None:
                return self._any(_ANY_DEPTH)
        kinds = [kinds] if isinstance(kinds, str) else kinds
        names = [self._kind(kind, schema, root, path, depth) for kind in kinds]
        if schema.get("nullable") is True:
            names.append(self.base("null"))
        if not names:
            raise SchemaError(f"{path}: `type` must name at least one type")
        return names[0] if len(names) == 1 else self.add(" | ".join(dict.fromkeys(names)), "type")

    def _kind(self, kind: object, schema: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> str:
        if kind == "object":
            return self._object(schema, root, path, depth)
        if kind == "array":
            return self._array(schema, root, path, depth)
        if kind == "string":
            return self._string(schema, path)
        if kind in ("integer", "number"):
            low = schema.get("minimum", schema.get("exclusiveMinimum"))
            unsigned = isinstance(low, int | float) and not isinstance(low, bool) and low >= 0
            if unsigned:
                return self.base("natural" if kind == "integer" else "positive")
            return self.base(str(kind))
        if kind in ("boolean", "null"):
            return self.base(str(kind))
        raise SchemaError(f"{path}: unknown type {kind!r}")

    def _string(self, schema: Mapping[str, Any], path: str) -> str:
        low, high = _bounds(schema, "minLength", "maxLength", path)
        if high is not None and high > _MAX_REPEAT:
            self._unchecked.append(f"{path}: maxLength")
            high = None
        if (low == 0 and high is None) or "key" in self.overrides:  # a notation with marks does not count
            return self.base("string")
        repeat = self.add(f"{self.base('char')}{{{low},{'' if high is None else high}}}", "chars")
        return self.add(f'"\\"" {repeat} "\\""', "string")

    # ---- arrays and objects

    def _array(self, schema: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> str:
        ws = self.base("ws")
        if "prefixItems" in schema:
            items = [
                self._schema(item, root, f"{path}.prefixItems[{index}]", depth + 1)
                for index, item in enumerate(schema["prefixItems"])
            ]
            return self.add(f'"[" {ws} ' + f' {ws} "," {ws} '.join(items) + f' {ws} "]"', "array")
        low, high = _bounds(schema, "minItems", "maxItems", path)
        if high == 0:
            return self.add(f'"[" {ws} "]"', "array")
        item = self._schema(schema.get("items", True), root, f"{path}.items", depth + 1)
        return self._list("[", item, "]", low, high)

    def _list(self, opening: str, item: str, closing: str, low: int, high: int | None) -> str:
        """Return the rule of `item` separated by commas, `low` to `high` times, between the brackets."""
        ws = self.base("ws")
        following = self.add(f'"," {ws} {item}', "next")
        if high is not None and high > _MAX_REPEAT:
            high = None
        more = f"{{{max(low - 1, 0)},{'' if high is None else high - 1}}}"
        body = self.add(f"{item} {following}{more}" if high != 1 else item, "items")
        inner = f"{body}?" if low == 0 else body
        return self.add(f"{literal(opening)} {ws} {inner} {ws} {literal(closing)}", "list")

    def _object(self, schema: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> str:
        properties = schema.get("properties") or {}
        required = schema.get("required") or ()
        if not isinstance(properties, Mapping) or isinstance(required, str):
            raise SchemaError(f"{path}: `properties` must be an object and `required` a list")
        extra = schema.get("additionalProperties", True)
        wanted = {**properties, **{name: extra for name in required if name not in properties}}
        if not wanted:
            return self._map(extra, root, path, depth)
        if any(wanted[name] is False for name in required):
            raise SchemaError(f"{path}: a required property is forbidden by `additionalProperties`")
        members = [
            (self._member(name, value, root, f"{path}.{name}", depth), name in required)
            for name, value in wanted.items()
            if value is not False
        ]
        return self._members(members)

    def _map(self, values: object, root: Mapping[str, Any], path: str, depth: int) -> str:
        ws = self.base("ws")
        if values is False:
            return self.add(f'"{{" {ws} "}}"', "object")
        if values is True:
            return self.any_object()
        value = self._schema(values, root, f"{path}.additionalProperties", depth + 1)
        pair = self.add(f'{self.base("key")} ":" {ws} {value}', "pair")
        return self._list("{", pair, "}", 0, None)

    def _member(self, name: str, schema: object, root: Mapping[str, Any], path: str, depth: int) -> str:
        value = self._schema(schema, root, path, depth + 1)
        return self.add(f'{literal(self.key(name))} ":" {self.base("ws")} {value}', "member")

    def _members(self, members: Sequence[tuple[str, bool]]) -> str:
        """Return an object of members in their order, without some optional ones. Linear in their number."""
        ws = self.base("ws")
        return self.add(f'"{{" {ws} {self.sequence(members, ",", ws)} {ws} "}}"', "object")

    def sequence(self, members: Sequence[tuple[str, bool]], separator: str, gap: str) -> str:
        """Return members in their order with separators between them; one that is not required may be missing."""
        rest, first = '""', '""'  # what may follow once a member was written; what may come before any was
        between = f"{literal(separator)} {gap}" if gap.strip() else literal(separator + gap)
        for member, is_required in reversed(members):
            tail = self.add(rest, "rest")
            head = self.add(first, "first")
            rest = f"{between} {member} {tail}" + ("" if is_required else f" | {tail}")
            first = f"{member} {tail}" + ("" if is_required else f" | {head}")
        return self.add(first, "first")

    # ---- free JSON

    def _any(self, depth: int) -> str:
        scalars = [self.base(name) for name in ("string", "number", "boolean", "null")]
        nested = [] if depth == 0 else [self._any_object(depth), self._any_array(depth)]
        return self.add(" | ".join([*scalars, *nested]), "any")

    def _any_object(self, depth: int) -> str:
        pair = self.add(f'{self.base("key")} ":" {self.base("ws")} {self._any(depth - 1)}', "pair")
        return self._list("{", pair, "}", 0, None)

    def _any_array(self, depth: int) -> str:
        return self._list("[", self._any(depth - 1), "]", 0, None)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bounds(schema: Mapping[str, Any], low_key: str, high_key: str, path: str) -> tuple[int, int | None]:
    low, high = schema.get(low_key, 0), schema.get(high_key)
    numbers = [value for value in (low, high) if value is not None]
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in numbers)
    if low is None or not whole or low < 0 or (high is not None and high < low):
        raise SchemaError(f"{path}: `{low_key}` and `{high_key}` do not make a range")
    if low > _MAX_REPEAT:
        raise SchemaError(f"{path}: `{low_key}` is {low}; a grammar can ask for at most {_MAX_REPEAT}")
    return low, high


def _resolve(root: Mapping[str, Any], target: object, path: str) -> object:
    """Follow a local JSON pointer (RFC 6901)."""
    if not isinstance(target, str) or not (target == "#" or target.startswith("#/")):
        raise SchemaError(f"{path}: only references inside the schema can be followed, not {target!r}")
    node: object = root
    for step in target[2:].split("/") if target != "#" else ():
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, Mapping) or key not in node:
            raise SchemaError(f"{path}: `{target}` points to nothing")
        node = node[key]
    return node
