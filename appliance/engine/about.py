"""What an engine says of itself when somebody asks `info`."""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from appliance.engine import api
from appliance.engine.cache.store import PrefixStore
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.memory.follower import MemoryFollower
from appliance.engine.native.library import llama
from appliance.engine.native.model import Model
from appliance.engine.scheduling.scheduler import Scheduler
from appliance.engine.threads import Threads


def describe(model: Model, prompts: PromptMaker, *, name: str, embeds: bool, profile: str) -> api.Info:
    """Return what does not change while the engine runs: all that needs native code is asked here, once."""
    template = "none, ChatML instead" if model.template is None else "of the model"
    return api.Info(
        name=name or model.name,
        model=model.path.name,
        description=model.description,
        architecture=model.architecture,
        parameters=model.parameters,
        size_bytes=model.size_bytes,
        context=0,
        trained_context=model.trained_context,
        vocabulary=model.size,
        embeddings=embeds,
        generates=model.generates,
        template=f"ChatML instead: {prompts.problem}" if prompts.problem else template,
        tool_format=prompts.form.value,
        threads=0,
        active=0,
        waiting=0,
        resident_sequences=0,
        pid=os.getpid(),
        build=(llama.llama_print_system_info() or b"").decode("utf-8", "replace").strip(),
        profile=profile,
    )


def moment(
    fixed: api.Info,
    scheduler: Scheduler,
    threads: Threads,
    store: PrefixStore | None,
    follower: MemoryFollower | None,
) -> Callable[[], api.Info]:
    """Return what answers `info`, from any thread."""

    def info() -> api.Info:
        counts = scheduler.counts
        return msgspec.structs.replace(
            fixed,
            context=counts.window,
            threads=threads.single,
            active=counts.active,
            waiting=counts.waiting,
            resident_sequences=counts.resident,
            cells=counts.cells,
            free_cells=counts.free,
            preempted=counts.preempted,
            prefill_rate=counts.prefill_rate,
            decode_rate=counts.decode_rate,
            memory=fixed.memory if follower is None else follower.level,
            fingerprint="" if store is None else store.fingerprint,
            cache=api.CacheInfo() if store is None else store.info(),
        )

    return info
