"""The arguments of avahi's publisher, and how its words are heard."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from appliance.discovery.advertise import avahi
from appliance.discovery.beacon import Facts, beacon

_BEACON = beacon(Facts("box", 18789), "minimal")


def _tool(folder: Path, script: str) -> str:
    path = folder / "avahi-publish-service"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_no_name_can_become_an_option() -> None:
    told = avahi.arguments("/usr/bin/avahi-publish-service", beacon(Facts("--help", 1), "minimal"))
    assert told[1] == "--"
    assert told[2:5] == ["--help (OpenClaw)", "_openclaw-gw._tcp", "1"]


def test_avahi_is_used_only_where_its_daemon_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _tool(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert avahi.tool(tmp_path / "socket") is None
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert avahi.tool(tmp_path / "socket") == path


async def test_the_name_that_avahi_settled_on_is_told(tmp_path: Path) -> None:
    path = _tool(tmp_path, """echo "Established under name 'box (OpenClaw) #2'"; exec sleep 60""")
    told: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.ensure_future(avahi.publish(path, _BEACON, told.put_nowait))
    assert await asyncio.wait_for(told.get(), 10) == "box (OpenClaw) #2"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_end_of_avahi_is_an_error_with_its_words(tmp_path: Path) -> None:
    path = _tool(tmp_path, "echo Got disconnected, bye; exit 1")
    with pytest.raises(avahi.PublishError, match="Got disconnected"):
        await avahi.publish(path, _BEACON, lambda name: None)
