"""A plain single run of llama.cpp through its own bindings: the text that every other way must give.

No code of ours, but for the choice of the code for this processor where the libraries came in variants: without it
llama.cpp finds no processor at all.

`python plain_side.py MODEL TOKENS` reads a JSON list of prompts (text or token ids) from stdin and prints one JSON
object each: `prompt` and `answer` (token ids, greedy), and `margin`, the smallest distance between the best logit and
the next.
"""

from __future__ import annotations

import ctypes
import json
import sys

import llama_cpp.llama_cpp as llama
import numpy as np

from appliance.engine.native.variants import libraries_of, load_variants

_WINDOW = 4096
_STEP = 128  # tokens of prompt in one batch


@llama.llama_log_callback
def _quiet(_level: int, _text: bytes, _data: object) -> None:
    pass


class Plain:
    """One model, one context, one sequence, one thread, numbers of 32 bits, one token after another."""

    def __init__(self, path: str) -> None:
        llama.llama_log_set(_quiet, ctypes.c_void_p())
        load_variants(llama._lib, libraries_of(llama.__file__))
        llama.llama_backend_init()
        self.model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.size = llama.llama_vocab_n_tokens(self.vocab)

    def tokens(self, text: str) -> list[int]:
        data = text.encode()
        room = (ctypes.c_int32 * (len(data) + 8))()
        count = llama.llama_tokenize(self.vocab, data, len(data), room, len(room), True, False)
        return list(room[:count])

    def answer(self, prompt: list[int], count: int) -> tuple[list[int], float]:
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = _WINDOW
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.type_k = parameters.type_v = 0  # GGML_TYPE_F32
        parameters.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        context = llama.llama_init_from_model(self.model, parameters)
        answer: list[int] = []
        margin = float("inf")
        fresh = prompt
        while True:
            for start in range(0, len(fresh), _STEP):
                part = fresh[start : start + _STEP]
                array = (llama.llama_token * len(part))(*part)
                if llama.llama_decode(context, llama.llama_batch_get_one(array, len(part))):
                    raise RuntimeError("llama_decode failed")
            logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, -1), (self.size,))
            token = int(np.argmax(logits))
            best, second = np.sort(logits)[:-3:-1]
            margin = min(margin, float(best - second))
            if len(answer) == count or llama.llama_vocab_is_eog(self.vocab, token):
                break
            answer.append(token)
            fresh = [token]
        llama.llama_free(context)
        return answer, margin


def main(path: str, count: int) -> None:
    plain = Plain(path)
    for asked in json.load(sys.stdin):
        prompt = plain.tokens(asked) if isinstance(asked, str) else asked
        answer, margin = plain.answer(prompt, count)
        print(json.dumps({"prompt": prompt, "answer": answer, "margin": margin}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
