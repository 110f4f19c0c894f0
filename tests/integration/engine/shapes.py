"""Small real models of other memories than plain attention: a sliding window, a recurrent one, a hybrid of both.

Random weights from a fixed seed; shapes after Gemma 3, Mamba and LFM2. Needs numpy and gguf (.venv-engine).
`python -m tests.integration.engine.shapes sliding|recurrent|hybrid PATH` writes one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from appliance.engine import tinymodel
from appliance.engine.tinymodel import TinyModel

WINDOW = 32  # of the sliding layers, tokens
_WIDTH, _HEAD, _HIDDEN, _INNER, _STATE, _KERNEL, _RANK = 64, 16, 128, 128, 16, 4, 4


def sliding(path: Path) -> Path:
    """Write a model of seven layers of which one in six sees everything."""
    model = TinyModel(layers=7, name="sliding")
    writer, tokens = _writer(path, "gemma3", model)
    _attention(writer, model.kv_heads)
    writer.add_key_length(_HEAD)
    writer.add_value_length(_HEAD)
    writer.add_sliding_window(WINDOW)
    tensors = tinymodel._tensors(model, tokens)
    del tensors["output.weight"]
    tensors["token_embd.weight"] = _Chance(3).matrix(len(tokens), _WIDTH) * 2
    for layer in range(model.layers):
        for name, size in _NORMS.items():
            tensors[f"blk.{layer}.{name}.weight"] = np.ones(size, np.float32)
    return _finish(writer, tensors, path)


_NORMS = {"attn_q_norm": _HEAD, "attn_k_norm": _HEAD, "post_attention_norm": _WIDTH, "post_ffw_norm": _WIDTH}


def recurrent(path: Path) -> Path:
    """Write a model that keeps one state of fixed size and no cache of positions."""
    model = TinyModel(layers=2, name="recurrent")
    writer, tokens = _writer(path, "mamba", model)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_ssm_conv_kernel(_KERNEL)
    writer.add_ssm_inner_size(_INNER)
    writer.add_ssm_state_size(_STATE)
    writer.add_ssm_time_step_rank(_RANK)
    chance = _Chance(5)
    tensors = {
        "token_embd.weight": chance.matrix(len(tokens), _WIDTH) * 8,
        "output_norm.weight": np.ones(_WIDTH, np.float32),
        "output.weight": chance.matrix(len(tokens), _WIDTH),
    }
    for layer in range(model.layers):
        tensors |= {f"blk.{layer}.{name}": values for name, values in _scanning(chance).items()}
    return _finish(writer, tensors, path)


def hybrid(path: Path) -> Path:
    """Write a model whose layers take turns: a short convolution with a state, then attention."""
    model = TinyModel(layers=4, name="hybrid")
    writer, tokens = _writer(path, "lfm2", model)
    _attention(writer, [0, 2, 0, 2])
    writer.add_shortconv_l_cache(3)
    chance = _Chance(6)
    tensors = {
        "token_embd.weight": chance.matrix(len(tokens), _WIDTH) * 8,
        "token_embd_norm.weight": np.ones(_WIDTH, np.float32),
    }
    for layer in range(model.layers):
        block = _attending(chance) if layer % 2 else _convolving(chance)
        tensors |= {f"blk.{layer}.{name}": values for name, values in (block | _feeding(chance)).items()}
    return _finish(writer, tensors, path)


class _Chance:
    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def matrix(self, outputs: int, inputs: int) -> Any:
        return (self._random.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(np.float32)


def _writer(path: Path, architecture: str, model: TinyModel) -> tuple[Any, list[str]]:
    writer = gguf.GGUFWriter(str(path), architecture)
    tokens = model.tokens()
    writer.add_name(model.name)
    writer.add_file_type(0)
    writer.add_context_length(model.context)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(model.layers)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    tinymodel._write_tokenizer(writer, model, tokens)
    return writer, tokens


def _attention(writer: Any, kv_heads: int | list[int]) -> None:
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_WIDTH // _HEAD)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_freq_base(10000.0)


def _scanning(chance: _Chance) -> dict[str, Any]:
    decay = np.arange(1, _STATE + 1, dtype=np.float32)
    return {
        "attn_norm.weight": np.ones(_WIDTH, np.float32),
        "ssm_in.weight": chance.matrix(2 * _INNER, _WIDTH),
        "ssm_conv1d.weight": chance.matrix(_INNER, _KERNEL),
        "ssm_conv1d.bias": np.zeros(_INNER, np.float32),
        "ssm_x.weight": chance.matrix(_RANK + 2 * _STATE, _INNER),
        "ssm_dt.weight": chance.matrix(_INNER, _RANK),
        "ssm_dt.bias": np.full(_INNER, -3, np.float32),  # small steps, so that the state forgets slowly
        "ssm_a": -np.tile(decay, (_INNER, 1)),
        "ssm_d": np.ones(_INNER, np.float32),
        "ssm_out.weight": chance.matrix(_WIDTH, _INNER),
    }


def _feeding(chance: _Chance) -> dict[str, Any]:
    return {
        "attn_norm.weight": np.ones(_WIDTH, np.float32),
        "ffn_norm.weight": np.ones(_WIDTH, np.float32),
        "ffn_gate.weight": chance.matrix(_HIDDEN, _WIDTH),
        "ffn_up.weight": chance.matrix(_HIDDEN, _WIDTH),
        "ffn_down.weight": chance.matrix(_WIDTH, _HIDDEN),
    }


def _attending(chance: _Chance) -> dict[str, Any]:
    return {
        "attn_q.weight": chance.matrix(_WIDTH, _WIDTH),
        "attn_k.weight": chance.matrix(2 * _HEAD, _WIDTH),
        "attn_v.weight": chance.matrix(2 * _HEAD, _WIDTH),
        "attn_output.weight": chance.matrix(_WIDTH, _WIDTH),
        "attn_q_norm.weight": np.ones(_HEAD, np.float32),
        "attn_k_norm.weight": np.ones(_HEAD, np.float32),
    }


def _convolving(chance: _Chance) -> dict[str, Any]:
    return {
        "shortconv.conv.weight": chance.matrix(_WIDTH, 3),
        "shortconv.in_proj.weight": chance.matrix(3 * _WIDTH, _WIDTH),
        "shortconv.out_proj.weight": chance.matrix(_WIDTH, _WIDTH),
    }


def _finish(writer: Any, tensors: dict[str, Any], path: Path) -> Path:
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


if __name__ == "__main__":
    {"sliding": sliding, "recurrent": recurrent, "hybrid": hybrid}[sys.argv[1]](Path(sys.argv[2]))
