"""An engine with too little memory: a smaller window where one can be had, and an end in words where not."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from appliance.engine.api import Generate, Raw
from appliance.engine.client import EngineClient
from tests.integration.engine.asking import ask
from tests.integration.engine.process import argv, environment, home, make_model

pytestmark = pytest.mark.engine

_CELLS = 1 << 20  # 2 layers of 8 heads of 64: 8 GB
_LIMIT = 4 << 30


@pytest.fixture
def wide(folder: Path) -> Path:
    path = folder / "wide.gguf"
    return make_model(path, "--width", "1024", "--layers", "2", "--context", str(_CELLS))


async def test_a_cache_that_does_not_fit_is_made_smaller(folder: Path, wide: Path) -> None:
    command = argv(folder / "small.sock", wide, "--context", str(_CELLS), "--cells", str(_CELLS))
    with (folder / "small.txt").open("wb") as said:
        process = subprocess.Popen(  # noqa: ASYNC220 - as EngineProcess does
            command,
            env=environment(home()),
            stdout=subprocess.PIPE,
            stderr=said,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_LIMIT, _LIMIT)),
        )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n", (folder / "small.txt").read_text()[-2000:]
        client = EngineClient(folder / "small.sock")
        info = await client.info()
        assert 512 <= info.cells < _CELLS
        assert info.context <= info.cells
        assert (await ask(client, Generate(Raw(["hello"]), 3, 0, watch=False))).done.output_tokens <= 3
        said_so = (folder / "small.txt").read_text()
        assert "half of it is tried" in said_so
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()
