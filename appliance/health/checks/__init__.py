"""What can be wrong with a box, one question a module, each answered from files below a root and a few programs.

A check changes nothing, never raises for what it finds, and must not know who shows the answer or that a gateway runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from appliance.health.checks import (
    backups,
    certificates,
    clock,
    database,
    disk,
    eeprom,
    image,
    memory,
    power,
    slots,
    tailnet,
    temperature,
    units,
    wear,
)
from appliance.health.condition import Condition
from appliance.health.look import Look

_log = logging.getLogger(__name__)
Question: TypeAlias = Callable[[Look], Iterable[Condition]]


@dataclass(frozen=True, slots=True)
class Check:
    """One question. `watched`: asked again and again by a gateway that runs; `codes`: what it may find.

    `state`: it looks into the state directory. Root asks such a one as the owner of that directory, and shows it to no
    other question.
    """

    name: str
    ask: Question
    codes: tuple[str, ...]
    watched: bool = False
    state: bool = False


CHECKS: Final = (
    Check("clock", clock.check, ("clock",), watched=True),
    Check("disk space", disk.check, ("disk",), watched=True, state=True),
    Check("disk wear", wear.check, ("disk_wear", "disk_writes"), watched=True),
    Check("temperature", temperature.check, ("temperature",), watched=True),
    Check("power supply", power.check, ("under_voltage", "throttled"), watched=True),
    Check("memory", memory.check, ("memory",)),
    Check("memory limits", memory.check_group, ("memory_cgroup",)),
    Check("boot loader", eeprom.check, ("eeprom_old",), watched=True),
    Check("database", database.check, ("database",), watched=True, state=True),
    Check("system slots", slots.check, ("slots",)),
    Check("update on trial", slots.check_trial, ("update_trial",), watched=True),
    Check("certificate", certificates.check, ("certificate",), watched=True, state=True),
    Check("first start", image.check_first_boot, ("first_boot",), watched=True),
    Check("keys of the image", image.check_keys, ("development_keys",), watched=True),
    Check("Tailscale", tailnet.check, ("tailscale_state",)),
    Check("backups", backups.check, ("backup_old",), watched=True, state=True),
    Check("services", units.check, ("unit_failed",), watched=True),
)


def examine(look: Look, checks: Iterable[Check] = CHECKS) -> list[Condition]:
    """Ask every question and return what is wrong. A question that fails itself is logged and says nothing."""
    found: list[Condition] = []
    for one in checks:
        try:
            found += one.ask(look)
        except Exception:  # noqa: BLE001 - logged, and the other questions still have their answers
            _log.exception("the check of %s failed", one.name)
    return found
