"""Downloads as the configuration wants them: whether, from where, with which token."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.daemon.local.downloads import Downloads, OfflineError
from appliance.engine.models.errors import PullError
from appliance.engine.models.library import Library
from appliance.foundation.clock import SystemClock
from tests.fakes.hub import COMMIT, FakeHub, serve_hub
from tests.unit.daemon.live import Live
from tests.unit.engine.gguf_files import gguf

SOURCE = "hf:maker/model/m.gguf"


def downloads(folder: Path, live: Live, **environ: str) -> Downloads:
    return Downloads(Library(folder, folder / "models"), SystemClock(), lambda: live.config.config, environ)


@pytest.mark.parametrize("text", ["{offline: true}", "{offline: 'perhaps'}"])
async def test_offline_and_a_switch_that_cannot_be_read_dial_nobody(tmp_path: Path, text: str) -> None:
    async with serve_hub(FakeHub({"m.gguf": gguf()})) as hub:
        one = downloads(tmp_path, Live(tmp_path, text))
        with pytest.raises(OfflineError):
            one.name(SOURCE)
        with pytest.raises(OfflineError):
            await one.look(SOURCE)
        assert not hub.hub_tokens


async def test_hub_and_token_come_from_the_configuration(tmp_path: Path) -> None:
    async with serve_hub(FakeHub({"m.gguf": gguf()}, gated=True)) as hub:
        live = Live(tmp_path, f"{{models: {{hub: '{hub.url}'}}}}")
        with pytest.raises(PullError, match="licence accepted"):
            await downloads(tmp_path, live).look(SOURCE)
        assert (await downloads(tmp_path, live, HF_TOKEN="of the environment").look(SOURCE)).revision == COMMIT
        live.write(f"{{models: {{hub: '{hub.url}', hubToken: 'of the file'}}}}")
        live.config.reload()
        await downloads(tmp_path, live, HF_TOKEN="of the environment").look(SOURCE)
        assert hub.hub_tokens == [None, "Bearer of the environment", "Bearer of the file"]


def test_a_name_of_the_catalogue_is_its_file_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    one = downloads(tmp_path, Live(tmp_path))
    assert one.name("qwen3-0.6b") == "Qwen3-0.6B-Q8_0.gguf"
    with pytest.raises(PullError, match="not in the catalogue"):
        one.name("nothing")
    assert one.disk_free() > 0
