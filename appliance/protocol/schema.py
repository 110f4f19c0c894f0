"""JSON Schema (2020-12) of every frame, every event rule and every registered method.

This is what we promise in writing; a snapshot of it in the tests makes each change of the wire a reviewed line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from appliance.protocol import frames, hello
from appliance.protocol.connect import ConnectParams
from appliance.protocol.events import EVENTS
from appliance.protocol.version import MIN_PROBE_PROTOCOL, PROTOCOL

_FRAMES: tuple[type[msgspec.Struct], ...] = (
    frames.Request,
    frames.Response,
    frames.Event,
    frames.ErrorShape,
    ConnectParams,
    hello.Challenge,
    hello.HelloOk,
)


class Described(Protocol):
    """A method as far as its schema needs it (gateway.method.Method fits)."""

    @property
    def name(self) -> str: ...

    @property
    def scope(self) -> Any: ...

    @property
    def role(self) -> str: ...

    @property
    def idempotent(self) -> bool: ...

    @property
    def params(self) -> type[msgspec.Struct]: ...

    @property
    def result(self) -> Any: ...


def export(methods: Iterable[Described] = ()) -> dict[str, Any]:
    """Return one document: `frames` and `methods` by name, their types under `$defs`, and the audience of events."""
    described = sorted(methods, key=lambda method: method.name)
    types: list[Any] = list(_FRAMES)
    for method in described:
        types.append(method.params)
        if method.result is not None:
            types.append(method.result)
    schemas, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    by_type = dict(zip(map(id, types), schemas, strict=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "protocol": {"current": PROTOCOL, "minimumProbe": MIN_PROBE_PROTOCOL},
        "frames": {kind.__name__: by_type[id(kind)] for kind in _FRAMES},
        "events": {
            name: {"scope": spec.scope, "audience": spec.audience.name.lower(), "dropIfSlow": spec.drop_if_slow}
            for name, spec in sorted(EVENTS.items())
        },
        "methods": {method.name: _entry(method, by_type) for method in described},
        "$defs": definitions,
    }


def _entry(method: Described, by_type: dict[int, Any]) -> dict[str, Any]:
    entry = {
        "role": method.role,
        "scope": "dynamic" if callable(method.scope) else method.scope,
        "idempotent": method.idempotent,
        "params": by_type[id(method.params)],
    }
    if method.result is not None:
        entry["result"] = by_type[id(method.result)]
    return entry
