"""Writes small GGUF files byte by byte, honest and hostile ones, without numpy."""

from __future__ import annotations

import struct
from collections.abc import Mapping


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name: str, value: object) -> bytes:
    if isinstance(value, str):
        return text(name) + struct.pack("<I", 8) + text(value)
    if isinstance(value, list):
        return text(name) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    return text(name) + struct.pack("<II", 4, int(str(value)))


def tensor(name: str, *dimensions: int, offset: int = 0) -> bytes:
    sizes = struct.pack(f"<{len(dimensions)}Q", *dimensions)
    return text(name) + struct.pack("<I", len(dimensions)) + sizes + struct.pack("<IQ", 0, offset)


KEYS: Mapping[str, object] = {
    "general.architecture": "llama",
    "general.name": "Little",
    "llama.context_length": 2048,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.chat_template": "{{ messages }}",
}


def gguf(
    keys: Mapping[str, object] = KEYS, tensors: tuple[bytes, ...] = (tensor("t", 4, 8),), data: bytes = bytes(128)
) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    return head + b"".join(key(name, value) for name, value in keys.items()) + b"".join(tensors) + data
