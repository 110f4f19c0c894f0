"""Measure this box with the engine's own kernels: `python -m appliance.engine.models.recommend.measure`.

One transformer layer of 2048 columns per quantisation, random weights, made on the spot: about 25 and 45 MB, two to
three seconds in all. Prints the measurement as one line of JSON. Needs numpy, gguf and llama.cpp (.venv-engine).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy as np

from appliance.engine.models.recommend.box import Measurement, Speed
from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.model import Model
from appliance.engine.profile import EngineProfile, ProfileError, read_profile
from appliance.engine.tinymodel import byte_alphabet
from appliance.foundation.clock import SystemClock

_CLOCK = SystemClock()
_WIDTH, _HIDDEN, _HEADS, _KV_HEADS, _HEAD = 2048, 8192, 32, 8, 64
_PROMPT = 128  # tokens of a chunk, as the engine reads a prompt when nobody else asks
_PHASE_S = 0.35  # per quantisation, once for reading and once for writing
_LEAST_ROUNDS = 2
# name in the catalogue -> ggml type, bytes and numbers of a block, where its 16-bit scales are
_KINDS = {"Q4_K_M": ("Q4_K", 144, 256, (0, 2)), "Q8_0": ("Q8_0", 34, 32, (0,))}
_SCALE = np.float16(0.001)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    cores = os.cpu_count() or 1
    parser.add_argument("--threads", type=int, default=0, help="threads of the engine; by default as it chooses them")
    parser.add_argument("--profile", type=Path, help="JSON file of the tuner")
    options = parser.parse_args(arguments)
    profile = _profile(options.profile)
    threads = options.threads or profile.threads or max(1, cores - 1)
    began = _CLOCK.monotonic()
    with tempfile.TemporaryDirectory(prefix="homarus-measure-") as folder:
        speeds = {name: _speed(Path(folder) / f"{name}.gguf", name, threads, profile) for name in _KINDS}
    took = _CLOCK.monotonic() - began
    print(msgspec.json.encode(Measurement(cores, threads, speeds, round(took, 2))).decode())
    return 0


def _profile(path: Path | None) -> EngineProfile:
    """Return what the engine would run with; it starts without a profile that it cannot read, and so does this."""
    if path is not None:
        with contextlib.suppress(ProfileError):
            return read_profile(path)
    return EngineProfile()


def _speed(path: Path, kind: str, threads: int, profile: EngineProfile) -> Speed:
    parameters, size = _write(path, kind)
    model = Model(path)
    context = Context(model, cells=512, batch=_PROMPT, sequences=1, threads=threads, outputs=_PROMPT, profile=profile)
    try:
        _step(context, 0, _PROMPT)  # the first pass maps the pages
        reading = _best(lambda: _step(context, 0, _PROMPT))
        writing = _best(lambda: _step(context, _PROMPT, 1))
    finally:
        context.close()
        model.close()
        path.unlink()
    return Speed(prefill=parameters * _PROMPT / reading, decode=size / writing)


def _step(context: Context, start: int, count: int) -> None:
    context.cut(0, start)
    # every token wants logits: of the others the last layer, here the only one, computes next to nothing
    entries = [Entry(1 + index % 200, start + index, 0, True) for index in range(count)]
    if context.decode(entries) is not Outcome.OK:
        raise RuntimeError("the engine cannot decode the model that was made for the measurement")


def _best(work: Callable[[], None]) -> float:
    """Return the shortest time of one round, seconds: neighbours only ever make it longer."""
    ends = _CLOCK.monotonic() + _PHASE_S
    best, rounds = float("inf"), 0
    while rounds < _LEAST_ROUNDS or _CLOCK.monotonic() < ends:
        began = _CLOCK.monotonic()
        work()
        best, rounds = min(best, _CLOCK.monotonic() - began), rounds + 1
    return best


def _write(path: Path, kind: str) -> tuple[int, int]:
    """Write the model; return the parameters of its layer and the bytes of all its matrices."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("measure")
    writer.add_context_length(2048)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KV_HEADS)
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
    shared = _KV_HEADS * _HEAD
    layer = {
        "attn_q": (_WIDTH, _WIDTH),
        "attn_k": (shared, _WIDTH),
        "attn_v": (shared, _WIDTH),
        "attn_output": (_WIDTH, _WIDTH),
        "ffn_gate": (_HIDDEN, _WIDTH),
        "ffn_up": (_HIDDEN, _WIDTH),
        "ffn_down": (_WIDTH, _HIDDEN),
    }
    size = 0
    matrices = {"token_embd": (len(tokens), _WIDTH)} | {f"blk.0.{name}": shape for name, shape in layer.items()}
    for name, shape in matrices.items():
        data = _matrix(random, kind, *shape)
        size += data.nbytes
        writer.add_tensor(f"{name}.weight", data, raw_dtype=gguf.GGMLQuantizationType[_KINDS[kind][0]])
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(_WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return sum(rows * columns for rows, columns in layer.values()), size


def _matrix(random: Any, kind: str, rows: int, columns: int) -> Any:
    """Return random blocks of a quantisation with small scales: numbers that stay finite."""
    _, block_bytes, block, scales = _KINDS[kind]
    data = random.integers(0, 256, size=(rows, columns // block, block_bytes), dtype=np.uint8)
    for offset in scales:
        data[:, :, offset : offset + 2] = np.frombuffer(_SCALE.tobytes(), np.uint8)
    return data.reshape(rows, -1)


if __name__ == "__main__":
    sys.exit(main())
