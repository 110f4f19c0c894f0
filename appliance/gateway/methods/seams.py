"""What the handlers ask of the rest of the program, as narrow protocols and plain facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.dispatch.commands import Command
from appliance.dispatch.dispatcher import InFlight, Submitted
from appliance.generation import ModelInfo
from appliance.lanes import LaneFacts
from appliance.sessions.model import Entry, Inbound, Run, Session


class Dispatching(Protocol):
    """The door for turns (dispatch.dispatcher)."""

    async def submit(self, inbound: Inbound) -> Submitted: ...
    async def abort(self, session_key: str, run_id: str | None = None, *, reason: str = "rpc") -> tuple[str, ...]: ...
    async def wait(self, run_id: str, timeout_s: float) -> Run | None: ...
    def active(self, session_key: str) -> tuple[str, ...]: ...
    def in_flight(self, session_key: str) -> InFlight | None: ...
    def waiting(self, session_key: str) -> tuple[Inbound, ...]: ...
    async def inject(self, session: Session, message: str, label: str | None) -> Entry: ...
    def commands(self) -> tuple[Command, ...]: ...
    def lanes(self) -> tuple[LaneFacts, ...]: ...


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """One configured agent. `named_by` is `config` or `default`; model references are `provider/model`."""

    id: str
    name: str
    named_by: str = "default"
    workspace: str | None = None
    primary: str | None = None
    fallbacks: tuple[str, ...] = ()
    emoji: str | None = None
    avatar: str | None = None


class Agents(Protocol):
    """The configured agents. There is always at least one; the first is the default."""

    def __call__(self) -> Sequence[AgentFacts]: ...


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as lists show it. `reason` is missing-auth, auth-failed or cooldown when it cannot be asked now."""

    info: ModelInfo
    available: bool = True
    reason: str | None = None
    alias: str | None = None
    tags: tuple[str, ...] = ()


class Models(Protocol):
    """The models that are set up (providers.catalog)."""

    def listed(self) -> Sequence[ListedModel]:
        """Return every known model; those that would be asked first come first."""
        ...

    def primary(self, agent_id: str) -> ModelInfo | None:
        """Return the model that an agent asks first; None when nothing is set up."""
        ...

    def find(self, wanted: str) -> ModelInfo | None:
        """Return the model of a reference `provider/model` or of an alias."""
        ...


class Understanding(Protocol):
    """The embedded model that turns a sentence into a call of a tool, or says `escalate`."""

    async def understand(self, text: str, lang: str | None) -> Interpreted: ...


class Interpreted(Protocol):
    """What a sentence means."""

    @property
    def tool(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, Any]: ...
    @property
    def confidence(self) -> float: ...
