"""The wire methods that few calls ask for, in groups; each is loaded and built at the first call of one of its names.

So the imports of what stands behind a group are inside its function: an idle gateway holds none of it, which
tests/integration/test_lean_gateway.py pins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from appliance import __version__
from appliance.daemon.reach.devices import DeviceDoors
from appliance.daemon.wire.parts import Parts
from appliance.gateway.method import Method, MethodGroup
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.reach import Reachable
from appliance.gateway.server import Server
from appliance.protocol.roles import NODE, OPERATOR

if TYPE_CHECKING:
    from appliance.daemon.onboarding.set_up import Onboarding
    from appliance.gateway.methods.config import ConfigMethods
    from appliance.gateway.methods.pulls import Pulls


class OnDemand:
    """The groups of one gateway. Parts that several groups share are built once; `aclose` ends those that were."""

    def __init__(
        self, parts: Parts, server: Server, addressing: Addressing, doors: DeviceDoors, reach: Reachable
    ) -> None:
        self._parts = parts
        self._server = server
        self._addressing = addressing
        self._doors = doors
        self._reach = reach
        self._closers = AsyncExitStack()

    async def aclose(self) -> None:
        """End what runs here."""
        await self._closers.aclose()

    def groups(self) -> tuple[MethodGroup, ...]:
        """Return every group."""
        return (
            _group(self._usage, "usage.cost", unadvertised="sessions.usage"),
            _group(self._transfers, "homarus.sessions.search", "homarus.sessions.export", "homarus.sessions.import"),
            _group(
                self._model_jobs,
                *_under("homarus.models", "cancel", "look", "pull", "probe", "pullStatus"),
                *_under("homarus.models", "local", "use", "remove", "recommend", "tune", "tuning"),
            ),
            _group(self._learning, "homarus.models.learning", "homarus.models.forget"),
            _group(self._answers, "homarus.answers"),
            _group(self._logs, "logs.tail"),
            _group(self._agenda, "homarus.agenda.list", "homarus.agenda.cancel"),
            _group(self._lists, "homarus.lists.get", "homarus.lists.change", "homarus.notes.list"),
            _group(self._pictures, "homarus.qr", "homarus.chat.image"),
            _group(
                self._nodes,
                *_under("node", "list", "describe", "rename"),
                *_under("node.pair", "list", "approve", "reject", "remove"),
                *_under("node", "invoke", "invoke.result", "invoke.progress", "event"),
                *_under("node.pending", "enqueue", "drain", "pull", "ack"),
                *_under("node", "pluginTools.update", "skills.update"),
                "homarus.nodes.cancel",
                unadvertised="node.runnerInventory.update",
                nodes=True,
            ),
            _group(
                self._config,
                *_under("config", "get", "schema", "schema.lookup", "set", "apply", "patch"),
                "homarus.config.edit",
            ),
            _group(
                self._wizard,
                *_under("wizard", "start", "next", "cancel", "status"),
                "homarus.wizard.reset",
                "gateway.restart.request",
            ),
            _group(
                self._updates,
                *_under("update", "status", "run", "hold", "runs.get", "runs.list"),
                *_under("homarus.update", "status", "check", "apply", "rollback", "hold"),
            ),
            _group(self._security, "homarus.security.audit", "homarus.security.renewCertificate"),
            _group(self._backups, "homarus.backup.take"),
        )

    # ---- parts that groups share

    @cached_property
    def _config_methods(self) -> ConfigMethods:
        from appliance.config.describe import json_schema
        from appliance.config.document.edit import remove_value, set_value
        from appliance.gateway.methods.config import ConfigMethods, ConfigTools

        tools = ConfigTools(set_value, remove_value, json_schema)
        return ConfigMethods(file=self._parts.config, tools=tools, clock=self._parts.clock, version=__version__)

    @cached_property
    def _pulls(self) -> Pulls:
        from appliance.gateway.methods.pulls import Pulls

        local = self._parts.local
        pulls = Pulls(local.downloads, local.use, local.probes)
        self._closers.push_async_callback(pulls.aclose)
        return pulls

    @cached_property
    def _onboarding(self) -> Onboarding:
        from appliance.daemon.onboarding.box_facts import BoxFacts
        from appliance.daemon.onboarding.pairing_code import PairingCode
        from appliance.daemon.onboarding.set_up import Around, Onboarding

        parts = self._parts
        codes = PairingCode(self._doors.setup, parts.trust, self._reach)
        box = BoxFacts(parts.config, parts.local, self._pulls, codes, parts.exposed.exposure.bind)
        around = Around(box=box, paths=parts.paths, change=self._config_methods.merge, restart=parts.restart)
        onboarding = Onboarding(around)
        self._closers.push_async_callback(onboarding.aclose)
        return onboarding

    # ---- groups

    def _usage(self) -> Iterable[Method]:
        from appliance.gateway.methods import usage

        parts = self._parts
        return usage.methods(
            store=parts.store, models=parts.models, addressing=self._addressing, zone=lambda: parts.config.zone
        )

    def _transfers(self) -> Iterable[Method]:
        from appliance.gateway.methods import transfers

        return transfers.methods(store=self._parts.store, addressing=self._addressing, bus=self._parts.bus)

    def _model_jobs(self) -> Iterable[Method]:
        from appliance.gateway.methods import local_models, pulls, tuning

        local = self._parts.local
        return [
            *pulls.methods(pulls=self._pulls),
            *local_models.methods(files=local, adviser=local.advice),
            *tuning.methods(tuner=local.tuner),
        ]

    def _learning(self) -> Iterable[Method]:
        from appliance.gateway.methods import learning

        return learning.methods(learning=self._parts.learning)

    def _answers(self) -> Iterable[Method]:
        from appliance.gateway.methods import answers

        parts = self._parts
        return answers.methods(
            answers=parts.meter, engine=parts.models.local_info, standing=parts.local.engine.standing
        )

    def _logs(self) -> Iterable[Method]:
        from appliance.gateway.methods import logs

        return logs.methods(log_file=self._parts.log_file)

    def _agenda(self) -> Iterable[Method]:
        from appliance.gateway.methods import agenda

        return agenda.methods(agenda=self._parts.agenda, addressing=self._addressing)

    def _lists(self) -> Iterable[Method]:
        from appliance.gateway.methods import lists

        return lists.methods(notes=self._parts.notes, addressing=self._addressing)

    def _pictures(self) -> Iterable[Method]:
        from appliance.gateway.methods import images, pictures

        parts = self._parts
        shown = images.methods(store=parts.store, blobs=parts.blobs, addressing=self._addressing)
        return [*pictures.methods(), *shown]

    def _nodes(self) -> Iterable[Method]:
        from appliance.daemon.reach.node_methods import node_methods

        return node_methods(self._parts.nodes, self._server.broadcaster)

    def _config(self) -> Iterable[Method]:
        return self._config_methods.methods()

    def _wizard(self) -> Iterable[Method]:
        from appliance.gateway.methods.wizard import Wizard

        return Wizard(self._onboarding, self._parts.restart).methods()

    def _updates(self) -> Iterable[Method]:
        from appliance.gateway.methods.updates import UpdateMethods

        return UpdateMethods(self._parts.updates.desk).methods()

    def _security(self) -> Iterable[Method]:
        from appliance.daemon.reach.audit import Audit

        parts = self._parts
        return Audit(
            config=lambda: parts.config.config,
            environ=parts.config.environ,
            paths=parts.paths,
            exposed=parts.exposed,
            reach=self._reach,
            trust=parts.trust,
            clock=parts.clock,
        ).methods()

    def _backups(self) -> Iterable[Method]:
        from appliance.daemon.reach.exposure import box_name
        from appliance.gateway.methods import backups

        parts = self._parts
        return backups.methods(
            take=parts.care.taking.take, box=parts.key.device_id, name=box_name(), version=__version__
        )


def _group(
    make: Callable[[], Iterable[Method]], *names: str, unadvertised: str | None = None, nodes: bool = False
) -> MethodGroup:
    roles = frozenset({OPERATOR, NODE}) if nodes else frozenset({OPERATOR})
    return MethodGroup(names, make, (unadvertised,) if unadvertised is not None else (), roles)


def _under(noun: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{noun}.{verb}" for verb in verbs)
