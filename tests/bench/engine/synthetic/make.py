"""Write one model: `python -m tests.bench.engine.synthetic.make SHAPE FILE [VOCABULARY]`. Needs numpy and gguf.

The layers hold random quantised numbers from a fixed seed: every product is computed as in a trained model. Their
share in the state is small, so that the next token depends on the last one alone: all plain tokens form one chain that
the model follows with certainty. So answers never end, repeat or fall silent, and a prompt can hold what will be said.
The chain, a list of token ids, is written beside the model as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from appliance.engine.tinymodel import CHATML, byte_alphabet
from tests.bench.engine.synthetic.shapes import SHAPES, Shape

_SEED = 20_261_121
_NORMAL, _CONTROL, _UNUSED = 1, 3, 5  # llama_token_type
_CERTAINTY = 20.0  # logit of the next token of the chain; those of others are about 0
_SHARE = 0.002  # of what a layer adds to the state, relative to a trained scale
_BLOCK = 32
_TYPES = {"q4_0": gguf.GGMLQuantizationType.Q4_0, "q8_0": gguf.GGMLQuantizationType.Q8_0}
_FILE_TYPES = {"q4_0": 2, "q8_0": 7}
_SPREAD = {"q4_0": 4.6, "q8_0": 73.6}  # standard deviation of the random integers below
_CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a tokeniser needs. `special`: ids of bos, eos and the end of a turn by their GGUF key."""

    model: str
    pre: str
    tokens: list[str]
    types: list[int]
    merges: list[str]
    special: dict[str, int]


