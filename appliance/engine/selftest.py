"""Prove that the engine works on this machine: a tiny Q8_0 model, one long prompt, a few single tokens.

Run as `python -m appliance.engine.selftest` with LLAMA_CPP_LIB_PATH set, always in a process of its own: the faults
it looks for (instructions that the processor lacks, miscompiled AMX code) kill the process. A prompt of one token or
a model in f32 would not show them (llama.cpp issue 20824).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from appliance.engine.cpu import CPUINFO, missing_features
from appliance.engine.native.variants import NoVariant, libraries_of, load_variants

EXIT_OK = 0
EXIT_CPU = 3  # the processor lacks an instruction set; nothing was decoded
EXIT_FAILED = 4  # the library loaded but did not do its work

_PROMPT = "The quick brown fox jumps over the lazy dog, sixteen times and more."
_LEAST_PROMPT_TOKENS = 16
_SINGLE_TOKENS = 4
_CONTEXT = 256


def main(cpuinfo: Path = CPUINFO) -> int:
    """Check the processor, then decode; say the result in one line and return the exit status."""
    libraries = os.environ.get("LLAMA_CPP_LIB_PATH")
    missing = missing_features(Path(libraries) if libraries else None, cpuinfo=cpuinfo)
    if missing:
        print(f"this processor lacks {', '.join(missing)}, which the local engine needs", file=sys.stderr)
        return EXIT_CPU
    from appliance.engine.tinymodel import TinyModel  # numpy and gguf only after the check

    with tempfile.TemporaryDirectory(prefix="homarus-selftest-") as folder:
        problem = _decode(TinyModel().write(Path(folder) / "tiny.gguf"))
    if problem:
        print(problem, file=sys.stderr)
        return EXIT_FAILED
    print("the engine decoded a Q8_0 model correctly")
    return EXIT_OK


def _decode(model_path: Path) -> str | None:
    """Load the model and decode; return what went wrong, or None. The process may die in here: that is the test."""
    import llama_cpp as llama  # loads native code

    silent = llama.llama_log_callback(lambda _level, _text, _data: None)
    llama.llama_log_set(silent, None)  # this build floods stderr otherwise
    try:
        load_variants(llama.llama_cpp._lib, libraries_of(llama.__file__))
    except NoVariant as error:
        return str(error)
    llama.llama_backend_init()
    parameters = llama.llama_model_default_params()
    model = llama.llama_model_load_from_file(os.fsencode(model_path), parameters)
    if not model:
        return "the engine could not load the model that was made for it"
    options = llama.llama_context_default_params()
    options.n_ctx, options.n_batch, options.n_threads = _CONTEXT, _CONTEXT, 1
    context = llama.llama_init_from_model(model, options)
    if not context:
        return "the engine could not make a context"
    problem = _generate(llama, model, context)
    llama.llama_free(context)
    llama.llama_model_free(model)
    return problem


def _generate(llama: Any, model: Any, context: Any) -> str | None:
    vocabulary = llama.llama_model_get_vocab(model)
    text = _PROMPT.encode()
    tokens = (llama.llama_token * _CONTEXT)()
    count = llama.llama_tokenize(vocabulary, text, len(text), tokens, _CONTEXT, True, False)
    if count < _LEAST_PROMPT_TOKENS:
        return f"the tokenizer made {count} tokens of the test prompt, expected at least {_LEAST_PROMPT_TOKENS}"
    size = llama.llama_vocab_n_tokens(vocabulary)
    for _ in range(1 + _SINGLE_TOKENS):  # the whole prompt as one batch, then token by token
        code = llama.llama_decode(context, llama.llama_batch_get_one(tokens, count))
        if code != 0:
            return f"llama_decode returned {code}"
        logits = llama.llama_get_logits_ith(context, -1)[:size]
        if any(value != value for value in logits) or min(logits) == max(logits):
            return "the engine computed no usable numbers"
        tokens[0], count = max(range(size), key=logits.__getitem__), 1
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else CPUINFO))
