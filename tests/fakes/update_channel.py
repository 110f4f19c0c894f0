"""An update channel as its maker signs it: one key, manifests with what a test wants to say."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NOW_MS = 1_795_000_000_000
DAY_MS = 86_400_000
COMPATIBLE = "homarus-test"
SHA = "a" * 64


def moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Maker:
    """Signs manifests with a key of its own."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> Ed25519PublicKey:
        return self.key.public_key()

    @property
    def key_file(self) -> str:
        return base64.b64encode(self.public.public_bytes_raw()).decode() + "\n"

    def sign(self, content: bytes) -> bytes:
        return base64.b64encode(self.key.sign(content)) + b"\n"

    def manifest(self, **changes: Any) -> tuple[bytes, bytes]:
        content = json.dumps(form(**changes), ensure_ascii=False).encode()
        return content, self.sign(content)


def release(version: str = "1.1.0", **changes: Any) -> dict[str, Any]:
    bundle = {"url": f"box-{version}.raucb", "size": 1000, "sha256": SHA, "manifest_hash": "b" * 64}
    notes = {"en": "Better.", "de": "Besser.", "fr": "Mieux."}
    return {"version": version, "bundle": bundle, "notes": notes, **changes}


def form(**changes: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "channel": "stable",
        "sequence": 7,
        "issued": moment(NOW_MS - DAY_MS),
        "expires": moment(NOW_MS + 30 * DAY_MS),
        "releases": {COMPATIBLE: release()},
        **changes,
    }
