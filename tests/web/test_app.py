"""The source of the web app: its own unit tests, its types, and what a browser has to load."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.web.node import WEB, node

# The promise is 150 kB of compressed JavaScript until a person can chat; the rest of the app comes when it is opened.
_MOST_SCRIPT = 150_000
_MOST_STYLE = 40_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app, built into a folder of its own."""
    folder = tmp_path_factory.mktemp("web") / "webui"
    done = node("build.mjs", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def summary(built: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((built / "build.json").read_text())
    return told


def test_the_unit_tests_of_the_app_pass() -> None:
    done = node("test.mjs")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_of_the_app_hold() -> None:
    done = node("node_modules/typescript/bin/tsc", "-p", ".")
    assert done.returncode == 0, done.stdout


def test_a_page_that_can_chat_stays_under_its_bytes(summary: dict[str, Any]) -> None:
    weight = summary["firstPaint"]
    plain_http = summary["files"][next(name for name in summary["files"] if "/noble-" in name)]["gzip"]
    assert weight["script"] + weight["chat"] + plain_http <= _MOST_SCRIPT
    assert weight["style"] <= _MOST_STYLE


def test_every_file_of_the_app_has_its_compressed_forms(built: Path, summary: dict[str, Any]) -> None:
    scripts = [name for name in summary["files"] if name.endswith(".js") and summary["files"][name]["raw"] > 512]
    assert scripts
    for name in scripts:
        assert (built / f"{name}.gz").exists()
        assert (built / f"{name}.br").exists()


def test_the_page_runs_nothing_inline_and_asks_nobody_else(built: Path) -> None:
    page = (built / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\son\w+=|<style|style=", page)
    assert not re.search(r"(?:src|href)=\"(?!/[^/])", page)


def test_no_part_of_the_app_makes_code_or_markup_from_text() -> None:
    # The policy of the page enforces it again: with trusted types no text can become markup.
    makes = (
        r"\beval\(|new Function|insertAdjacentHTML|document\.write|\.(?:outer|inner)HTML\s*=|dangerouslySetInnerHTML"
    )
    for source in (WEB / "src").rglob("*.ts*"):
        assert not re.search(makes, source.read_text()), source


def test_the_offline_copy_has_every_script_of_the_app(built: Path, summary: dict[str, Any]) -> None:
    worker = (built / "sw.js").read_text()
    assert "homarus-BUILD" not in worker
    for name in summary["files"]:
        if name.startswith("assets/"):
            assert f'"/{name}"' in worker


def test_the_lock_of_the_libraries_names_no_address() -> None:
    assert "://" not in re.sub(r'"(?:url|funding)": "[^"]*"', "", (WEB / "package-lock.json").read_text())
