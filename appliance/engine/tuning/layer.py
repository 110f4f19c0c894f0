"""A model of one layer, random weights, of any width: for measuring quantisations whose models are not here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from appliance.engine.tinymodel import byte_alphabet

# name of the usual file -> ggml type of its matrices, bytes and numbers of a block, where its 16-bit scales are
KINDS = {
    "Q4_0": ("Q4_0", 18, 32, (0,)),
    "Q4_K_M": ("Q4_K", 144, 256, (0, 2)),
    "Q8_0": ("Q8_0", 34, 32, (0,)),
}
_BLOCK = 256  # all kinds fit into multiples of it
_HEAD = 64
_VOCABULARY = 257  # every byte and one end
_SCALE = np.float16(0.001)
_MOST_WIDTH, _MOST_HIDDEN = 4096, 16384


@dataclass(frozen=True, slots=True)
class LayerShape:
    """Columns of the state and of the feed-forward part; multiples of 256."""

    width: int
    hidden: int

    @classmethod
    def like(cls, width: int, hidden: int) -> LayerShape:
        """Return the nearest shape that every quantisation fits, within a file of 200 MB."""

        def fitting(value: int, most: int) -> int:
            return min(most, max(_BLOCK, round(value / _BLOCK) * _BLOCK))

        return cls(fitting(width, _MOST_WIDTH), fitting(hidden, _MOST_HIDDEN))


def _matrices(shape: LayerShape) -> dict[str, tuple[int, int]]:
    """Return rows and columns of every matrix of the model by its name."""
    width, hidden = shape.width, shape.hidden
    shared = _groups(width) * _HEAD
    return {
        "token_embd": (_VOCABULARY, width),
        "blk.0.attn_q": (width, width),
        "blk.0.attn_k": (shared, width),
        "blk.0.attn_v": (shared, width),
        "blk.0.attn_output": (width, width),
        "blk.0.ffn_gate": (hidden, width),
        "blk.0.ffn_up": (hidden, width),
        "blk.0.ffn_down": (width, hidden),
    }


def _groups(width: int) -> int:
    """Return the heads of keys and values: grouped four to one, as most models have it."""
    return max(1, width // _HEAD // 4)


def matrix_facts(kind: str, shape: LayerShape) -> tuple[int, int]:
    """Return the parameters of the layer, without the vocabulary, and the bytes of all matrices."""
    _, block_bytes, block, _ = KINDS[kind]
    numbers = {name: rows * columns for name, (rows, columns) in _matrices(shape).items()}
    layer = sum(count for name, count in numbers.items() if name != "token_embd")
    return layer, sum(numbers.values()) // block * block_bytes


def write_layer(path: Path, kind: str, shape: LayerShape) -> Path:
    """Write the model and return its path."""
    width = shape.width
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("layer")
    writer.add_context_length(2048)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(width // _HEAD)
    writer.add_head_count_kv(_groups(width))
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_HEAD)
    tokens = [*byte_alphabet().values(), "<|end|>"]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 1) + [3])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_eos_token_id(len(tokens) - 1)
    random = np.random.default_rng(1)
    for name, (rows, columns) in _matrices(shape).items():
        data = _matrix(random, kind, rows, columns)
        writer.add_tensor(f"{name}.weight", data, raw_dtype=gguf.GGMLQuantizationType[KINDS[kind][0]])
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _matrix(random: Any, kind: str, rows: int, columns: int) -> Any:
    """Return random blocks with small scales: numbers that stay finite."""
    _, block_bytes, block, scales = KINDS[kind]
    data = random.integers(0, 256, size=(rows, columns // block, block_bytes), dtype=np.uint8)
    for offset in scales:
        data[:, :, offset : offset + 2] = np.frombuffer(_SCALE.tobytes(), np.uint8)
    return data.reshape(rows, -1)
