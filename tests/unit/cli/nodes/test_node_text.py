from __future__ import annotations

from typing import Any

import pytest

from appliance.cli.nodes.choose import choose_node, choose_request
from appliance.cli.nodes.rows import described, listed, told, waiting
from appliance.cli.pairing.choose import ChoiceError

NOW = 1_795_000_000_000


def node(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "nodeId": f"{number}a{'0' * 62}",
        "displayName": f"node {number}",
        "platform": "linux",
        "clientId": "node-host",
        "clientMode": "node",
        "caps": ["system"],
        "commands": ["device.info"],
        "sessionHost": False,
        "approvalState": "approved",
        "paired": True,
        "connected": True,
        **more,
    }


def request(number: int = 1, *commands: str) -> dict[str, Any]:
    return {**node(number), "requestId": f"{number}b0c1-4444", "commands": list(commands)}


def test_the_list_says_who_is_there_and_who_waits() -> None:
    waits = {"pendingRequestId": "4f2a0000-1", "pendingDeclaredCommands": ["system.run"], "paired": False}
    rows = [node(1), node(2, connected=False, lastSeenAtMs=NOW - 60_000), node(3, commands=[], **waits)]
    text = listed({"nodes": rows}, NOW)
    assert "1a000000  node 1  linux     connected" in text
    assert "1 min ago" in text
    assert "homarus nodes approve 4f2a0000" in text
    assert "no nodes yet" in listed({"nodes": []}, NOW)


def test_what_a_request_means_is_said_in_words() -> None:
    text = waiting(request(1, "system.run", "system.run.prepare", "camera.snap", "device.info"))
    assert text.count("runs programs") == 1
    assert "camera" in text
    assert "!" not in waiting(request(1, "device.info"))


def test_a_stranger_cannot_steer_the_terminal() -> None:
    nasty = node(1, displayName="x\x1b[2J", platform="\x1b]0;y", commands=["a\x07b"])
    for text in (listed({"nodes": [nasty]}, NOW), described(nasty), waiting({**nasty, "requestId": "r"})):
        assert "\x1b" not in text
        assert "\x07" not in text
    assert told("line\x1b[2J\nnext") == "line?[2J\nnext"
    assert "\x1b" not in told({"a": "\x1b[2J"})


def test_a_machine_is_described_with_its_size() -> None:
    stats = {
        "cpuCount": 4,
        "loadAverage": [0.5],
        "memoryTotalBytes": 8e9,
        "memoryFreeBytes": 4e9,
        "diskTotalBytes": 64e9,
        "diskAvailableBytes": 32e9,
    }
    assert "4 cores, load 0.50, memory 4.0 GB of 8.0 GB free" in described(node(1, hostStats=stats))


@pytest.mark.parametrize("wanted", ["1a", "1A0000…", "node 1", "Node 1 "])
def test_a_node_is_meant_by_a_beginning_or_its_name(wanted: str) -> None:
    assert choose_node({"nodes": [node(1), node(2)]}, wanted)["displayName"] == "node 1"


@pytest.mark.parametrize("wanted", ["3a", "1", "node"])
def test_what_fits_none_or_several_is_refused_with_what_there_is(wanted: str) -> None:
    with pytest.raises(ChoiceError, match="1a000000"):
        choose_node({"nodes": [node(1), node(2)]}, wanted)
    with pytest.raises(ChoiceError, match="no nodes yet"):
        choose_node({"nodes": []}, wanted)


def test_the_only_request_needs_no_name() -> None:
    assert choose_request({"pending": [request(1)]}, None)["requestId"] == "1b0c1-4444"
    with pytest.raises(ChoiceError, match="say which"):
        choose_request({"pending": [request(1), request(2)]}, None)
    with pytest.raises(ChoiceError, match="No node waits"):
        choose_request({"pending": []}, None)
