"""The two files about what is in an image: CycloneDX 1.6 for programs, a list of licences for people.

The same components give the same bytes: no time, no random serial number.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from image.payload.bill.component import Component


def cyclonedx(board: str, version: str, components: Sequence[Component]) -> str:
    """Return the bill of materials as JSON."""
    body: dict[str, object] = {
        "metadata": {
            "component": {
                "bom-ref": "homarus",
                "type": "firmware",
                "name": f"homarus-{board}",
                "version": version,
            },
            "properties": [{"name": "homarus:board", "value": board}],
        },
        "components": [_component(each) for each in components],
        "dependencies": [{"ref": "homarus", "dependsOn": [_reference(each) for each in components]}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(body, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1}
    return json.dumps(head | body, indent=1, ensure_ascii=False) + "\n"


def _reference(component: Component) -> str:
    return component.purl or f"{component.name}@{component.version}"


def _component(component: Component) -> Mapping[str, object]:
    made: dict[str, object] = {
        "bom-ref": _reference(component),
        "type": component.kind.value,
        "name": component.name,
        "version": component.version,
    }
    if component.expression:
        made["licenses"] = [{"expression": component.expression}]
    elif component.licences:
        made["licenses"] = [{"license": {"name": each}} for each in component.licences]
    if component.hashes:
        made["hashes"] = [{"alg": algorithm, "content": content} for algorithm, content in component.hashes]
    if component.purl:
        made["purl"] = component.purl
    return made


def licences(board: str, version: str, components: Iterable[Component], texts: Iterable[tuple[str, str]]) -> str:
    """Return the list for people, and the texts that stand nowhere else in the image."""
    lines = [f"Homarus {version} for {board}: what is in it and under which licences.", ""]
    for origin, group in groupby(components, key=lambda each: each.origin):
        lines += [origin, "-" * len(origin)]
        for each in group:
            where = f"  [{each.texts}]" if each.texts else ""
            lines.append(f"{each.name} {each.version}: {each.terms}{where}")
        lines.append("")
    for name, text in texts:
        lines += [f"Licence of {name}", "-" * (len(name) + 11), text.strip(), ""]
    return "\n".join(lines) + "\n"
