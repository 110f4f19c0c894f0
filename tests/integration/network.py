"""Hosts on one machine: network namespaces joined by cables. Needs root and the kernel's network namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from contextlib import ExitStack


def ip(*words: str) -> None:
    """Run iproute2; a failure fails the test."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def _why_not() -> str:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "needs root and iproute2"
    name = f"probe{uuid.uuid4().hex[:8]}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"no network namespaces here: {tried.stderr.strip()}"
    ip("netns", "del", name)
    return ""


WHY_NOT = _why_not()


class Network:
    """Hosts, each a network namespace, and cables between two of them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._tag = uuid.uuid4().hex[:4]
        self._nets = 0

    def host(self, name: str) -> str:
        space = f"{name}{self._tag}"
        ip("netns", "add", space)
        self._stack.callback(ip, "netns", "del", space)
        ip("-n", space, "link", "set", "lo", "up")
        return space

    def cable(self, one: str, other: str, device: str = "eth0") -> None:
        """Join two hosts; the first gets 10.77.N.1, the other 10.77.N.2, N counted from 1."""
        self._nets += 1
        ends = [(one, f"a{uuid.uuid4().hex[:8]}", 1), (other, f"b{uuid.uuid4().hex[:8]}", 2)]
        ip("link", "add", ends[0][1], "type", "veth", "peer", "name", ends[1][1])
        for space, end, number in ends:
            ip("link", "set", end, "netns", space)
            ip("-n", space, "link", "set", end, "name", device)
            ip("-n", space, "link", "set", device, "up")
            ip("-n", space, "addr", "add", f"10.77.{self._nets}.{number}/24", "dev", device)
            ip("-n", space, "route", "append", "224.0.0.0/4", "dev", device)

    def unplug(self, space: str, device: str) -> None:
        ip("-n", space, "link", "del", device)
