"""Puts the models of the catalogue in order for a box, and says of each what it needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.recommend.box import Box, Rates
from appliance.engine.models.recommend.estimate import Estimate, correction, estimate

PATIENCE_S = 30.0  # a first answer that takes longer is not called comfortable
WINDOWS = (4096, 2048)  # tokens of one conversation; less is of no use to an assistant
_BUFFERS_BYTES = 200_000_000  # of the engine beside weights and states
_SYSTEM_BYTES = 350_000_000  # left for the gateway and the system, beside what they hold already
_DISK_RESERVE_BYTES = 512 * 1024 * 1024
# Of a window that slides the state cannot be cut at any place, so less of it is used again.
_SLIDING_QUALITY = 0.8


@dataclass(frozen=True, slots=True)
class Advice:
    """One model on this box. `window` is the longest that fits; `reason` says why it does not fit, or what is slow."""

    entry: Entry
    speed: Estimate
    size_bytes: int
    memory_bytes: int
    window: int
    fits: bool
    comfortable: bool
    reason: str


def advise(
    entries: Iterable[Entry],
    box: Box,
    *,
    measured: Mapping[str, Rates] | None = None,
    sizes: Mapping[str, int] | None = None,
    language: str | None = None,
    patience_s: float = PATIENCE_S,
) -> tuple[Advice, ...]:
    """Return advice for every model that speaks `language`, best first, those that do not fit last.

    `measured` and `sizes`: rates and file sizes of models that are or were on this box, by their name here.
    """
    known, files = measured or {}, sizes or {}
    wanted = [entry for entry in entries if language is None or language in entry.languages]
    factor = correction(
        (estimate(entry, box.measurement, size_bytes=files.get(entry.name)), known[entry.name])
        for entry in wanted
        if entry.name in known
    )
    found = []
    for entry in wanted:
        size = files.get(entry.name, entry.approximate_bytes)
        speed = estimate(entry, box.measurement, size_bytes=size, correction=factor, rates=known.get(entry.name))
        found.append(_advice(entry, speed, size, box, patience_s, installed=entry.name in files))
    return tuple(sorted(found, key=_order))


def _advice(entry: Entry, speed: Estimate, size: int, box: Box, patience_s: float, *, installed: bool) -> Advice:
    room = box.memory_available - _SYSTEM_BYTES
    window = next((one for one in WINDOWS if _memory(entry, size, one) <= room), 0)
    memory = _memory(entry, size, window or WINDOWS[-1])
    reason = ""
    if not window:
        reason = f"needs {_gb(memory)} of memory, {_gb(max(room, 0))} can be used here"
    elif not installed and size + _DISK_RESERVE_BYTES > box.disk_free:
        reason = f"needs {_gb(size + _DISK_RESERVE_BYTES)} of disk, {_gb(box.disk_free)} are free"
    fits = not reason
    comfortable = fits and speed.first_answer_s <= patience_s
    if fits and not comfortable:
        reason = f"slow: more than {patience_s:.0f} s for a first answer"
    elif fits and window < WINDOWS[0]:
        reason = f"memory is enough for conversations of {window} tokens"
    return Advice(entry, speed, size, memory, window, fits, comfortable, reason)


def _memory(entry: Entry, size: int, window: int) -> int:
    return size + entry.shape.kv_bytes(window) + _BUFFERS_BYTES


def _order(advice: Advice) -> tuple[float, ...]:
    """Comfortable ones by what they are able to do, then slow ones by speed, then those that do not fit by need."""
    if advice.comfortable:
        quality = advice.entry.parameters * (1.0 if advice.entry.full_attention else _SLIDING_QUALITY)
        return (0, -quality)
    return (1, advice.speed.first_answer_s) if advice.fits else (2, advice.memory_bytes)


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
