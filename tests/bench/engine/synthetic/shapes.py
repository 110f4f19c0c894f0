"""The models that are measured: published shapes, weights of our own. What they say is a known chain of tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """A transformer. `vocabulary` names a vocab-only file of llama.cpp's sources; "" makes `tokens` words instead."""

    name: str
    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    feed_forward: int
    context: int
    rope_base: float
    epsilon: float
    quantisation: str
    vocabulary: str
    tokens: int

    @property
    def head(self) -> int:
        return self.width // self.heads


QWEN = Shape(
    name="qwen2.5-0.5b-q4_0",
    architecture="qwen2",
    layers=24,
    width=896,
    heads=14,
    kv_heads=2,
    feed_forward=4864,
    context=32768,
    rope_base=1_000_000.0,
    epsilon=1e-6,
    quantisation="q4_0",
    vocabulary="ggml-vocab-qwen2.gguf",
    tokens=151_936,
)
LLAMA = Shape(
    name="llama-3.2-1b-q8_0",
    architecture="llama",
    layers=16,
    width=2048,
    heads=32,
    kv_heads=8,
    feed_forward=8192,
    context=131_072,
    rope_base=500_000.0,
    epsilon=1e-5,
    quantisation="q8_0",
    vocabulary="ggml-vocab-llama-bpe.gguf",
    tokens=128_256,
)
TINY = Shape(
    name="tiny",
    architecture="qwen2",
    layers=2,
    width=64,
    heads=4,
    kv_heads=2,
    feed_forward=128,
    context=8192,
    rope_base=10_000.0,
    epsilon=1e-6,
    quantisation="q8_0",
    vocabulary="",
    tokens=2000,
)
SHAPES = {shape.name: shape for shape in (QWEN, LLAMA, TINY)}
