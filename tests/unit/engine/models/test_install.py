"""From a name to a pinned file, against a hub that redirects to another host, cuts and lies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from appliance.engine.cache.fingerprint import Hashes
from appliance.engine.models.errors import PullError
from appliance.engine.models.install import Offer, Surroundings, install, offered, source_of
from appliance.engine.models.lock import ModelLock
from appliance.engine.models.pull import Pulled, PullProgress
from tests.fakes.hub import COMMIT, FakeHub, serve_hub
from tests.unit.engine.gguf_files import gguf
from tests.unit.engine.test_pull import NoWait

CONTENT = gguf(data=bytes(range(256)) * 2000)
OTHER = gguf(data=bytes(range(256)) * 2000 + b"!")
SOURCE = "hf:maker/model/m.gguf"


class Box:
    """A box with a folder of models and a hub."""

    def __init__(self, folder: Path, hub: FakeHub, session: aiohttp.ClientSession, token: str | None) -> None:
        self.hub = hub
        self.file = folder / "models" / "m.gguf"
        self.lock_file = folder / "models.lock.json"
        self.lock = ModelLock(self.lock_file, Hashes(folder / "hashes.json"))
        self.around = Surroundings(
            folder / "models", self.lock, session, NoWait(), hub=hub.url, token=token, reserve_bytes=0
        )

    async def offer(self, source: str = SOURCE) -> Offer:
        return await offered(source, self.around)

    async def pull(self, *, sha256: str | None = None, update: bool = False) -> Pulled:
        return await install(await self.offer(), self.around, sha256=sha256, update=update, on_progress=self.hub.hear)


@asynccontextmanager
async def box(folder: Path, hub: FakeHub | None = None, token: str | None = None) -> AsyncIterator[Box]:
    async with serve_hub(hub or FakeHub({"m.gguf": CONTENT})) as running, aiohttp.ClientSession() as session:
        yield Box(folder, running, session, token)


async def test_what_the_hub_has_is_known_before_a_byte_is_fetched(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        offer = await one.offer()
        assert (offer.sha256, offer.size, offer.revision) == (one.hub.sha256("m.gguf"), len(CONTENT), COMMIT)
        assert offer.source == f"{SOURCE}@{COMMIT}"
        assert not one.hub.ranges, "the storage was not asked"


async def test_a_fetched_file_is_pinned_with_source_revision_hash_and_size(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.pull()
        assert one.file.read_bytes() == CONTENT
        assert json.loads(one.lock_file.read_text())["models"]["m.gguf"] == {
            "source": f"{SOURCE}@{COMMIT}",
            "sha256": one.hub.sha256("m.gguf"),
            "size": len(CONTENT),
            "revision": COMMIT,
            "pulledAtMs": 0,
        }
        assert one.lock.proved(one.file) == one.hub.sha256("m.gguf")
        assert one.hub.revisions == ["main", COMMIT], "what is fetched is the commit that was looked at"


async def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.pull()
        await one.pull()
        assert len(one.hub.ranges) == 1


async def test_a_cut_download_is_continued(tmp_path: Path) -> None:
    async with box(tmp_path, FakeHub({"m.gguf": CONTENT}, cuts=2, cut_after=100_000)) as one:
        await one.pull()
        assert one.file.read_bytes() == CONTENT
        assert len(one.hub.ranges) == 3
        assert one.hub.ranges[0] is None
        assert None not in one.hub.ranges[1:]


async def test_the_token_goes_to_the_hub_and_not_to_its_storage(tmp_path: Path) -> None:
    async with box(tmp_path, FakeHub({"m.gguf": CONTENT}, gated=True), token="hf_secret") as one:
        await one.pull()
        assert set(one.hub.hub_tokens) == {"Bearer hf_secret"}
        assert one.hub.store_tokens == [None]


async def test_a_gated_model_and_a_missing_one_say_so(tmp_path: Path) -> None:
    async with box(tmp_path, FakeHub({"m.gguf": CONTENT}, gated=True)) as one:
        with pytest.raises(PullError, match="licence accepted") as failure:
            await one.offer()
        assert failure.value.reason == "forbidden"
        one.hub.gated = False
        with pytest.raises(PullError) as failure:
            await one.offer("hf:maker/model/other.gguf")
        assert failure.value.reason == "not_found"


async def test_a_moved_repository_is_followed_on_the_same_host(tmp_path: Path) -> None:
    async with box(tmp_path, FakeHub({"m.gguf": CONTENT}, moved_from="maker/old")) as one:
        assert (await one.offer("hf:maker/old/m.gguf")).sha256 == one.hub.sha256("m.gguf")


async def test_another_content_under_a_known_name_is_refused_without_update(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        first = await one.pull()
        one.hub.files["m.gguf"], one.hub.commit = OTHER, "d" * 40
        with pytest.raises(PullError, match="--update") as failure:
            await one.pull()
        assert failure.value.reason == "changed"
        assert one.lock.proved(one.file) == first.sha256, "the old file and its pin are untouched"
        await one.pull(update=True)
        assert one.file.read_bytes() == OTHER
        assert one.lock.pins()["m.gguf"].revision == "d" * 40


async def test_another_file_that_the_owner_put_there_is_not_overwritten(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.file.parent.mkdir()
        one.file.write_bytes(OTHER)
        with pytest.raises(PullError, match="--update"):
            await one.pull()
        assert one.file.read_bytes() == OTHER


async def test_the_same_file_from_the_owner_is_pinned_without_a_download(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        one.file.parent.mkdir()
        one.file.write_bytes(CONTENT)
        await one.pull()
        assert not one.hub.ranges
        assert one.lock.pins()["m.gguf"].sha256 == one.hub.sha256("m.gguf")


@pytest.mark.parametrize("lie", [-1, 1, 10**9])
async def test_a_size_that_is_not_that_of_the_body_is_refused(tmp_path: Path, lie: int) -> None:
    async with box(tmp_path, FakeHub({"m.gguf": CONTENT}, sizes={"m.gguf": len(CONTENT) + lie})) as one:
        with pytest.raises(PullError, match="announced"):
            await one.pull()
        assert not one.file.exists()
        assert not one.lock.pins()


async def test_a_hash_that_is_not_that_of_the_body_is_refused(tmp_path: Path) -> None:
    async with box(tmp_path, FakeHub({"m.gguf": CONTENT}, hashes={"m.gguf": "1" * 64})) as one:
        with pytest.raises(PullError, match="thrown away"):
            await one.pull()
        assert not one.file.exists()
        assert not one.lock.pins()


async def test_a_hash_of_the_owner_that_is_another_one_than_the_hubs_is_refused_at_once(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        with pytest.raises(PullError, match="was given"):
            await one.pull(sha256="2" * 64)
        assert not one.hub.ranges


async def test_a_disk_that_is_too_small_is_said_before_the_first_byte(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        tight = Surroundings(
            one.around.folder, one.lock, one.around.session, NoWait(), hub=one.hub.url, reserve_bytes=2**60
        )
        seen: list[PullProgress] = []
        with pytest.raises(PullError, match="make room"):
            await install(await one.offer(), tight, on_progress=seen.append)
        assert not seen


async def test_a_file_that_changed_on_the_disk_is_no_longer_proved(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.pull()
        damaged = bytearray(CONTENT)
        damaged[-1] ^= 1
        one.file.write_bytes(damaged)
        with pytest.raises(PullError, match="is not the file that was fetched: its SHA-256"):
            one.lock.proved(one.file)
        one.file.write_bytes(CONTENT[:-1])
        with pytest.raises(PullError, match="were fetched"):
            one.lock.proved(one.file)


@pytest.fixture
def lock(tmp_path: Path) -> ModelLock:
    return ModelLock(tmp_path / "models.lock.json", Hashes(tmp_path / "hashes.json"))


def test_a_damaged_lock_is_not_taken_for_an_empty_one(tmp_path: Path, lock: ModelLock) -> None:
    assert lock.pins() == {}
    for damage in (b"{", b'{"format": 9, "models": {}}', b"\xff"):
        (tmp_path / "models.lock.json").write_bytes(damage)
        with pytest.raises(PullError, match="mend it or delete it"):
            lock.pins()


def test_a_file_without_a_pin_is_taken_as_it_is(tmp_path: Path, lock: ModelLock) -> None:
    (tmp_path / "own.gguf").write_bytes(CONTENT)
    assert lock.proved(tmp_path / "own.gguf") == ""


def test_a_catalogue_name_is_its_source_and_an_address_stays_one() -> None:
    assert source_of("qwen3-0.6b") == "hf:Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf"
    assert source_of(SOURCE) == SOURCE
    assert source_of("https://example.org/a.gguf") == "https://example.org/a.gguf"
    with pytest.raises(PullError, match="not in the catalogue"):
        source_of("gpt-9")
    with pytest.raises(PullError, match="neither"):
        source_of("m.gguf")
