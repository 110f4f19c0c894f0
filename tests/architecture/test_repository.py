"""What is committed: locks without addresses, dependencies with reasons, nothing of the machine it was written on."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, listing, project, tracked

_LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
_UNHASHED = ("torch.txt",)  # torch for processors alone has another hash wherever it comes from; it ships nothing


def _any(*patterns: str) -> re.Pattern[str]:
    """Join patterns that are written in pieces, so that this file does not hold what it forbids."""
    return re.compile("|".join(patterns), re.MULTILINE)


_FORBIDDEN = {
    "a registry": _any(
        "pypi" + r"\.org",
        "python" + "hosted",
        "npm" + r"js\.(org|com)",
        "npm" + r"mirror\.com",
        "deb" + r"\.debian",
        r"-" + r"-(?:extra-)?index-url[= ]\S*/",
        "^reg" + r"istry ?= ?http",
    ),
    "a path of the machine it was written on": _any(
        r"(?<![\w.}/-])/(?:wo" + r"rk|ro" + r"ot|home/[a-z]+|tmp/hom" + r"arus)/",
        "/opt/wh" + "eels",
        "/opt/py" + "pi",
    ),
    "a trace of how it was written": _any(
        "AI" + " assistant session",
        "agent" + " session made",
        "help" + "er session",
        "as an" + " AI model",
        "work" + "place",
        "bash" + "_jobs",
    ),
}
_BINARY = {".gguf", ".png", ".ico", ".woff2", ".bin", ".npz"}


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_every_package_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert "://" not in text
    assert entries
    for entry in entries:
        pinned = re.match(r"[A-Za-z0-9._-]+==\S+", entry) and "--hash=sha256:" in entry
        assert pinned or lock.name in _UNHASHED, entry[:80]


def test_the_npm_lock_names_no_address_and_pins_the_published_client() -> None:
    text = (ROOT / "tests/protocol/package-lock.json").read_text("utf-8")
    packages = json.loads(text)["packages"]
    assert "resolved" not in text
    for name in ("@openclaw/gateway-client", "@openclaw/gateway-protocol"):
        assert packages[f"node_modules/{name}"]["version"] == "2026.9.1"
    assert all("integrity" in each for name, each in packages.items() if name)


def test_the_gateway_locks_no_numpy() -> None:
    """sqlite-utils imports numpy where it finds it: 11 MB of memory for nothing."""
    text = (ROOT / "requirements/core.txt").read_text("utf-8")
    assert not re.search(r"^(numpy|pandas|pydantic|openai|anthropic)==", text, re.MULTILINE)


def test_what_two_environments_share_has_one_version() -> None:
    core, *others = (_versions(ROOT / f"requirements/{name}.txt") for name in ("core", "engine", "test"))
    for other in others:
        assert {name: core[name] for name in core.keys() & other.keys()} == {
            name: other[name] for name in core.keys() & other.keys()
        }


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    bare = re.findall(r'^    "[a-z][^"]*",(?!.*#).*$', text.partition("[tool.")[0], re.MULTILINE)
    vendors = [line for line in bare if re.search("openai|anthropic|google-genai", line)]
    assert bare == vendors, listing(bare)  # the three vendors share one comment


def test_every_dependency_is_locked() -> None:
    core = _versions(ROOT / "requirements/core.txt")
    wanted = [re.split(r"[<>=;\[ ]", each)[0] for each in project()["project"]["dependencies"]]
    assert not [name for name in wanted if name.lower().replace("_", "-") not in core]


def test_no_tracked_file_names_a_registry_or_the_machine_it_was_written_on() -> None:
    problems = []
    for path in tracked():
        if path.suffix in _BINARY:
            continue
        text = (ROOT / path).read_text("utf-8", errors="replace")
        for what, pattern in _FORBIDDEN.items():
            if found := pattern.search(text):
                problems.append(f"{path}: {what}: {found[0]}")
    assert not problems, listing(problems)


def test_every_script_can_be_run_and_says_what_it_does() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix]
    assert scripts
    for script in [*scripts, ROOT / ".ci/run"]:
        first, second = script.read_text("utf-8").splitlines()[:2]
        assert first == "#!/usr/bin/env bash", script
        assert second.startswith("# "), script
        assert os.access(script, os.X_OK), script


def _versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))
