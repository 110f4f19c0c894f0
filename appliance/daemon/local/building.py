"""Puts together what this gateway needs for models that run on its box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from appliance.config.schema import Config
from appliance.daemon.local.arguments import EngineFolders
from appliance.daemon.local.downloads import Downloads
from appliance.daemon.local.embedded import Embedded
from appliance.daemon.local.engine import LocalEngine
from appliance.daemon.local.engines import Engines
from appliance.daemon.local.knowing import ModelAdvice, ModelProbes
from appliance.daemon.local.remotes import Remotes
from appliance.daemon.local.serving import LocalModels, local_section
from appliance.daemon.local.tuning import Tuner
from appliance.daemon.models import Models
from appliance.engine.locate import EngineHome
from appliance.engine.models.library import Library
from appliance.events import Bus
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import TaskSet
from appliance.health import HealthTracker
from appliance.host.pressure import MemoryReader
from appliance.supervisor.spawning.box import ENGINE_GROUP, FOLDER_VARIABLE


def build_local_models(
    engines: Engines,
    models: Models,
    *,
    config: Callable[[], Config],
    zone: Callable[[], ZoneInfo],
    paths: StatePaths,
    environ: Mapping[str, str],
    tracker: HealthTracker,
    bus: Bus,
    clock: Clock,
    tasks: TaskSet,
) -> LocalModels:
    """Wire the embedded model, the local engine, its files, its probes and the advice on others."""
    # Where systemd runs the models, the limits of their slice count for what fits.
    memory = MemoryReader(group=ENGINE_GROUP if environ.get(FOLDER_VARIABLE) else None).read
    library = Library(paths.root, paths.models)
    engine = LocalEngine(
        engines=engines,
        library=library,
        folders=EngineFolders(paths.engine, engines.home.libraries if isinstance(engines.home, EngineHome) else None),
        models=models,
        tracker=tracker,
        bus=bus,
        memory=memory,
        tasks=tasks,
    )
    tuner = Tuner(engine, engines.home, lambda: local_section(config()), environ, clock, tasks)
    engine.on_up = tuner.consider
    return LocalModels(
        config=config,
        embedded=Embedded(clock, zone),
        engines=engines,
        engine=engine,
        downloads=Downloads(library, clock, config, environ),
        probes=ModelProbes(engine, clock),
        remotes=Remotes(
            models=models,
            local=lambda: engine.client,
            offline=lambda: config().offline is not False,
            tracker=tracker,
            bus=bus,
            clock=clock,
            tasks=tasks,
        ),
        advice=ModelAdvice(engine, engines.home, lambda: local_section(config()), memory, environ),
        tuner=tuner,
        models=models,
        tracker=tracker,
        bus=bus,
    )
