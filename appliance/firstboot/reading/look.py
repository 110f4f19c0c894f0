"""One look at the partition that a flash tool wrote to: which file counts, what it says, what lies there unread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from appliance.firstboot.reading import ours, preseed
from appliance.firstboot.reading.checks import World
from appliance.firstboot.reading.table import Unreadable, open_table
from appliance.firstboot.values import OURS, PRESEED, Found, Mistake, Settings

CANDIDATES: Final = (OURS, PRESEED)
FOREIGN: Final = ("firstrun.sh", "user-data", "network-config", "custom.toml", "wpa_supplicant.conf", "userconf.txt")
"""What other images read: Imager 1.x (firstrun.sh), cloud-init, and older ones of Raspberry Pi OS."""


def look(files: Mapping[str, bytes], names: frozenset[str], world: World) -> Found:
    """Return what the files say. `files`: the candidates that are there; `names`: everything on the partition."""
    kept = [_foreign(name) for name in FOREIGN if name in names]
    mistakes: list[Mistake] = []
    for name, wanted in ((f"{OURS}.txt", OURS), (f"{PRESEED}.txt", PRESEED)):
        if name in names:
            fix = f"Rename it to {wanted}; Windows hides the end of a name."
            kept.append(Mistake(name, "", "is not read under this name.", fix))
    notes: list[str] = []
    if OURS in files and PRESEED in files and files[OURS].strip():
        notes.append(f"{OURS} counts; {PRESEED} is there too and is not read.")
        files = {OURS: files[OURS]}
        unread: tuple[str, ...] = (PRESEED,)
    else:
        unread = ()
    for name in CANDIDATES:
        if name not in files:
            continue
        try:
            table = open_table(name, files[name], mistakes)
        except Unreadable as error:
            # Nothing of it was applied: it stays, so that its owner can mend it.
            return Found(kept=(*kept, error.mistake), notes=tuple(notes))
        if table is None:
            unread = (*unread, name)  # blank: what a wipe left that a power cut ended
            continue
        settings: Settings = ours.read(table, world) if name == OURS else preseed.read(table, world)
        return Found(settings, tuple(mistakes), tuple(notes), name, (*unread, name), tuple(kept))
    return Found(notes=tuple(notes), wipe=unread, kept=tuple(kept))


def _foreign(name: str) -> Mistake:
    if name == "firstrun.sh":
        problem = "comes from Raspberry Pi Imager 1.x and is not read."
    else:
        problem = "is meant for another system and is not read."
    fix = f"Write {OURS} instead, or use Imager 2 with the list of this image. Delete it: it may hold a password."
    return Mistake(name, "", problem, fix)
