"""Lets ggml choose its code for this processor, where the libraries came in variants (an image for many boxes).

Imports nothing of the bindings: the self-test asks too, before it decodes.
"""

from __future__ import annotations

import os
from ctypes import CDLL, c_char_p, c_size_t
from pathlib import Path

from appliance.foundation.errors import ApplianceError

_PATTERN = "libggml-cpu-*.so"


class NoVariant(ApplianceError):
    """None of the variants runs on this processor."""

    code = "engine_variant"


def load_variants(library: CDLL, folder: Path) -> None:
    """Load the best variant in `folder` into the libllama that is loaded as `library`; nothing where there are none.

    It must happen before a model is loaded, and through this very handle: opening libggml by its path would make a
    second copy, and the model would still find no processor. Raises NoVariant.
    """
    if not any(folder.glob(_PATTERN)):
        return
    load = library.ggml_backend_load_all_from_path
    load.argtypes, load.restype = [c_char_p], None
    load(os.fsencode(folder))
    count = library.ggml_backend_reg_count
    count.argtypes, count.restype = [], c_size_t
    if count() == 0:
        raise NoVariant(f"no variant of llama.cpp in {folder} runs on this processor: install the image made for it")


def libraries_of(module_file: str) -> Path:
    """Return the folder that the bindings (`module_file` is theirs) load libllama from."""
    told = os.environ.get("LLAMA_CPP_LIB_PATH")
    return Path(told) if told else Path(module_file).parent / "lib"
