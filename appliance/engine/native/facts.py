"""What attention states depend on beside the weights, as the running library and a model say it."""

from __future__ import annotations

import os

from appliance.engine.cache.fingerprint import Facts, library_hash
from appliance.engine.cache.rewind import Rules
from appliance.engine.native.context import cache_type
from appliance.engine.native.library import llama
from appliance.engine.native.model import Model
from appliance.engine.native.variants import libraries_of
from appliance.engine.profile import EngineProfile

# llama.cpp reads it once, when it makes a context
_ROTATION = os.environ.get("LLAMA_ATTN_ROT_DISABLE", "")


def rules_of(model: Model) -> Rules:
    """Return how far states of the model can be cut and joined."""
    return Rules.of(recurrent=not model.can_rewind, window=model.sliding_window)


def facts_of(model: Model, profile: EngineProfile) -> Facts:
    """Return the facts of every context that is made of `model` with `profile`; `build` "": nobody can tell."""
    heads = max(1, int(llama.llama_model_n_head(model.handle)))
    width = model.width // heads
    groups = int(llama.llama_model_n_head_kv(model.handle))
    return Facts(
        build=_build(),
        architecture=model.architecture,
        layers=int(llama.llama_model_n_layer(model.handle)),
        width_k=_number(model, "attention.key_length", width) * groups,
        width_v=_number(model, "attention.value_length", width) * groups,
        type_k=cache_type(profile.type_k),
        type_v=cache_type(profile.type_v),
        flash_attention=int(profile.flash_attention),
        rope={},  # no context overrides what the file says
        rotation=_ROTATION,
        window=model.sliding_window,
        whole_window=True,
        recurrent=not model.can_rewind,
        vocabulary=model.size,
    )


def _build() -> str:
    """Return the hash of the libraries that were loaded, "" where they are not where they should be."""
    try:
        return library_hash(libraries_of(llama.__file__))
    except OSError:
        return ""


def _number(model: Model, key: str, default: int) -> int:
    text = model.meta(f"{model.architecture}.{key}")
    return int(text) if text is not None and text.isdecimal() else default
