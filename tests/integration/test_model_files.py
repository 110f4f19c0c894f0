"""Model files of a running gateway: fetched from a hub, proved, loaded, probed, chosen; what fails changes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.client.errors import ClientError
from tests.fakes.hub import FakeHub, serve_hub
from tests.integration.box import talking
from tests.integration.engine.process import make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until
from tests.unit.engine.gguf_files import gguf

pytestmark = pytest.mark.engine

_FILE = "qwen2.5-0.5b-instruct-q4_k_m.gguf"
_REPOSITORY = "Qwen/Qwen2.5-0.5B-Instruct-GGUF"
_CONFIG: dict[str, Any] = {
    "models": {"local": {"contextTokens": 8192}, "mini": {"enabled": False}},
    "tools": {"allow": ["clock_now"]},
}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that always says the same."""
    path = tmp_path_factory.mktemp("model") / "first.gguf"
    return make_model(path, "--context", "8192", "--reply", "The first", " speaks", ".")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one, of another width."""
    path = tmp_path_factory.mktemp("model") / "second.gguf"
    return make_model(path, "--context", "8192", "--width", "96", "--reply", "Paris", " it", " is", ".")


@asynccontextmanager
async def box(folder: Path, hub: FakeHub, *models: Path) -> AsyncIterator[GatewayProcess]:
    """Run a gateway that asks this hub, with these files in its folder, the last one the newest."""
    async with serve_hub(hub) as running:
        section = {**_CONFIG["models"], "hub": running.url, "hubToken": "hf_secret"}
        gateway = GatewayProcess(folder / "s", {**_CONFIG, "models": section})
        (gateway.state / "models").mkdir()
        for path in models:
            (gateway.state / "models" / path.name).write_bytes(path.read_bytes())
        await asyncio.to_thread(gateway.start)
        try:
            yield gateway
        finally:
            assert await asyncio.to_thread(gateway.stop) == 0


async def run(gateway: GatewayProcess, *arguments: str) -> tuple[int, str, str]:
    """Run one command of the command line beside the fake hub."""
    done = await asyncio.to_thread(gateway.homarus, *arguments)
    return done.returncode, done.stdout, done.stderr


async def answers(gateway: GatewayProcess, text: str, key: str) -> None:
    """Wait until the local model is in the catalog, then ask."""

    def known() -> bool:
        return any(one["provider"] == "local" for one in gateway.call("models.list")["models"])

    await asyncio.to_thread(until, known, what="the local model")
    async with talking(gateway.target, f"agent:main:{key}") as talk:
        assert await talk.ask("who speaks", key) == text


async def call(gateway: GatewayProcess, method: str, **params: Any) -> Any:
    return await asyncio.to_thread(gateway.call, method, params, timeout_s=60)


async def test_a_name_of_the_catalogue_is_fetched_shown_pinned_loaded_and_probed(tmp_path: Path, first: Path) -> None:
    hub = FakeHub({_FILE: first.read_bytes()}, repository=_REPOSITORY)
    async with box(tmp_path, hub) as gateway:
        code, said, shown = await run(gateway, "models", "pull", "qwen2.5-0.5b")
        assert code == 0, shown
        assert f"sha256   {hub.sha256(_FILE)}" in shown
        assert "licence  apache-2.0" in shown
        assert shown.index("sha256") < shown.index("probe 30 of 30"), "shown before anything is fetched"
        assert "Tool calls  4 of 20 right" in said, "it calls nothing, which is right four times"
        assert "It sees 3 tools in a turn" in said
        await answers(gateway, "The first speaks.", "a")
        rows = json.loads((await run(gateway, "models", "list", "--json"))[1])["local"]
        (row,) = rows["models"]
        assert (row["name"], row["active"], row["pinned"]) == ("qwen2.5-0.5b", True, True)
        assert (row["sha256"], row["probe"]["toolsPerTurn"]) == (hub.sha256(_FILE), 3)
        assert set(hub.hub_tokens) == {"Bearer hf_secret"}
        assert set(hub.store_tokens) == {None}


async def test_what_does_not_load_leaves_the_model_before_in_place(tmp_path: Path, first: Path) -> None:
    # a header that is right and weights that llama.cpp does not take
    hub = FakeHub({"broken.gguf": gguf(data=bytes(100_000)), "page.gguf": b"<html>please log in</html>"})
    async with box(tmp_path, hub, first) as gateway:
        await answers(gateway, "The first speaks.", "a")
        code, _, shown = await run(gateway, "models", "pull", "hf:maker/model/broken.gguf")
        assert code == 1
        assert "broken.gguf cannot be used" in shown
        assert "first.gguf goes on answering" in shown
        await answers(gateway, "The first speaks.", "b")
        code, _, shown = await run(gateway, "models", "pull", "hf:maker/model/page.gguf")
        assert (code, "not a GGUF file" in shown) == (1, True)
        assert not (gateway.state / "models" / "page.gguf").exists()
        with pytest.raises(ClientError, match="goes on answering"):
            await call(gateway, "homarus.models.use", name="broken")
        await answers(gateway, "The first speaks.", "c")


async def test_several_files_can_be_chosen_from_and_the_choice_survives_a_restart(
    tmp_path: Path, first: Path, second: Path
) -> None:
    async with box(tmp_path, FakeHub({}), first, second) as gateway:
        await answers(gateway, "Paris it is.", "a")
        code, said, shown = await run(gateway, "models", "use", "first")
        assert (code, said.strip()) == (0, "first.gguf answers now."), shown
        await answers(gateway, "The first speaks.", "b")
        with pytest.raises(ClientError, match="choose another one first"):
            await call(gateway, "homarus.models.remove", name="first")
        assert await asyncio.to_thread(gateway.stop) == 0
        (gateway.state / "models" / "second.gguf").touch()
        await asyncio.to_thread(gateway.start)
        await answers(gateway, "The first speaks.", "c")
        code, said, _ = await run(gateway, "models", "remove", "second.gguf")
        assert (code, "is deleted" in said) == (0, True)
        with pytest.raises(ClientError, match=r"there are: first\.gguf"):
            await call(gateway, "homarus.models.use", name="second")


async def test_at_a_start_the_last_model_that_loaded_comes_in_place_of_a_damaged_one(
    tmp_path: Path, first: Path, second: Path
) -> None:
    async with box(tmp_path, FakeHub({}), first, second) as gateway:
        await answers(gateway, "Paris it is.", "a")
        await call(gateway, "homarus.models.use", name="first")
        assert await asyncio.to_thread(gateway.stop) == 0
        (gateway.state / "models" / "first.gguf").write_bytes(gguf(data=bytes(100_000)))
        await asyncio.to_thread(gateway.start)
        await answers(gateway, "Paris it is.", "c")
        status = (await run(gateway, "status"))[1]
        assert "first.gguf cannot be used" in status
        assert "second.gguf answers instead" in status


async def test_the_model_that_answers_is_probed_on_demand_and_the_box_is_measured(tmp_path: Path, second: Path) -> None:
    async with box(tmp_path, FakeHub({}), second) as gateway:
        await answers(gateway, "Paris it is.", "a")
        code, said, shown = await run(gateway, "models", "probe", "--json")
        assert code == 0, shown
        probe = json.loads(said)["probe"]
        assert (probe["answersRight"], probe["answers"]) == (1, 10), "it knows one capital"
        advice = await call(gateway, "homarus.models.recommend", language="de")
        assert advice["box"]["speeds"]["Q8_0"]["decode"] > 0
        assert all("de" in one["languages"] for one in advice["models"])
        code, said, _ = await run(gateway, "models", "recommend")
        assert (code, "homarus models pull" in said) == (0, True)


async def test_the_set_up_shows_what_it_would_download_and_fetches_it_after_a_yes(tmp_path: Path, first: Path) -> None:
    hub = FakeHub({_FILE: first.read_bytes()}, repository=_REPOSITORY)
    async with box(tmp_path, hub) as gateway:
        session = (await call(gateway, "wizard.start"))["sessionId"]

        async def answer(step: str, value: Any = None) -> dict[str, Any]:
            given = {"stepId": step, **({} if value is None else {"value": value})}
            return dict(await call(gateway, "wizard.next", sessionId=session, answer=given))

        async def settled() -> dict[str, Any]:
            while True:
                now = dict(await call(gateway, "wizard.next", sessionId=session))
                if now["done"] or now["step"]["type"] != "progress":
                    return now
                await asyncio.sleep(0.1)

        await answer("language", "en")
        await answer("name", "")
        await answer("exposure", "loopback")
        assert (await settled())["step"]["id"] == "model"
        asked = (await answer("model", "qwen2.5-0.5b"))["step"]
        assert (asked["id"], asked["type"]) == ("download", "confirm")
        assert "127.0.0.1, licence apache-2.0" in asked["message"]
        assert not list((gateway.state / "models").iterdir()), "nothing is fetched without a yes"
        assert (await answer("download", False))["step"]["id"] == "model"
        await answer("model", "qwen2.5-0.5b")
        assert (await answer("download", True))["step"]["id"] == "cloud", "it goes on meanwhile"
        await answer("cloud", "none")
        last = await answer("device")
        assert last["done"] or last["step"]["type"] == "progress"
        assert await settled() == {"done": True, "status": "done"}
        assert (gateway.state / "models" / _FILE).read_bytes() == first.read_bytes()
