"""Carries out what the handshake decided: reads the device, writes approvals, makes hello."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from appliance.access.throttle import Throttle
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.visible import visible_name
from appliance.gateway.admission.bootstrap import Redeem, Spoil
from appliance.gateway.admission.credential import AuthMethod, Hello, Rules
from appliance.gateway.admission.handshake import Admit, AskOwner, decide
from appliance.gateway.admission.refusal import Refusal, invalid_code, not_ready, pairing_required
from appliance.gateway.hello import HelloBuilder
from appliance.gateway.method import ConnectionView, Surface
from appliance.gateway.transport.websocket import CloseCode
from appliance.identity.model import Device, PairingRequest
from appliance.identity.setup.profiles import Profile
from appliance.identity.setup.store import Bootstrap, SetupCodes
from appliance.identity.store import DeviceStore
from appliance.protocol.connect import ClientInfo
from appliance.protocol.errors import to_wire, unavailable
from appliance.protocol.hello import HandedToken, HelloOk
from appliance.protocol.roles import NODE

_log = logging.getLogger(__name__)
_DEVICE_ID_CHARS = 64
_ATTEMPTS = 3


class Phase(enum.Enum):
    """What the gateway answers to a connect."""

    STARTING = enum.auto()
    SERVING = enum.auto()
    DRAINING = enum.auto()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A connection that may come in. `shared`: it stands on the shared secret and falls with it.

    `setup_id`: it spent this setup code; say with `Admission.delivered` whether the client could be told.
    """

    view: ConnectionView
    hello: HelloOk
    shared: bool
    setup_id: str | None = None


