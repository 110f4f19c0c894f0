"""Embeddings as OpenAI sends them; two of our families share the format."""

from __future__ import annotations

import msgspec

from appliance.providers.cloud.family import decode


class _Vector(msgspec.Struct):
    index: int
    embedding: list[float]


class _Vectors(msgspec.Struct):
    data: list[_Vector]


def read_openai_vectors(body: bytes) -> list[list[float]]:
    """Read `{"data": [{"index", "embedding"}]}` in the order of `index`. Raises Unreadable."""
    answer: _Vectors = decode(body, _Vectors)
    return [vector.embedding for vector in sorted(answer.data, key=lambda vector: vector.index)]
