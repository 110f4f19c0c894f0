"""States on the disk that are damaged, forged or of another engine: each is a miss, and the text is right."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.api import CacheInfo, Generate, Raw
from appliance.engine.cache.envelope import read_head, seal
from tests.integration.engine.asking import ask
from tests.integration.engine.process import EngineProcess, make_model

pytestmark = pytest.mark.engine

_TEXTS = 20
_STORY = "tells a story that has no end "  # with a letter in front about 90 tokens: one file each
_ENDLESS = "root ::= [a-z ] root"
_READY_S = 30.0


class Place:
    """One model, a folder of its states as a whole engine left them, and what it said."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.model = model
        self._folder = folder
        self.whole = folder / "whole"
        self.state = folder / "state"
        self.said: list[str] = []

    @contextlib.contextmanager
    def engine(self, *options: str, model: Path | None = None) -> Iterator[EngineProcess]:
        process = EngineProcess(
            self._folder / "e.sock", model or self.model, "--state", str(self.state), "--cells", "4096", *options
        )
        try:
            yield process
        finally:
            assert process.stop() == 0

    def restore(self) -> list[Path]:
        """Put the whole files back; return them."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.whole, self.state)
        return sorted((self.state / "prefixes").glob("*.state"))


async def _ready(engine: EngineProcess) -> None:
    """Wait until the files of the folder are in use."""
    async with asyncio.timeout(_READY_S):
        while not (await engine.client.info()).fingerprint:
            await asyncio.sleep(0.01)


async def _said(engine: EngineProcess, *, keep: bool = False) -> tuple[list[str], list[str]]:
    """Ask everything; return the answers and where their beginnings came from."""
    texts, tiers = [], []
    for number in range(_TEXTS):
        raw = Raw([f"{chr(65 + number)} {_STORY * 3}"], grammar=_ENDLESS)
        heard = await ask(engine.client, Generate(raw, 8, 0, watch=False, keep=keep, session_key=f"{number}"))
        texts.append(heard.text)
        tiers.append(heard.done.restored)
    return texts, tiers


async def _cache(engine: EngineProcess) -> CacheInfo:
    return (await engine.client.info()).cache


@pytest.fixture(scope="module")
def place(folder: Path) -> Place:
    home = folder / "damaged"
    home.mkdir()
    place = Place(home, make_model(home / "model.gguf"))
    asyncio.run(_filled(place))
    return place


async def _filled(place: Place) -> None:
    with place.engine() as engine:
        await _ready(engine)
        place.said, _ = await _said(engine, keep=True)
    shutil.copytree(place.state, place.whole)
    assert len(place.restore()) == _TEXTS
    with place.engine() as engine:
        await _ready(engine)
        assert await _said(engine) == (place.said, ["disk"] * _TEXTS), "whole ones are used"
        assert (await _cache(engine)).rejected == 0


def _damaged(path: Path, others: list[bytes], chance: random.Random) -> bytes:
    """Return what a bad card or a bad neighbour may have made of a file."""
    content = bytearray(path.read_bytes())
    way = chance.randrange(7)
    if way == 0:
        at = chance.randrange(len(content))
        content[at] ^= 1 << chance.randrange(8)
    elif way == 1:  # in the blob, where llama.cpp reads counts and positions
        at = chance.randrange(len(content) // 2, len(content))
        content[at : at + 8] = chance.randbytes(len(content[at : at + 8]))
    elif way == 2:
        del content[chance.randrange(len(content)) :]
    elif way == 3:
        content += chance.randbytes(chance.randint(1, 99))
    elif way == 4:
        content = bytearray(chance.choice(others))
    elif way == 5:
        content = bytearray(chance.randbytes(chance.randrange(600)))
    else:
        content = bytearray(_forged(bytes(content), chance))
    return bytes(content)


def _forged(content: bytes, chance: random.Random) -> bytes:
    """Return a well-formed state with a blob of its own, signed with a key that is not that of the folder."""
    header = read_head(content, len(content))
    assert not hasattr(header, "value"), header
    return b"".join(seal(header, chance.randbytes(header.length), chance.randbytes(32)))  # type: ignore[union-attr,arg-type]


async def _rounds(place: Place, count: int) -> None:
    chance = random.Random(9)
    for number in range(count):
        paths = place.restore()
        whole = [path.read_bytes() for path in paths]
        bad = [_damaged(path, whole[:index] + whole[index + 1 :], chance) for index, path in enumerate(paths)]
        running = bool(number % 2)
        if not running:
            for path, content in zip(paths, bad, strict=True):
                path.write_bytes(content)
        with place.engine() as engine:
            await _ready(engine)
            if running:  # behind the back of an engine that has read the headers
                for path, content in zip(paths, bad, strict=True):
                    path.write_bytes(content)
            assert await _said(engine) == (place.said, [""] * _TEXTS)
            info = await _cache(engine)
            assert info.misses == _TEXTS
            # whose fingerprint was hit belongs to another model as far as anybody can tell
            assert _TEXTS * 0.9 <= info.rejected <= _TEXTS
            if running:
                assert info.rejected == _TEXTS


async def test_damaged_and_forged_states_are_misses(place: Place) -> None:
    await _rounds(place, 2)


@pytest.mark.long
async def test_a_thousand_damaged_and_forged_states_are_misses(place: Place) -> None:
    await _rounds(place, 1000 // _TEXTS)


async def test_another_key_makes_all_of_them_void(place: Place) -> None:
    place.restore()
    (place.state / "prefixes" / "key").write_bytes(os.urandom(32))
    with place.engine() as engine:
        await _ready(engine)
        assert await _said(engine) == (place.said, [""] * _TEXTS)
        assert (await _cache(engine)).rejected == _TEXTS


@pytest.mark.parametrize(
    ("change", "renamed"), [("weights", False), ("weights", True), ("cache type", True), ("attention", True)]
)
async def test_states_of_another_engine_are_misses(place: Place, tmp_path: Path, change: str, renamed: bool) -> None:
    """With `renamed` the files take the names that this engine would give them."""
    model, options = place.model, ()
    if change == "weights":
        model = make_model(tmp_path / "model.gguf", "--seed", "77")
    else:
        profile = tmp_path / "profile.json"
        profile.write_text('{"type_k": "q8_0"}' if change == "cache type" else '{"flash_attention": true}')
        options = ("--profile", str(profile))
    shutil.rmtree(place.state)
    with place.engine(*options, model=model) as engine:
        await _ready(engine)
        mark = (await engine.client.info()).fingerprint[:12]
        expected, _ = await _said(engine)
    for path in place.restore():
        if renamed:
            path.rename(path.with_name(mark + path.name[12:]))
    with place.engine(*options, model=model) as engine:
        await _ready(engine)
        assert await _said(engine) == (expected, [""] * _TEXTS)
        info = await _cache(engine)
        assert info.misses == _TEXTS
        assert info.hits_disk == 0
