"""Loads libllama once: quiet logs, kept errors, started back-end.

What llama.cpp logs is not printed: an aborted decode logs errors too. Assertions that end the process go to stderr
by themselves, where the parent reads them.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

# on abort ggml would start a debugger and can hang for seconds: must be set before the library is loaded
os.environ.setdefault("GGML_NO_BACKTRACE", "1")

from appliance.engine.native.variants import libraries_of, load_variants
from appliance.foundation.errors import ApplianceError

try:
    import llama_cpp.llama_cpp as llama
except OSError as error:  # the bindings are there, the library is not, or is of another machine
    raise ImportError(f"libllama cannot be loaded, run scripts/engine: {error}") from error

__all__ = ["NativeError", "last_errors", "llama"]

_ERROR = 4  # ggml_log_level
_MAX_KEPT_CHARS = 2000


class NativeError(ApplianceError):
    """llama.cpp refused something; the message holds what it logged."""

    code = "engine_native"


class _Log:
    """Keeps the last errors of llama.cpp for the next message."""

    def __init__(self) -> None:
        self._kept = ""

    def take(self) -> str:
        kept, self._kept = self._kept, ""
        return " ".join(kept.split())

    def receive(self, level: int, text: bytes | None, _data: Any) -> None:
        if level == _ERROR and text:
            self._kept = (self._kept + text.decode("utf-8", "replace"))[-_MAX_KEPT_CHARS:]


_log = _Log()
_callback = llama.llama_log_callback(_log.receive)  # kept alive: native code holds the pointer
llama.llama_log_set(_callback, ctypes.c_void_p())
load_variants(llama._lib, libraries_of(llama.__file__))
llama.llama_backend_init()


def last_errors() -> str:
    """Return and forget what llama.cpp logged as errors, as one line."""
    return _log.take()
