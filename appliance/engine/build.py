"""Puts one engine together: model, context, cache, scheduler, server."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.engine import api
from appliance.engine.cache.residents import SequenceCache
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.template import SpecialTexts
from appliance.engine.native.context import Context
from appliance.engine.native.embedding import Embedder
from appliance.engine.native.library import llama
from appliance.engine.native.model import Model
from appliance.engine.scheduling.scheduler import Limits, Scheduler
from appliance.engine.server import Collaborators, Server
from appliance.foundation.clock import Clock

_DEFAULT_WINDOW = 4096
_BATCH_TOKENS = 256
_SEQUENCES = 16  # resident conversations


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that the process drives."""

    scheduler: Scheduler
    server: Server
    close: Callable[[], None]


def build(
    path: Path,
    *,
    name: str,
    embeddings: bool,
    window: int,
    cells: int,
    threads: int,
    active: int,
    waiting: int,
    clock: Clock,
    today: Callable[[], datetime.datetime],
) -> Engine:
    """Load the model and wire the engine; 0 stands for a default. Raises NativeError."""
    model = Model(path)
    threads = threads or max(1, (os.cpu_count() or 1) - 1)  # a busy neighbour on the last core halves the speed
    window = min(window or _DEFAULT_WINDOW, model.trained_context or _DEFAULT_WINDOW)
    context, cache = None, None
    if model.generates:
        count = max(_SEQUENCES, active)
        context = Context(model, cells=max(cells, window), batch=_BATCH_TOKENS, sequences=count, threads=threads)
        cache = SequenceCache(context, count, can_rewind=model.can_rewind)
    prompts = PromptMaker(model.template, _specials(model), today)
    scheduler = Scheduler(model, context, cache, prompts, Limits(window, active, waiting), clock)
    embedder = Embedder(model, threads=threads) if embeddings or model.is_embedder else None
    info = _info(model, name, window, embedder is not None, prompts, threads, scheduler)

    def close() -> None:
        if embedder is not None:
            embedder.close()
        if context is not None:
            context.close()
        model.close()

    return Engine(scheduler, Server(Collaborators(model, scheduler, embedder, info)), close)


def _specials(model: Model) -> SpecialTexts:
    def text(token: int) -> str:
        return model.piece(token).decode("utf-8", "replace") if token >= 0 else ""

    return SpecialTexts.of(model.specials, bos=text(model.bos), eos=text(model.eos))


def _info(
    model: Model,
    name: str,
    window: int,
    embeds: bool,
    prompts: PromptMaker,
    threads: int,
    scheduler: Scheduler,
) -> Callable[[], api.Info]:
    """Return what answers `info`, from any thread: all that needs native code is asked here, once."""
    template = "none, ChatML instead" if model.template is None else "of the model"
    fixed = api.Info(
        name=name or model.name,
        model=model.path.name,
        description=model.description,
        architecture=model.architecture,
        parameters=model.parameters,
        size_bytes=model.size_bytes,
        context=window,
        trained_context=model.trained_context,
        vocabulary=model.size,
        embeddings=embeds,
        generates=model.generates,
        template=f"ChatML instead: {prompts.problem}" if prompts.problem else template,
        tool_format=prompts.form.value,
        threads=threads,
        active=0,
        waiting=0,
        resident_sequences=0,
        pid=os.getpid(),
        build=(llama.llama_print_system_info() or b"").decode("utf-8", "replace").strip(),
    )

    def info() -> api.Info:
        active, waiting, resident = scheduler.counts
        return msgspec.structs.replace(fixed, active=active, waiting=waiting, resident_sequences=resident)

    return info