class Admission:
    """The one door. `rules` may be replaced while the gateway runs: each connect reads them anew."""

    def __init__(
        self,
        *,
        rules: Rules,
        devices: DeviceStore,
        throttle: Throttle,
        hello: HelloBuilder,
        clock: Clock,
        codes: SetupCodes | None = None,
        announce: Callable[[PairingRequest], None] = lambda request: None,
    ) -> None:
        self.rules = rules
        self.phase = Phase.STARTING
        self._devices = devices
        self._throttle = throttle
        self._hello = hello
        self._clock = clock
        self._codes = codes
        self._announce = announce

    async def admit(self, conn_id: str, hello: Hello) -> Admitted | Refusal:
        """Decide about one connect and do what that needs."""
        if self.phase is Phase.STARTING:
            return not_ready("gateway starting; retry shortly", "startup-sidecars")
        if self.phase is Phase.DRAINING:
            return not_ready("gateway restarting; retry shortly", "gateway-restarting")
        try:
            return await self._decide(conn_id, hello)
        except ApplianceError as error:
            return Refusal(to_wire(error), CloseCode.TRY_LATER)

    async def _decide(self, conn_id: str, hello: Hello) -> Admitted | Refusal:
        claimed = hello.params.device.id if hello.params.device is not None else ""
        for _ in range(_ATTEMPTS):
            epoch, rules = self._devices.shrinks.epoch, self.rules
            device = await self._devices.get(claimed) if len(claimed) == _DEVICE_ID_CHARS else None
            decision = decide(hello, rules, device, self._devices.tokens, self._throttle, self._found(hello))
            if isinstance(decision, Refusal):
                return decision
            if isinstance(decision, AskOwner):
                return await self._ask_owner(decision, device)
            if isinstance(decision, Redeem | Spoil):
                return await self._spend(conn_id, hello, rules, decision)
            device = await self._settle(decision, device)
            # A right may have been taken away while we waited for the disk: then everything is decided again.
            if epoch == self._devices.shrinks.epoch and rules is self.rules:
                only = decision.method == "device-token"
                view = self._view(conn_id, hello, decision.role, decision.scopes, device, epoch, token_only=only)
                payload = self._build(view, rules, decision.protocol, decision.method, device)
                return Admitted(view, payload, shared=decision.method in ("token", "password"))
        return Refusal(unavailable("the rights of this device are changing; try again"), CloseCode.TRY_LATER)

    async def _ask_owner(self, decision: AskOwner, device: Device | None) -> Refusal:
        repair = device is not None and device.public_key != decision.claim.public_key
        request, new = await self._devices.request(
            decision.claim, decision.need.value, self._clock.now_ms(), repair=repair
        )
        if new:
            _log.info("device %s asks for approval (%s)", request.claim.device_id, decision.need)
            self._announce(request)
        return pairing_required(request, decision.need, device, retryable=decision.retryable)

    async def _settle(self, decision: Admit, device: Device | None) -> Device | None:
        """Write what the decision changes. A known device that changes nothing costs no write."""
        claim = decision.claim
        if claim is None:
            return None
        now_ms = self._clock.now_ms()
        if decision.approve or device is None:
            device = await self._devices.approve(claim, decision.via, now_ms)
        elif device.token(claim.role) is None:
            device = await self._devices.ensure_token(claim.device_id, claim.role, now_ms)
        if decision.confirm:
            device = await self._devices.confirm(claim.device_id, claim.role)
        self._devices.seen(claim.device_id, now_ms, "connect")
        return device

    def _found(self, hello: Hello) -> Bootstrap | None:
        auth = hello.params.auth
        if self._codes is None or auth is None or not auth.bootstrap_token:
            return None
        return self._codes.find(auth.bootstrap_token, hello.now_ms)

    async def _spend(self, conn_id: str, hello: Hello, rules: Rules, decision: Redeem | Spoil) -> Admitted | Refusal:
        """Spend the code and admit, in one step: from the commit to hello nothing comes between."""
        codes = self._codes
        assert codes is not None
        if isinstance(decision, Spoil):
            _log.warning(
                "a setup code (%s) was presented by a client that it is not for: %s, %s",
                decision.bootstrap.profile,
                decision.claim.client_id,
                hello.peer.remote,
            )
            await codes.bind(decision.bootstrap, decision.claim)
            return decision.refusal
        device = await codes.redeem(
            decision.bootstrap, decision.token, decision.claim, decision.granted, self._clock.now_ms()
        )
        if device is None:
            return invalid_code()
        # The recovery code makes an owner: whoever reads the log should see that it was used.
        level = logging.WARNING if decision.bootstrap.profile is Profile.RECOVERY else logging.INFO
        _log.log(level, "device %s came with a code (%s)", device.device_id, decision.bootstrap.profile)
        self._devices.seen(device.device_id, self._clock.now_ms(), "connect")
        epoch = self._devices.shrinks.epoch
        view = self._view(conn_id, hello, decision.role, decision.scopes, device, epoch, vouched=True)
        handed = tuple(
            HandedToken(self._devices.token_for(device, role), role, device.tokens[role].scopes, _issued(device, role))
            for role in decision.granted.roles
            if role != decision.role
        )
        payload = self._build(view, rules, decision.protocol, "bootstrap-token", device, handed)
        return Admitted(view, payload, shared=False, setup_id=decision.bootstrap.setup_id)

    async def delivered(self, admitted: Admitted, *, certain: bool) -> None:
        """Tell the owner that a setup code was spent, and whether the device knows (protocol.md 5.3)."""
        if admitted.setup_id is None or self._codes is None:
            return
        try:
            await self._codes.delivered(admitted.setup_id, certain=certain)
        except ApplianceError as error:
            _log.warning("how setup code %s ended was not kept: %s", admitted.setup_id, error)

    def _view(
        self,
        conn_id: str,
        hello: Hello,
        role: Literal["operator", "node"],
        scopes: tuple[str, ...],
        device: Device | None,
        epoch: int,
        *,
        vouched: bool = False,
        token_only: bool = False,
    ) -> ConnectionView:
        params = hello.params
        return ConnectionView(
            conn_id=conn_id,
            role=role,
            scopes=frozenset(scopes),
            caps=frozenset(params.caps),
            client=_presentable(params.client),
            device_id=device.device_id if device is not None else None,
            direct_local=hello.peer.direct_local,
            locale=params.locale,
            time_zone=params.client.time_zone,
            surface=_surface(hello, vouched, token_only) if role == NODE else None,
            epoch=epoch,
        )

    def _build(
        self,
        view: ConnectionView,
        rules: Rules,
        protocol: int,
        method: AuthMethod,
        device: Device | None,
        handed: tuple[HandedToken, ...] = (),
    ) -> HelloOk:
        token = device.token(view.role) if device is not None else None
        return self._hello.build(
            view,
            protocol=protocol,
            method=method,
            auth_mode=rules.auth.mode.value,
            device_token=self._devices.token_for(device, view.role) if device and token else None,
            issued_at_ms=_issued(device, view.role) if device and token else None,
            handed=handed,
        )


def _presentable(client: ClientInfo) -> ClientInfo:
    """What a client says of itself, as everybody else is shown it."""
    texts = ((name, value) for name, value in msgspec.structs.asdict(client).items() if isinstance(value, str))
    return msgspec.structs.replace(client, **{name: visible_name(text) for name, text in texts})


def _issued(device: Device, role: str) -> int:
    token = device.tokens[role]
    return token.rotated_at_ms or token.created_at_ms


def _surface(hello: Hello, vouched: bool, token_only: bool) -> Surface:
    params = hello.params
    return Surface(
        caps=tuple(dict.fromkeys(params.caps)),
        commands=tuple(dict.fromkeys(params.commands)),
        permissions=tuple(sorted((params.permissions or {}).items())),
        path_env=params.path_env,
        remote_ip=hello.peer.remote,
        vouched=vouched,
        token_only=token_only,
    )
