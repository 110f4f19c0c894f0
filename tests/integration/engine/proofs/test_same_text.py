"""Whatever the engine does for speed, greedy text is that of a plain single run of llama.cpp (plain_side.py).

The limit: llama.cpp computes one row of a batch and several rows with other routines, so their logits differ a little:
up to 4e-4 with weights and cache of 32 bits, by percents with 8 bits. Where the two best tokens are nearer to each
other than that, either is "the" greedy choice. So weights and cache have 32 bits here, and only prompts count on whose
way the plain run saw no two tokens within 0.002; with 8 bits the same holds but for such near ties.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.engine import api
from appliance.engine.api import Generate, Raw
from appliance.engine.client import EngineClient
from tests.integration.engine.asking import Heard, ask, chat
from tests.integration.engine.process import EngineProcess, environment, home, make_model

pytestmark = pytest.mark.engine

_LONG = os.environ.get("HOMARUS_LONG") == "1"
_TOKENS = 64
_CANDIDATES, _PROMPTS = (120, 60) if _LONG else (14, 6)
_MARGIN = 0.002
_PLAIN = Path(__file__).with_name("plain_side.py")
_WORDS = "lamp kitchen timer milk seven when tell the a of and rain door window music again please slowly 12 3".split()
_PROFILE = {"type_k": "f32", "type_v": "f32"}


@dataclass(frozen=True)
class Expected:
    """Token ids of a prompt and of what llama.cpp says to it."""

    prompt: list[int]
    answer: list[int]


def _plain(model: Path, prompts: Sequence[str | list[int]]) -> list[dict[str, Any]]:
    command = [str(home().python), str(_PLAIN), str(model), str(_TOKENS)]
    done = subprocess.run(
        command, input=json.dumps(prompts), env=environment(home()), capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def _side(model: Path, prompts: list[list[int]], *envelope: str) -> dict[str, Any]:
    command = [str(home().python), "-m", "tests.integration.engine.proofs.same_side", str(model), str(_TOKENS)]
    done = subprocess.run(
        [*command, *envelope], input=json.dumps(prompts), env=environment(home()), capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def exact(folder: Path) -> Path:
    model = folder / "same.gguf"
    return make_model(model, "--quantisation", "f32", "--width", "128", "--layers", "3", "--context", "4096")


@pytest.fixture(scope="module")
def expected(exact: Path) -> list[Expected]:
    """Long and short prompts that share beginnings, with what llama.cpp says to each."""
    chance = random.Random(11)
    openings = [" ".join(chance.choices(_WORDS, k=length)) for length in (10, 60, 120)]
    prompts = [
        f"{chance.choice(openings)} {' '.join(chance.choices(_WORDS, k=chance.randint(1, 60)))}"
        for _ in range(_CANDIDATES)
    ]
    seen = _plain(exact, prompts)
    plain = [one for one in seen if one["margin"] > _MARGIN and len(one["answer"]) > 8]
    sure = [Expected(one["prompt"], one["answer"]) for one in plain]
    assert len(sure) >= _PROMPTS, "too few prompts without near ties"
    return sure[:_PROMPTS]


@contextlib.contextmanager
def _engine(folder: Path, model: Path, *options: str) -> Iterator[EngineProcess]:
    profile = folder / "same.json"
    profile.write_text(json.dumps(_PROFILE))
    process = EngineProcess(folder / "same.sock", model, "--profile", str(profile), "--context", "4096", *options)
    try:
        yield process
    finally:
        assert process.stop() == 0


def _frame(prompt: Sequence[int], key: str = "", **options: Any) -> Generate:
    # the watch would end what goes in circles, as random weights do
    raw = Raw([*prompt], add_bos=False)
    return Generate(raw, _TOKENS, 0, logprobs=True, watch=False, session_key=key, **options)


def _tokens(heard: Heard) -> list[int]:
    return [token for frame in heard.frames if isinstance(frame, api.Token) for token in frame.tokens]


async def _said(client: EngineClient, one: Expected, key: str = "", **options: Any) -> tuple[list[int], api.Done]:
    heard = await ask(client, _frame(one.prompt, key, **options))
    return _tokens(heard), heard.done


async def test_alone_and_with_drafts(folder: Path, exact: Path, expected: list[Expected]) -> None:
    drafted = 0
    with _engine(folder, exact) as engine:
        for one in expected:
            for speculate in (False, True):
                text, done = await _said(engine.client, one, speculate=speculate, keep=False)
                assert text == one.answer
                drafted += done.accepted
                assert speculate or not done.drafted
    assert drafted > 0


async def test_with_a_draft_model(folder: Path, exact: Path, expected: list[Expected]) -> None:
    drafted = 0
    with _engine(folder, exact, "--draft", str(exact), "--force-draft") as engine:
        for one in expected:
            text, done = await _said(engine.client, one)
            assert text == one.answer
            drafted += done.accepted
    assert drafted > 0


async def test_beside_others(folder: Path, exact: Path, expected: list[Expected]) -> None:
    with _engine(folder, exact, "--active", "8", "--waiting", "200", "--cells", "4096") as engine:
        for speculate in (False, True):
            said = await asyncio.gather(
                *(_said(engine.client, one, f"s{number}", speculate=speculate) for number, one in enumerate(expected))
            )
            assert [text for text, _ in said] == [one.answer for one in expected]


async def test_behind_a_prefix_that_was_computed_before(folder: Path, exact: Path, expected: list[Expected]) -> None:
    with _engine(folder, exact) as engine:
        cached = 0
        for one in expected:
            for cut in (3, len(one.prompt) // 2, len(one.prompt) - 1):
                await ask(engine.client, Generate(Raw([*one.prompt[:cut]], add_bos=False), 0))
                text, done = await _said(engine.client, one, f"{cut}")
                assert text == one.answer, cut
                cached += done.cached_tokens
        assert cached > 0


async def test_after_a_restore_from_memory(folder: Path, exact: Path, expected: list[Expected]) -> None:
    with _engine(folder, exact, "--cells", "1024", "--context", "1024", "--ram-bytes", str(1 << 28)) as engine:
        tiers: list[str] = []
        for _ in range(2):
            for one in expected:
                text, done = await _said(engine.client, one)
                assert text == one.answer
                tiers.append(done.restored)
                # takes all cells: what was there is in memory only
                await ask(engine.client, Generate(Raw(["z" * 900]), 4, 0, watch=False, keep=False))
        assert "ram" in tiers[len(expected) :]


async def test_after_a_restore_from_files(folder: Path, exact: Path, tmp_path: Path, expected: list[Expected]) -> None:
    for restart in range(3):
        tiers = []
        with _engine(folder, exact, "--state", str(tmp_path)) as engine:
            for one in expected:
                text, done = await _said(engine.client, one)
                assert text == one.answer
                tiers.append(done.restored)
            assert (await engine.client.info()).cache.rejected == 0
        assert restart == 0 or tiers[0] == "disk"


def test_while_the_cache_changes_its_size(exact: Path, expected: list[Expected]) -> None:
    said = _side(exact, [one.prompt for one in expected])
    assert said["sizes"] == [], "every change of size fell into the answers"
    assert said["answers"] == [one.answer for one in expected]


async def _exported(client: EngineClient, asked: api.Chat, key: bytes) -> tuple[list[int], bytes]:
    """Fetch the state of the beginning of a prompt, as the gateway does for another box."""
    reader, writer = await client.connect()
    try:
        writer.write(api.encode(api.StateLook(asked)))
        found = await client.read(reader)
        assert isinstance(found, api.StateFound)
        writer.write(api.encode(api.StateExport(key)))
        data = b""
        while isinstance(chunk := await client.read(reader), api.StateChunk) and chunk.data:
            data += chunk.data
            if not chunk.left:
                break
            writer.write(api.encode(api.StateNext()))
        return found.tokens, data
    finally:
        writer.transport.abort()


async def test_after_a_hand_over_from_another_engine(folder: Path, exact: Path, tmp_path: Path) -> None:
    wishes = [chat(f"{' '.join(_WORDS)} number {number}") for number in range(6)]
    key = random.Random(2).randbytes(32)
    handed: list[tuple[list[int], bytes]] = []
    with _engine(folder, exact, "--state", str(tmp_path)) as engine:
        async with asyncio.timeout(30):  # the weights are hashed beside it; without a hash nothing is handed over
            while not (await engine.client.info()).fingerprint:
                await asyncio.sleep(0.02)
        for asked in wishes:
            await ask(engine.client, Generate(asked, 8, 0, watch=False))
            handed.append(await _exported(engine.client, asked, key))
    prompts: list[str | list[int]] = [[*tokens, 10] for tokens, _ in handed]
    seen = await asyncio.to_thread(_plain, exact, prompts)
    sure = [(one, data) for one, (_, data) in zip(seen, handed, strict=True) if one["margin"] > _MARGIN]
    assert sure, "too few prompts without near ties"
    for one, data in sure[: None if _LONG else 2]:
        envelope = tmp_path / "envelope"
        envelope.write_bytes(key + data)
        said = await asyncio.to_thread(_side, exact, [one["prompt"]], str(envelope))
        assert said["restored"] == ["peer"]
        assert said["answers"] == [one["answer"]]
