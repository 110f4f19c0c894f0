"""Writes a checkpoint as a Q8_0 GGUF of architecture `llama`."""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf

from appliance.understanding.vocabulary import END
from mini.model import Mini, loaded
from mini.tokenizer import CONTROL, Tokenizer

_NAMES = {
    "attn_norm": "attn_norm", "q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output",
    "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}  # fmt: skip


def write(path: Path, model: Mini, tokenizer: Tokenizer) -> None:
    """Write weights and vocabulary. Norms stay f32, everything else is Q8_0."""
    shape = model.shape
    out = gguf.GGUFWriter(str(path), "llama")
    out.add_name("homarus-mini")
    out.add_description("requests in English, German and French to tool calls, made by mini/make")
    out.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    out.add_context_length(shape.context)
    out.add_embedding_length(shape.width)
    out.add_block_count(shape.layers)
    out.add_feed_forward_length(shape.hidden)
    out.add_head_count(shape.heads)
    out.add_head_count_kv(shape.key_heads)
    out.add_layer_norm_rms_eps(shape.epsilon)
    out.add_rope_dimension_count(shape.head)
    out.add_rope_freq_base(shape.rope_base)
    out.add_vocab_size(shape.vocabulary)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("qwen2")
    out.add_token_list(tokenizer.tokens)
    control = len(CONTROL)
    kinds = [gguf.TokenType.CONTROL] * control + [gguf.TokenType.NORMAL] * (len(tokenizer.tokens) - control)
    out.add_token_types(kinds)
    out.add_token_merges([f"{a} {b}" for a, b in tokenizer.merges])
    out.add_eos_token_id(tokenizer.ids[END])
    out.add_add_bos_token(False)
    for name, tensor in model.state_dict().items():
        array, place = tensor.float().numpy(), target(name)
        if array.ndim == 1:
            out.add_tensor(place, array)
        else:
            packed = gguf.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            out.add_tensor(place, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def target(name: str) -> str:
    """Return the GGUF name of a parameter."""
    if name == "embed.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, layer, part, *_ = name.split(".")
    return f"blk.{layer}.{_NAMES[part]}.weight"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    tokenizer = Tokenizer.load(options.tokenizer)
    write(options.out, loaded(options.checkpoint), tokenizer)
    print(f"export: {options.out.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
