"""A gateway at rest: how soon it takes the first connect, what it holds in memory and which modules."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.process import Child, Memory, cpu_s, memory
from tests.bench.report import Figure
from tests.bench.rig import Rig, config
from tests.bench.wire import Client
from tests.integration.gateway_process import TOKEN, GatewayProcess

_NAMES = """
aiosqlite anthropic click fastapi google gguf httpcore httpx httpx2 jinja2 jsonschema litellm llama_cpp lxml
mcp numpy openai pandas pip pkg_resources prompt_toolkit pydantic pydantic_core pygments pytest requests
rich setuptools sqlite_utils tabulate torch transformers
"""
HEAVY = frozenset(_NAMES.split())
"""Top-level modules that an idle gateway must not have loaded: each costs megabytes, or is for another process."""

_OURS = """
cli daemon.care.light daemon.onboarding daemon.reach.audit daemon.reach.first_page daemon.reach.node_methods
daemon.reach.tailnet daemon.updating.desk discovery.advertise discovery.browse engine.models.fetch engine.models.install
engine.models.pull engine.server firstboot gateway.http.chat_completions gateway.http.exchange gateway.http.responses
gateway.http.setup_page gateway.methods.agenda gateway.methods.answers gateway.methods.backups gateway.methods.config
gateway.methods.images gateway.methods.learning gateway.methods.lists gateway.methods.local_models gateway.methods.logs
gateway.methods.node_work gateway.methods.nodes gateway.methods.pictures gateway.methods.pulls gateway.methods.security
gateway.methods.transfers gateway.methods.tuning gateway.methods.updates gateway.methods.usage gateway.methods.wizard
health.checks hostservice nodehost onboarding storage.age storage.copies.takeover storage.copies.whole
understanding.languages understanding.ngram understanding.understander updates
"""
_OTHERS = "cryptography difflib segno tarfile zeroconf"
ON_DEMAND = frozenset({*(f"appliance.{name}" for name in _OURS.split()), *_OTHERS.split()})
"""Modules and packages that are loaded when somebody asks for what they do: not in an idle gateway on loopback."""

_IMPORT = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)
_PATIENCE_S = 30.0


def imported(gateway: GatewayProcess) -> set[str]:
    """Return every module that a gateway started with PYTHONPROFILEIMPORTTIME=1 has imported or tried to so far."""
    return set(_IMPORT.findall(gateway.output))


def heavy(modules: set[str]) -> list[str]:
    """Return which of them an idle gateway must not hold."""
    return sorted({module.partition(".")[0] for module in modules} & HEAVY)


def asleep(modules: set[str]) -> list[str]:
    """Return which of them an idle gateway has loaded before anybody asked for what they do."""
    return sorted(name for name in modules if any(f"{name}.".startswith(f"{one}.") for one in ON_DEMAND))


async def start_s(gateway: GatewayProcess) -> tuple[float, float]:
    """Start a gateway; return the seconds until a client has its hello, and the processor time of these."""
    began = time.perf_counter()
    gateway.start(wait=False)
    facts = gateway.state / "run" / "gateway.json"
    while not facts.exists():
        if time.perf_counter() - began > _PATIENCE_S:
            raise RuntimeError(gateway.output)
        await asyncio.sleep(0.002)
    client = await Client.open(int(gateway.facts["port"]), TOKEN)
    took, cpu = time.perf_counter() - began, cpu_s(gateway.pid)
    await client.aclose()
    return took, cpu


async def starts(rig: Rig) -> list[Figure]:
    """Measure starts: the very first one makes the database, later ones open it."""
    with tempfile.TemporaryDirectory(prefix="hb") as state:
        gateway = GatewayProcess(Path(state), config(1))
        took = []
        for _ in range(1 + max(3, rig.amount(7))):
            took.append(await start_s(gateway))
            await asyncio.sleep(0.2)
            gateway.stop()
    with tempfile.TemporaryDirectory(prefix="hb") as state:
        floor = [_floor_start_s(state) for _ in range(5)]
    first, *later = took
    return [
        Figure(
            "start to first accepted connect",
            statistics.median(seconds for seconds, _ in later),
            "s",
            goal=0.8,
            floor=statistics.median(floor),
            peer=8.5,
        ),
        Figure("processor time of a start", statistics.median(cpu for _, cpu in later), "s"),
        Figure("start with a new state directory", first[0], "s"),
    ]


def _floor_start_s(state: str) -> float:
    began = time.perf_counter()
    with Child("tests.bench.floor", state):
        return time.perf_counter() - began


async def resting(rig: Rig) -> list[Figure]:
    """Measure memory of a gateway and a floor that have just started, and the heavy modules of the gateway."""
    with tempfile.TemporaryDirectory(prefix="hb") as state, Child("tests.bench.floor", state) as floor:
        home = Path(state) / "gateway"
        with GatewayProcess(home, config(1)) as gateway:
            first = await _settled(gateway)
        with GatewayProcess(home, config(1)) as gateway:
            held, least = await _settled(gateway), memory(floor.pid)
        with GatewayProcess(home, config(1), PYTHONPROFILEIMPORTTIME="1") as gateway:
            modules = imported(gateway)
    found = [*heavy(modules), *asleep(modules)]
    if found:
        print("modules that do not belong into an idle gateway:", ", ".join(found), flush=True)
    return [
        Figure("idle memory, PSS", held.pss, "MB", goal=45.0, floor=least.pss, peer=841.0),
        Figure("idle memory, USS", held.uss, "MB", floor=least.uss),
        Figure("idle memory, RSS", held.rss, "MB", floor=least.rss),
        Figure("idle memory after the first start ever, PSS", first.pss, "MB"),
        Figure("needless modules loaded", len(found), "", goal=0.0),
        Figure("modules loaded", len(modules), ""),
    ]


async def _settled(gateway: GatewayProcess) -> Memory:
    await asyncio.sleep(3)
    return memory(gateway.pid)


def load() -> float:
    """Return how many processes wanted a core in the last minute: high values make every figure worse."""
    return os.getloadavg()[0]
