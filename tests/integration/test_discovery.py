"""Boxes that find each other: network namespaces joined by cables, real multicast, both publishers.

Needs root and the kernel's network namespaces; avahi where its daemon is installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.discovery.beacon import Facts, beacon
from tests.integration.network import WHY_NOT, Network

CHECKOUT = Path(__file__).resolve().parents[2]
_PRINT = "ab" * 32
_WAIT_S = 40.0


pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture
def network() -> Iterator[Network]:
    with ExitStack() as stack:
        yield Network(stack)


_AVAHI = shutil.which("avahi-daemon", path="/usr/sbin:/usr/bin") and shutil.which("avahi-publish-service")
# A bus, a daemon and their sockets of its own: the machine's may not be touched.
_WITH_AVAHI = """
mount -t tmpfs tmpfs /run && mkdir -p /run/dbus /run/avahi-daemon && dbus-daemon --system --nopidfile --fork &&
printf '[server]\\nhost-name=%s\\n' "$1" >/run/avahi.conf &&
avahi-daemon --daemonize --no-drop-root --no-chroot --no-rlimits --file=/run/avahi.conf && shift && exec "$@"
"""


@contextmanager
def announcing(space: str, host: str, port: int = 18789, *, avahi: bool = False) -> Iterator[subprocess.Popen[str]]:
    told = beacon(Facts(host, port, host.title(), _PRINT, tls=True), "minimal")
    command = [sys.executable, "-m", "appliance.discovery", told.encode()]
    if avahi:
        # With the last process of its namespace the bus and the daemon end as well.
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            _WITH_AVAHI,
            "sh",
            host,
            *command,
        ]
    command = ["ip", "netns", "exec", space, *command]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill() if avahi else process.terminate()  # unshare lets nothing gentler through
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def discover(space: str) -> list[dict[str, Any]]:
    command = ["ip", "netns", "exec", space, sys.executable, "-m", "appliance", "--json", "discover", "--seconds", "1"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def seen(space: str, wanted: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """Search again until what is found is what is wanted."""
    deadline = time.monotonic() + _WAIT_S
    while not wanted(rows := discover(space)):
        assert time.monotonic() < deadline, rows
    return rows


def test_a_box_is_found_with_its_address_and_certificate(network: Network) -> None:
    box, phone = network.host("box"), network.host("phone")
    network.cable(box, phone)
    with announcing(box, "kitchen"):
        (row,) = seen(phone, lambda rows: len(rows) == 1)
        assert row["urls"] == ["wss://10.77.1.1:18789"]
        assert (row["displayName"], row["host"], row["tlsSha256"]) == ("Kitchen", "kitchen.local", _PRINT)
    assert seen(phone, lambda rows: not rows) == []  # it said goodbye


def test_two_boxes_of_one_name_are_told_apart(network: Network) -> None:
    first, second = network.host("one"), network.host("two")
    network.cable(first, second)
    with announcing(first, "homarus"):
        seen(second, lambda rows: len(rows) == 1)
        with announcing(second, "homarus"):
            rows = seen(first, lambda rows: len(rows) == 2)
    assert {row["instance"]: (row["host"], row["urls"]) for row in rows} == {
        "homarus (OpenClaw)": ("homarus.local", ["wss://10.77.1.1:18789"]),
        "homarus (OpenClaw) (2)": ("homarus-2.local", ["wss://10.77.1.2:18789"]),
    }


def test_a_box_on_cable_and_wireless_has_one_name_and_both_addresses(network: Network) -> None:
    box, phone = network.host("box"), network.host("phone")
    network.cable(box, phone, "eth0")
    network.cable(box, phone, "wlan0")
    with announcing(box, "kitchen"):
        (row,) = seen(phone, lambda rows: len(rows) == 1)
        assert row["urls"] == ["wss://10.77.1.1:18789", "wss://10.77.2.1:18789"]
        network.unplug(box, "eth0")
        (row,) = seen(phone, lambda rows: len(rows) == 1 and len(rows[0]["urls"]) == 1)
        assert row["urls"] == ["wss://10.77.2.1:18789"]
        assert row["instance"] == "kitchen (OpenClaw)"  # it did not take itself for a stranger


def test_a_box_without_a_network_is_announced_once_there_is_one(network: Network) -> None:
    box, phone = network.host("box"), network.host("phone")
    with announcing(box, "kitchen") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"  # waiting is no failure
        network.cable(box, phone)
        seen(phone, lambda rows: len(rows) == 1)


@pytest.mark.skipif(not _AVAHI, reason="needs avahi-daemon and avahi-utils")
def test_where_avahi_runs_it_announces_the_box(network: Network) -> None:
    box, phone = network.host("box"), network.host("phone")
    network.cable(box, phone)
    with announcing(box, "kitchen", avahi=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (row,) = seen(phone, lambda rows: len(rows) == 1)
        assert "wss://10.77.1.1:18789" in row["urls"]
        assert (row["instance"], row["host"], row["tlsSha256"]) == ("kitchen (OpenClaw)", "kitchen.local", _PRINT)


@pytest.mark.skipif(not _AVAHI, reason="needs avahi-daemon and avahi-utils")
def test_avahi_and_zeroconf_settle_a_conflict_between_them(network: Network) -> None:
    first, second = network.host("one"), network.host("two")
    network.cable(first, second)
    with announcing(first, "homarus", avahi=True):
        seen(second, lambda rows: len(rows) == 1)
        with announcing(second, "homarus"):
            rows = seen(second, lambda rows: len(rows) == 2)
    assert len({row["host"] for row in rows}) == 2
    assert len({row["instance"] for row in rows}) == 2