def main() -> None:
    shape, path = SHAPES[sys.argv[1]], Path(sys.argv[2])
    vocabulary = _read(Path(sys.argv[3]), shape.tokens) if shape.vocabulary else _made(shape.tokens)
    chain, newline = _chain(vocabulary), vocabulary.tokens.index(byte_alphabet()[ord("\n")])
    writer = gguf.GGUFWriter(str(path), shape.architecture)
    _header(writer, shape)
    _tokenizer(writer, vocabulary)
    for name, values, kind in _tensors(shape, chain, newline):
        if kind is None:
            writer.add_tensor(name, values)
        else:
            writer.add_tensor(name, values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path.with_suffix(".json").write_text(json.dumps({"chain": chain, "tokens": len(vocabulary.tokens)}))


def _read(path: Path, size: int) -> Vocabulary:
    """Read a vocab-only file and fill it up to `size` with tokens that nobody uses."""
    fields = gguf.GGUFReader(path).fields

    def value(name: str, default: Any = None) -> Any:
        field = fields.get(f"tokenizer.ggml.{name}")
        return default if field is None else field.contents()

    tokens = list(value("tokens"))
    types = [int(kind) for kind in value("token_type")]
    spare = range(len(tokens), size)
    special = {name: value(name) for name in ("bos_token_id", "eos_token_id", "eot_token_id", "padding_token_id")}
    return Vocabulary(
        model=value("model"),
        pre=value("pre"),
        tokens=[*tokens, *(f"[PAD{number}]" for number in spare)],
        types=[*types, *(_UNUSED for _ in spare)],
        merges=list(value("merges")),
        special={name: int(number) for name, number in special.items() if number is not None},
    )


def _made(size: int) -> Vocabulary:
    alphabet = byte_alphabet()
    plain = [*(alphabet[byte] for byte in range(256)), "th"]
    plain += [f"{alphabet[ord(' ')]}w{number}" for number in range(size - len(plain) - len(_CONTROLS))]
    tokens = [*plain, *_CONTROLS]
    types = [_NORMAL] * len(plain) + [_CONTROL] * len(_CONTROLS)
    special = {"bos_token_id": len(plain), "eos_token_id": len(plain) + 2}
    return Vocabulary("gpt2", "gpt-2", tokens, types, ["t h"], special)


def _chain(vocabulary: Vocabulary) -> list[int]:
    """Return the tokens of plain words in a fixed random order: each is a frame of its own on any wire."""
    space = byte_alphabet()[ord(" ")]
    found = [
        token
        for token, (text, kind) in enumerate(zip(vocabulary.tokens, vocabulary.types, strict=True))
        if kind == _NORMAL and (word := text.removeprefix(space)) and word.isascii() and word.isalnum()
    ]
    return [int(token) for token in np.random.default_rng(_SEED).permutation(found)]


def _header(writer: Any, shape: Shape) -> None:
    writer.add_name(shape.name)
    writer.add_file_type(_FILE_TYPES[shape.quantisation])
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_vocab_size(shape.tokens)


def _tokenizer(writer: Any, vocabulary: Vocabulary) -> None:
    writer.add_tokenizer_model(vocabulary.model)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(vocabulary.merges)
    for name, number in vocabulary.special.items():
        writer.add_uint32(f"tokenizer.ggml.{name}", number)
    writer.add_add_bos_token(False)
    if _CONTROLS[1] in vocabulary.tokens:
        writer.add_chat_template(CHATML)


def _tensors(shape: Shape, chain: list[int], newline: int) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, values and type (None: float32) of every tensor."""
    random = np.random.default_rng(_SEED)
    width, hidden, shared = shape.width, shape.feed_forward, shape.head * shape.kv_heads
    sizes = {
        "attn_q": (width, width, 1.0),
        "attn_k": (shared, width, 1.0),
        "attn_v": (shared, width, 1.0),
        "attn_output": (width, width, _SHARE),
        "ffn_gate": (hidden, width, 1.0),
        "ffn_up": (hidden, width, 1.0),
        "ffn_down": (width, hidden, _SHARE),
    }
    signs = random.integers(0, 2, (shape.tokens, width), dtype=np.int8) * np.int8(2) - np.int8(1)
    kind = _TYPES["q8_0"]  # of the two matrices over the vocabulary, as in published files
    yield "token_embd.weight", _signed(signs, 1.0), kind
    yield "output.weight", _signed(signs[_before(chain, newline, shape.tokens)], _CERTAINTY / width), kind
    yield "output_norm.weight", np.ones(width, np.float32), None
    for layer in range(shape.layers):
        for name, (outputs, inputs, share) in sizes.items():
            values = _noise(random, outputs, inputs, share, shape.quantisation)
            yield f"blk.{layer}.{name}.weight", values, _TYPES[shape.quantisation]
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", np.ones(width, np.float32), None
        if shape.architecture == "qwen2":
            for name, size in (("attn_q", width), ("attn_k", shared), ("attn_v", shared)):
                yield f"blk.{layer}.{name}.bias", np.zeros(size, np.float32), None


def _before(chain: list[int], newline: int, size: int) -> Any:
    """Return for each token the one that it follows; what is outside the chain follows itself.

    The chain begins after a newline, the last token of a chat prompt.
    """
    before = np.arange(size)
    before[chain] = [newline, *chain[:-1]]
    return before


def _signed(signs: Any, size: float) -> Any:
    """Return a Q8_0 matrix of plus and minus `size`."""
    rows, columns = signs.shape
    blocks = np.empty((rows, columns // _BLOCK, 2 + _BLOCK), np.uint8)
    blocks[..., :2] = np.array([size / 127], np.float16).view(np.uint8)
    blocks[..., 2:] = (signs * np.int8(127)).reshape(rows, -1, _BLOCK).view(np.uint8)
    return blocks.reshape(rows, -1)


def _noise(random: Any, rows: int, columns: int, share: float, quantisation: str) -> Any:
    """Return a matrix of random integers, scaled so that it keeps the size of a vector times `share`."""
    size = _BLOCK // 2 if quantisation == "q4_0" else _BLOCK
    scale = share / (_SPREAD[quantisation] * np.sqrt(columns))
    blocks = np.empty((rows, columns // _BLOCK, 2 + size), np.uint8)
    blocks[..., :2] = np.array([scale], np.float16).view(np.uint8)
    blocks[..., 2:] = np.frombuffer(random.bytes(rows * columns // _BLOCK * size), np.uint8).reshape(rows, -1, size)
    return blocks.reshape(rows, -1)


if __name__ == "__main__":
    main()
