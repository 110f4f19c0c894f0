"""The exported JSON Schema: complete, and equal to the snapshot that was reviewed.

After a wanted change: .venv-test/bin/python -m tests.protocol.test_schema
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types

from appliance.protocol.codec import encode
from appliance.protocol.frames import ErrorShape, Event, Response
from appliance.protocol.schema import export
from tests.fakes.wire import connect_params, gateway, small_table

_SNAPSHOT = Path(__file__).parent / "schema.snapshot.json"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _fits(name: str, frame: Any) -> None:
    schema = export()
    jsonschema.validate(frame, {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


def _text() -> str:
    return json.dumps(export(), indent=1, sort_keys=True) + "\n"


def test_the_frames_are_those_of_the_snapshot() -> None:
    assert _text() == _SNAPSHOT.read_text(), "the wire changed; see the head of this file"


def test_every_reference_leads_somewhere_and_every_method_is_there() -> None:
    methods = small_table().all()
    document = json.loads(json.dumps(export(methods)))
    for reference in _references(document):
        assert reference.removeprefix("#/$defs/") in document["$defs"]
    assert set(document["methods"]) == {method.name for method in methods}
    assert document["methods"]["test.add"]["scope"] == "operator.read"


def test_our_own_frames_fit_their_schemas() -> None:
    for name, frame in (
        ("Response", Response("1", True, {"a": 1})),
        ("Response", Response("1", False, error=ErrorShape("C", "m", None, True, 5))),
        ("Event", Event("tick", {"ts": 1}, 1)),
    ):
        _fits(name, json.loads(encode(frame)))
    _fits("ConnectParams", connect_params(scopes=["operator.read"]))


async def test_a_real_hello_fits_its_schema(tmp_path: Path) -> None:
    async with gateway(tmp_path) as box, box.open() as client:
        _fits("Challenge", client.challenge)
        answer = await client.connect(connect_params(scopes=["operator.admin"]))
        _fits("HelloOk", answer["payload"])


if __name__ == "__main__":
    _SNAPSHOT.write_text(_text())
