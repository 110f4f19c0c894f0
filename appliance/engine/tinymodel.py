"""Make small, real GGUF models: for the self-test of the engine and for tests. Needs numpy and gguf (.venv-engine).

The models hold random weights from a fixed seed, so they compute like large ones and say nothing sensible; with
`reply` set they recite that text instead. About 100 kB and 0.1 s each.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_Q8_BLOCK = 32  # a Q8_0 row is a multiple of this
_NORMAL, _CONTROL = 1, 3  # llama_token_type
# Merges must not be empty (llama.cpp refuses the file). Pairs of single letters, applied in this order.
_MERGES = ("t h", "i n", "a n", "e r", "o n")


@dataclass(frozen=True, slots=True)
class TinyModel:
    """What the model is like. Every width is a multiple of 32; `width` is divisible by `heads`, `heads` by `kv_heads`.

    `architecture`: llama, qwen2 (biases) or qwen3 (norms of queries and keys). `quantisation`: q8_0, f16 or f32.
    `control` are the tokens that only `special=True` makes of text; the first three end a text, open and close a
    message. `reply`: pieces that the model says in this order and then ends, whatever it is asked; no piece twice.
    `pooling`: "mean" marks a model for embeddings.
    """

    architecture: str = "llama"
    layers: int = 2
    width: int = 64
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 128
    context: int = 2048
    quantisation: str = "q8_0"
    seed: int = 1
    name: str = "tiny"
    chat_template: str | None = CHATML
    control: tuple[str, ...] = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    words: tuple[str, ...] = ()
    merges: tuple[str, ...] = _MERGES
    pre_tokenizer: str = "gpt-2"
    reply: tuple[str, ...] = field(default=())
    pooling: str | None = None

    def tokens(self) -> list[str]:
        """Return the vocabulary in the byte alphabet of GPT-2: bytes, merges, words, pieces of the reply, control."""
        alphabet = byte_alphabet()
        merged = [merge.replace(" ", "") for merge in self.merges]
        written = ["".join(alphabet[byte] for byte in text.encode()) for text in (*self.words, *self.reply)]
        plain = dict.fromkeys([*(alphabet[byte] for byte in range(256)), *merged, *written])
        return [*plain, *self.control]

    def write(self, path: Path) -> Path:
        """Write the model to `path` and return it."""
        writer = gguf.GGUFWriter(str(path), self.architecture)
        tokens = self.tokens()
        _write_header(writer, self, len(tokens))
        _write_tokenizer(writer, self, tokens)
        for name, values in _tensors(self, tokens).items():
            _add(writer, name, values, self.quantisation)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path


def byte_alphabet() -> dict[int, str]:
    """Return the printable character that stands for each byte in a GPT-2 vocabulary."""
    kept = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    moved = [byte for byte in range(256) if byte not in kept]
    return {byte: chr(byte) for byte in kept} | {byte: chr(256 + index) for index, byte in enumerate(moved)}


def _write_header(writer: Any, model: TinyModel, size: int) -> None:
    writer.add_name(model.name)
    writer.add_file_type({"f32": 0, "f16": 1, "q8_0": 7}[model.quantisation])
    writer.add_context_length(model.context)
    writer.add_embedding_length(model.width)
    writer.add_block_count(model.layers)
    writer.add_feed_forward_length(model.feed_forward)
    writer.add_head_count(model.heads)
    writer.add_head_count_kv(model.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(model.width // model.heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(size)
    if model.pooling == "mean":
        writer.add_pooling_type(gguf.PoolingType.MEAN)


def _write_tokenizer(writer: Any, model: TinyModel, tokens: Sequence[str]) -> None:
    plain = len(tokens) - len(model.control)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(model.pre_tokenizer)
    writer.add_token_list(list(tokens))
    writer.add_token_types([_NORMAL] * plain + [_CONTROL] * len(model.control))
    writer.add_token_merges(list(model.merges))
    writer.add_bos_token_id(plain)
    writer.add_pad_token_id(plain)
    writer.add_eos_token_id(_end_token(model, tokens))
    writer.add_add_bos_token(False)
    if model.chat_template is not None:
        writer.add_chat_template(model.chat_template)


def _end_token(model: TinyModel, tokens: Sequence[str]) -> int:
    """Return the token that ends an answer: the one that closes a message, or the only control token there is."""
    return len(tokens) - len(model.control) + min(2, len(model.control) - 1)


def _tensors(model: TinyModel, tokens: Sequence[str]) -> dict[str, Any]:
    """Return every tensor by name; a matrix has the shape (outputs, inputs)."""
    random = np.random.default_rng(model.seed)

    def matrix(outputs: int, inputs: int) -> Any:
        return (random.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(np.float32)

    width, hidden = model.width, model.feed_forward
    head = width // model.heads
    shared = head * model.kv_heads
    embedding = random.choice(np.array([-1.0, 1.0], dtype=np.float32), size=(len(tokens), width))
    tensors: dict[str, Any] = {"token_embd.weight": embedding, "output_norm.weight": np.ones(width, np.float32)}
    for layer in range(model.layers):
        block = {
            "attn_norm.weight": np.ones(width, np.float32),
            "attn_q.weight": matrix(width, width),
            "attn_k.weight": matrix(shared, width),
            "attn_v.weight": matrix(shared, width),
            "attn_output.weight": matrix(width, width),
            "ffn_norm.weight": np.ones(width, np.float32),
            "ffn_gate.weight": matrix(hidden, width),
            "ffn_up.weight": matrix(hidden, width),
            "ffn_down.weight": matrix(width, hidden),
        } | _extra_of_architecture(model.architecture, width, shared, head)
        if model.reply:  # layers that add nothing: the next token then depends on the last one alone
            block["attn_output.weight"][:] = 0
            block["ffn_down.weight"][:] = 0
        tensors |= {f"blk.{layer}.{name}": values for name, values in block.items()}
    tensors["output.weight"] = _recital(model, tokens, embedding) if model.reply else matrix(len(tokens), width)
    return tensors


def _extra_of_architecture(architecture: str, width: int, shared: int, head: int) -> dict[str, Any]:
    if architecture == "qwen2":
        sizes = {"attn_q.bias": width, "attn_k.bias": shared, "attn_v.bias": shared}
        return {name: np.zeros(size, np.float32) for name, size in sizes.items()}
    if architecture == "qwen3":
        return {name: np.ones(head, np.float32) for name in ("attn_q_norm.weight", "attn_k_norm.weight")}
    return {}


def _recital(model: TinyModel, tokens: Sequence[str], embedding: Any) -> Any:
    """Return an output matrix that follows the end of the prompt, a newline, by the reply piece by piece.

    The state is the embedding of the last token, so the row of a token is the embedding of its predecessor. After a
    token outside the chain the model says any of its pieces.
    """
    alphabet = byte_alphabet()
    chain = [tokens.index("".join(alphabet[byte] for byte in piece.encode())) for piece in model.reply]
    chain.append(_end_token(model, tokens))
    output = np.zeros_like(embedding)
    for before, after in itertools.pairwise(chain):
        output[after] = embedding[before]
    newline = tokens.index(alphabet[ord("\n")])  # the last token of the generation prompt
    output[chain[0]] = embedding[newline]
    return output


def _add(writer: Any, name: str, values: Any, quantisation: str) -> None:
    if values.ndim == 1 or quantisation == "f32":  # norms and biases stay exact in every file
        writer.add_tensor(name, values)
    elif quantisation == "f16":
        writer.add_tensor(name, values.astype(np.float16))
    elif values.shape[1] % _Q8_BLOCK:
        raise ValueError(f"{name}: {values.shape[1]} columns, but Q8_0 needs a multiple of {_Q8_BLOCK}")
    else:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def main() -> None:
    """Write one model: `python -m appliance.engine.tinymodel tiny.gguf --reply 'It is' ' done' .`"""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--architecture", default="llama")
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--quantisation", default="q8_0", choices=("q8_0", "f16", "f32"))
    parser.add_argument("--pooling", choices=("mean",))
    parser.add_argument("--reply", nargs="*", default=())
    options = vars(parser.parse_args())
    path = options.pop("path")
    TinyModel(**(options | {"reply": tuple(options["reply"])})).write(path)


if __name__ == "__main__":
    main()
