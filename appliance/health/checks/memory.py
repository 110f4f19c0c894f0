"""Memory that is short, and whether the kernel can hold the engine to its share of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look
from appliance.host.pressure import MemoryReader

_SOME_PERCENT: Final = 20.0
_FULL_PERCENT: Final = 10.0
_SHORT_BYTES: Final = 64 << 20
_SMALLER = (
    "Choose a smaller model (`homarus models list` says which one suits), or stop other programs of this machine."
)


def check(look: Look) -> Iterator[Condition]:
    """Say when programs wait for memory (pressure stall information of the last ten seconds), or none is left."""
    reading = MemoryReader(look.root).read()
    if reading.psi_full10 >= _FULL_PERCENT or reading.psi_some10 >= _SOME_PERCENT:
        share = round(max(reading.psi_full10, reading.psi_some10))
        summary = f"Memory is short: programs waited for it in {share} % of the last ten seconds."
        details: dict[str, str | int] = {"form": "waiting", "percent": share}
        yield Condition("memory", "pressure", Severity.DEGRADED, summary, _SMALLER, details)
    elif reading.total and reading.available < _SHORT_BYTES:
        mib = reading.available >> 20
        summary = f"Memory is short: {mib} MiB are left."
        yield Condition("memory", "left", Severity.DEGRADED, summary, _SMALLER, {"form": "left", "mib": mib})


def check_group(look: Look) -> Iterator[Condition]:
    """Say when the kernel was started without the memory controller: limits of the engine then do nothing."""
    listed = look.text("sys/fs/cgroup/cgroup.controllers")
    if not listed or "memory" in listed.split() or look.there("sys/fs/cgroup/memory"):
        return
    summary = "The kernel does not limit the memory of programs: a large model can take the whole box down with it."
    fix = "Add cgroup_enable=memory to the kernel command line (cmdline.txt on a Raspberry Pi) and restart the box."
    yield Condition("memory_cgroup", "kernel", Severity.NOTICE, summary, fix)
