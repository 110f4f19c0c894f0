"""Whether this version understands a small file that another version left; its own readers are asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec


def readable(state: Path, name: str, content: bytes, before: bytes) -> bool:
    """Return whether this version can use `content` as the file `name` of a state, as it could use `before`."""
    if not content:
        return False
    match Path(name).suffix, Path(name).name:
        case _, "homarus.json5":
            return _errors(state, content) <= _errors(state, before)
        case _, "revocations.json":
            return _revocations(content)
        case ".pem", _:
            return _pem(content)
        case ".json", _:
            return _json(content)
        case _, "gateway.token":
            return content.decode("utf-8", "replace").strip().isprintable()
    return True


def _errors(state: Path, content: bytes) -> set[tuple[str, str]]:
    """Return what keeps a section from starting. Secrets of the gateway are not here: only what is new counts."""
    from appliance.config.errors import IssueSeverity
    from appliance.config.load import load_text

    loaded = load_text(content.decode("utf-8", "replace"), os.environ, folder=state)
    return {(issue.path, issue.message) for issue in loaded.issues if issue.severity is IssueSeverity.ERROR}


def _revocations(content: bytes) -> bool:
    from appliance.identity.revocations import readable as understood

    return understood(content)


def _pem(content: bytes) -> bool:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if b"PRIVATE KEY-----" in content:
            load_pem_private_key(content, None)
        if b"BEGIN CERTIFICATE-----" in content:
            x509.load_pem_x509_certificates(content)
    except (ValueError, TypeError):
        return False
    return b"-----BEGIN " in content


def _json(content: bytes) -> bool:
    try:
        value: Any = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return isinstance(value, dict | list)
