"""Puts one engine together: model, context, cache, scheduler, server."""

from __future__ import annotations

import base64
import contextlib
import datetime
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.engine import api
from appliance.engine.about import describe, moment
from appliance.engine.cache.files.writer import Files
from appliance.engine.cache.fingerprint import Identity
from appliance.engine.cache.opened import open_store
from appliance.engine.cache.store import PrefixStore
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.template import SpecialTexts
from appliance.engine.memory.follower import MemoryFollower, Steered
from appliance.engine.memory.native import shape_of
from appliance.engine.memory.plan import Shape, first_target
from appliance.engine.native.context import Context
from appliance.engine.native.embedding import Embedder
from appliance.engine.native.facts import facts_of, rules_of
from appliance.engine.native.library import NativeError
from appliance.engine.native.model import Model
from appliance.engine.profile import EngineProfile
from appliance.engine.remote.handing import Handing
from appliance.engine.remote.listener import Listener, Listening
from appliance.engine.scheduling.keeper import LEAST_CELLS, Keeper
from appliance.engine.scheduling.plan import Sizes
from appliance.engine.scheduling.scheduler import Limits, Scheduler
from appliance.engine.scheduling.step import Stepper
from appliance.engine.server import Collaborators, Server
from appliance.engine.speculation.draftmodel import DraftModel
from appliance.engine.speculation.length import MAX_DRAFT
from appliance.engine.speculation.native import draft_bytes, open_draft
from appliance.engine.threads import LoadReader, Threads, allowed_cores
from appliance.foundation.clock import Clock
from appliance.foundation.ids import new_token
from appliance.host.pressure import MemoryReader

_log = logging.getLogger(__name__)
_SEQUENCES = 16  # resident conversations
_SCRATCH_SEQUENCES = 1  # for restores
_RAM_BYTES = 256 * 1024 * 1024  # of attention states, where a folder but no number is given
_PEER_BYTES = 256 * 1024 * 1024  # of states of paired boxes, all together
_DISK_BYTES = 2 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine runs; 0, "" and None stand for a default. `ram_bytes` and `disk_bytes` bound the prefix store."""

    model: Path
    name: str = ""
    embeddings: bool = False
    window: int = 0
    cells: int = 0
    threads: int = 0
    active: int = 4
    waiting: int = 32
    profile: EngineProfile = EngineProfile()
    profile_note: str = ""
    adapters: tuple[tuple[Path, float], ...] = ()
    state: Path | None = None
    ram_bytes: int = 0
    disk_bytes: int = 0
    draft: Path | None = None
    listening: Listening | None = None
    peer_bytes: int = 0
    root: Path = Path("/")  # where /proc and /sys are
    force_draft: bool = False  # also for a model that is too small to gain by it


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that the process drives; `follower` wants to be polled."""

    scheduler: Scheduler
    server: Server
    follower: MemoryFollower | None
    info: Callable[[], api.Info]
    close: Callable[[], None]
    listener: Listener | None = None


def build(options: Options, *, clock: Clock, today: Callable[[], datetime.datetime]) -> Engine:
    """Load the model and wire the engine. Raises NativeError."""
    memory = MemoryReader(options.root)
    before = memory.read()
    model = Model(options.model)
    for path, scale in options.adapters:
        model.adapt(path, scale)
    threads = _threads(options)
    prompts = PromptMaker(model.template, _specials(model), today)
    ram = options.ram_bytes or (_RAM_BYTES if options.state is not None else 0)
    beside = draft_bytes(options.draft, model, forced=options.force_draft)
    shape = shape_of(model, options.profile, window=options.window, cells=options.cells, blobs=ram, beside=beside)
    first = first_target(before.available, before.total, shape)
    limits = Limits(shape.window, options.active, options.waiting)
    keeper, stepper, draft, note = None, None, None, options.profile_note or options.profile.name
    if model.generates:
        store = _store(options, model, first.blobs, clock)
        keeper = _keeper(options, model, first.cells, threads, store, clock)
        draft, problem = _draft(options, model, first.cells, threads, clock)
        note = "; ".join(filter(None, (note, problem)))
        stepper = _stepper(options, model, keeper, threads, clock, draft)
    scheduler = Scheduler(model, prompts, limits, clock, keeper=keeper, stepper=stepper)
    embedder = Embedder(model, threads=threads.batch) if options.embeddings or model.is_embedder else None
    follower = None if keeper is None else _follower(memory, shape, scheduler, keeper)
    fixed = describe(model, prompts, name=options.name, embeds=embedder is not None, profile=note)
    info = moment(fixed, scheduler, threads, None if keeper is None else keeper.store, follower)

    def close() -> None:
        for part in (embedder, draft, keeper, model):
            if part is not None:
                part.close()

    handing = Handing(model, prompts, scheduler, keeper, _random_bytes)
    parts = Collaborators(model, scheduler, embedder, info, handing)
    return Engine(scheduler, Server(parts), follower, info, close, _listener(options, parts))


