"""An engine's prefix store without an engine: saves one text after another until it is killed.

`python -m tests.integration.engine.store_side FOLDER SIZE SEED`. Prints a line for each state that is in its file, and
first `open` or why there are no files.
"""

from __future__ import annotations

import logging
import random
import sys
from pathlib import Path

from appliance.engine.cache.files.writer import Files
from appliance.engine.cache.fingerprint import Facts, Identity
from appliance.engine.cache.opened import open_store
from appliance.engine.cache.rewind import Rules
from appliance.engine.cache.store import PrefixStore
from appliance.foundation.clock import SystemClock
from appliance.foundation.ids import new_token

_SECONDS = 30.0
_FACTS = Facts(
    build="b", architecture="llama", layers=1, width_k=1, width_v=1, type_k=1, type_v=1, flash_attention=0, rope={},
    rotation="", window=0, whole_window=True, recurrent=False, vocabulary=1,
)  # fmt: skip


def opened(folder: Path) -> PrefixStore:
    """Open the store of a folder; the model is any file."""
    model = folder / "model.gguf"
    if not model.exists():
        model.write_bytes(b"weights")
    identity = Identity(model=model, facts=_FACTS)
    files = Files(folder, identity, 1 << 26, lambda: new_token()[:32].encode(), bytes_per_hour=1 << 40, reserve_bytes=0)
    store = open_store(Rules(), ram_bytes=1 << 24, files=files, ticks=SystemClock())
    store.settle(_SECONDS)
    return store


def text(number: int) -> list[int]:
    """Return the text of a number."""
    return [number, *range(40)]


def blob(number: int, size: int) -> bytes:
    """Return what was saved of that text."""
    return random.Random(number).randbytes(size)


def main(folder: Path, size: int, first: int) -> None:
    """Save for ever."""
    logging.basicConfig(level=logging.WARNING)
    store = opened(folder)
    print(store.problem or "open", flush=True)
    number = first
    while True:
        store.put(text(number), 0, blob(number, size))
        if store.settle(_SECONDS) and not store.problem:
            print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
