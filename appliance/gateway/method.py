"""A wire method as a value: its name, the right it needs, its parameters and who answers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import msgspec

from appliance.access.scopes import expand
from appliance.protocol.connect import ClientInfo
from appliance.protocol.errors import WireError
from appliance.protocol.roles import ADMIN, READ

MAX_RUNS: Final = 256
"""Runs that a connection is remembered to take part in, and sessions whose messages it may subscribe to."""


class NoParams(msgspec.Struct, frozen=True):
    """Parameters of a method that takes none; whatever is sent is ignored."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What a node says it can do (protocol.md 5.5). Nothing of it is a right until the owner approved it.

    `vouched`: the device came with a setup code of the owner's, which approves the device and its surface at once.
    `token_only`: it proved no more than that it is the device that was let in once, with its device token.
    """

    caps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    permissions: tuple[tuple[str, bool], ...] = ()
    path_env: str | None = None
    remote_ip: str = ""
    vouched: bool = False
    token_only: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """Who is at the other end, as agreed in the handshake. It does not change while the socket lives.

    `epoch` is that of the device store when the rights were decided: what shrank since then ends them.
    """

    conn_id: str
    role: Literal["operator", "node"]
    scopes: frozenset[str]
    caps: frozenset[str]
    client: ClientInfo
    device_id: str | None = None
    direct_local: bool = False
    locale: str | None = None
    time_zone: str | None = None
    surface: Surface | None = None
    epoch: int = 0

    @property
    def reads(self) -> bool:
        """Whether it may know what happens on this box: a node, and a program without a device far away, may not."""
        return self.role == "operator" and READ in expand(self.scopes)

    def manages(self, device_id: str) -> bool:
        """Tell whether this connection may see and handle a device: an admin each one, any other device only itself.

        Who has no device came with the secret of the gateway or over its control socket: that is a program of the
        owner, and it asks only for the scopes that a method needs (protocol.md 3.1).
        """
        return ADMIN in self.scopes or self.device_id in (None, device_id)


@dataclass(slots=True)
class Subscriptions:
    """What a connection asked to hear. Owned by the connection, gone with it."""

    sessions: bool = False
    messages: set[str] = field(default_factory=set)
    runs: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def join_run(self, run_id: str) -> None:
        """Take part in a run: its tool events reach this connection (protocol.md 6). The oldest is forgotten."""
        self.runs[run_id] = None
        if len(self.runs) > MAX_RUNS:
            self.runs.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way to a handler.

    `actor` names on whose behalf it runs (`device:<id>`, or `<client id>/<client mode>` without a device);
    `early` sends the first of two responses.
    """

    connection: ConnectionView
    actor: str
    now_ms: int
    subscriptions: Subscriptions
    request_id: str
    early: Callable[[Any], None]


Handler: TypeAlias = Callable[[Call, Any], Awaitable[Any]] | Callable[[Call, Any], Any]
"""`async def` for what may wait; a plain function that only reads memory is answered without starting a task."""

Scope: TypeAlias = str | Callable[[Any], str] | None
"""`operator.<name>`; None for any operator; or a function of the decoded parameters (protocol.md 6, dynamic)."""


@dataclass(frozen=True, slots=True)
class Method:
    """One entry of the method table.

    `idempotent`: the parameters carry `idempotency_key`, and the same key from the same actor gets the first result
    again, also after a restart. `narrow` is the lesser scope that is enough as well (`operator.sessions.read`).
    `result` is only for the exported schema. An `advertised=False` method works but is not in hello.
    """

    name: str
    scope: Scope
    params: type[msgspec.Struct]
    handler: Handler
    role: Literal["operator", "node"] = "operator"
    idempotent: bool = False
    narrow: str | None = None
    result: Any = None
    advertised: bool = True


@dataclass(frozen=True, slots=True)
class MethodGroup:
    """Methods that are made together when the first of them is wanted; what they stand on need not be loaded before.

    `make` returns exactly the methods `names` (in hello) and `unadvertised` (not in it), all for one of `roles`: who
    has none of these is refused before anything is made. The scope of a method is known only when it is made.
    """

    names: Sequence[str]
    make: Callable[[], Iterable[Method]]
    unadvertised: Sequence[str] = ()
    roles: frozenset[str] = frozenset({"operator"})

    @property
    def all_names(self) -> tuple[str, ...]:
        return (*self.names, *self.unadvertised)


class MethodTable:
    """Every method that this gateway answers, by name. Registration is explicit and a name is taken once."""

    def __init__(self, methods: Iterable[Method] = ()) -> None:
        self._methods: dict[str, Method] = {}
        self._promised: dict[str, MethodGroup] = {}
        for method in methods:
            self.register(method)

    def register(self, method: Method) -> None:
        """Add `method`; raise ValueError if its name is taken or it lacks a key that it promises."""
        self._check_free(method.name)
        _check_key(method)
        self._methods[method.name] = method

    def promise(self, group: MethodGroup) -> None:
        """Add methods that `get` and `all` make when they need them; raise ValueError if one of the names is taken."""
        for name in group.all_names:
            self._check_free(name)
            self._promised[name] = group

    def get(self, name: str) -> Method | None:
        if (group := self._promised.get(name)) is not None:
            self._keep(group)
        return self._methods.get(name)

    def promised(self, name: str) -> MethodGroup | None:
        """Return the group that `get` would make for this name; None for what is made already, or unknown."""
        return self._promised.get(name)

    def names(self) -> list[str]:
        """The names that hello advertises, sorted."""
        made = (name for name, method in self._methods.items() if method.advertised)
        return sorted([*made, *(name for name, group in self._promised.items() if name in group.names)])

    def all(self) -> tuple[Method, ...]:
        while self._promised:
            self._keep(next(iter(self._promised.values())))
        return tuple(self._methods.values())

    def _keep(self, group: MethodGroup) -> None:
        """Make what was promised; raise ValueError if that is something else."""
        made = tuple(group.make())
        promised = sorted((name, name in group.names) for name in group.all_names)
        same = sorted((method.name, method.advertised) for method in made) == promised
        if not same or not group.roles.issuperset(method.role for method in made):
            raise ValueError(f"the methods {' '.join(group.all_names)} were promised and others made")
        for method in made:
            _check_key(method)  # before anything changes: a group is there whole, or still promised
        for method in made:
            del self._promised[method.name]
            self._methods[method.name] = method

    def _check_free(self, name: str) -> None:
        if name in self._methods or name in self._promised:
            raise ValueError(f"method {name} is registered twice")


def _check_key(method: Method) -> None:
    if method.idempotent and "idempotency_key" not in method.params.__struct_fields__:
        raise ValueError(f"method {method.name} is idempotent but its parameters have no idempotency_key")


__all__ = [
    "Call",
    "ConnectionView",
    "Handler",
    "Method",
    "MethodGroup",
    "MethodTable",
    "NoParams",
    "Scope",
    "Subscriptions",
    "WireError",
]