def _listener(options: Options, parts: Collaborators) -> Listener | None:
    """Return what serves paired boxes, None where nobody may come."""
    if options.listening is None or not parts.model.generates:
        return None
    memory = options.peer_bytes or _PEER_BYTES
    return Listener(options.listening, parts, active=options.active, memory_bytes=memory)


def _follower(memory: MemoryReader, shape: Shape, scheduler: Scheduler, keeper: Keeper) -> MemoryFollower:
    store = keeper.store
    held = (lambda: 0) if store is None else (lambda: store.info().ram_bytes)
    return MemoryFollower(memory.read, shape, Steered(scheduler, keeper.owners, held))


def _threads(options: Options) -> Threads:
    """Return the threads of decodes: as told, as tuned, or all cores but one (a busy neighbour halves the speed)."""
    cores = allowed_cores()
    profile = options.profile
    single = options.threads or profile.threads or max(1, len(cores) - 1)
    batch = options.threads or profile.threads_batch or single
    reader = LoadReader(cores, options.root) if profile.adaptive else None
    return Threads(single, batch, reader=reader, cores=len(cores))


def _sequences(options: Options) -> int:
    return max(_SEQUENCES, options.active)


def _outputs(options: Options) -> int:
    """Return how many entries of a batch may want logits: an answer and its drafts each."""
    return min(options.active * (1 + MAX_DRAFT), options.profile.batch)


def _keeper(
    options: Options, model: Model, cells: int, threads: Threads, store: PrefixStore | None, clock: Clock
) -> Keeper:
    def make(cells: int) -> Context:
        context = Context(
            model,
            cells=cells,
            batch=options.profile.batch,
            sequences=_sequences(options) + _SCRATCH_SEQUENCES,
            threads=threads.single,
            outputs=_outputs(options),
            profile=options.profile,
        )
        context.set_threads(threads.single, threads.batch)
        return context

    def keeper(cells: int) -> Keeper:
        sequences = _sequences(options)
        return Keeper(make, cells=cells, sequences=sequences, can_rewind=model.can_rewind, store=store, ticks=clock)

    while cells >= 2 * LEAST_CELLS:
        try:
            return keeper(cells)
        except NativeError as error:  # less memory than it looked: a smaller window is better than none
            _log.warning("a cache of %d tokens cannot be made (%s); half of it is tried", cells, error)
            cells //= 2
    return keeper(cells)


def _store(options: Options, model: Model, ram_bytes: int, clock: Clock) -> PrefixStore | None:
    """Return the prefix store; None where neither memory nor a folder was given to it."""
    if options.state is None and not options.ram_bytes:
        return None
    files, facts = None, facts_of(model, options.profile)
    if options.state is not None and not facts.build:
        _log.warning("conversations are kept in memory only: nobody can tell which build of llama.cpp this is")
    elif options.state is not None:
        with contextlib.suppress(OSError):  # then the store says why it has no files
            options.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = Identity(model=options.model, facts=facts, adapters=options.adapters)
        files = Files(options.state, identity, options.disk_bytes or _DISK_BYTES, _random_bytes)
    return open_store(rules_of(model), ram_bytes=ram_bytes, files=files, ticks=clock)


def _random_bytes() -> bytes:
    return base64.urlsafe_b64decode(new_token() + "=")


def _draft(options: Options, model: Model, cells: int, threads: Threads, clock: Clock) -> tuple[DraftModel | None, str]:
    """Return the draft model, or None and why it cannot help: an engine without one answers the same."""
    if options.draft is None:
        return None, ""
    try:
        draft = open_draft(
            options.draft, model, lanes=options.active, cells=cells, threads=threads.single,
            ticks=clock, forced=options.force_draft,
        )  # fmt: skip
    except NativeError as error:
        print(f"engine: {error}", file=sys.stderr)
        return None, f"no draft model: {error}"
    return draft, ""


def _stepper(
    options: Options, model: Model, keeper: Keeper, threads: Threads, clock: Clock, draft: DraftModel | None
) -> Stepper:
    profile = options.profile
    return Stepper(
        keeper,
        sizes=Sizes(profile.chunk_alone, profile.chunk_shared, profile.batch),
        outputs=_outputs(options),
        threads=threads,
        ticks=clock,
        drafter=draft,
        speculates=model.can_rewind,
    )


def _specials(model: Model) -> SpecialTexts:
    def text(token: int) -> str:
        return model.piece(token).decode("utf-8", "replace") if token >= 0 else ""

    return SpecialTexts.of(model.specials, bos=text(model.bos), eos=text(model.eos))
