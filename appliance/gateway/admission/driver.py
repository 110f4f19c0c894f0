"""Carries out what the handshake decided: reads the device, writes approvals, makes hello."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from dataclasses import dataclass

from appliance.access.throttle import Throttle
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.gateway.admission.credential import Hello, Rules
from appliance.gateway.admission.handshake import Admit, AskOwner, decide
from appliance.gateway.admission.refusal import Refusal, not_ready, pairing_required
from appliance.gateway.hello import HelloBuilder
from appliance.gateway.method import ConnectionView, Surface
from appliance.gateway.transport.websocket import CloseCode
from appliance.identity.model import Approval, Device, PairingRequest
from appliance.identity.store import DeviceStore
from appliance.protocol.errors import to_wire, unavailable
from appliance.protocol.hello import HelloOk
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
    """A connection that may come in. `shared`: it stands on the shared secret and falls with it."""

    view: ConnectionView
    hello: HelloOk
    shared: bool


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
        announce: Callable[[PairingRequest], None] = lambda request: None,
    ) -> None:
        self.rules = rules
        self.phase = Phase.STARTING
        self._devices = devices
        self._throttle = throttle
        self._hello = hello
        self._clock = clock
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
            epoch, rules = self._devices.epoch, self.rules
            device = await self._devices.get(claimed) if len(claimed) == _DEVICE_ID_CHARS else None
            decision = decide(hello, rules, device, self._devices.tokens, self._throttle)
            if isinstance(decision, Refusal):
                return decision
            if isinstance(decision, AskOwner):
                return await self._ask_owner(decision, device)
            device = await self._settle(decision, device)
            # A right may have been taken away while we waited for the disk: then everything is decided again.
            if epoch == self._devices.epoch and rules is self.rules:
                return self._admitted(conn_id, hello, rules, decision, device)
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
            device = await self._devices.approve(claim, Approval.SILENT, now_ms)
        elif device.token(claim.role) is None:
            device = await self._devices.ensure_token(claim.device_id, claim.role, now_ms)
        if decision.confirm:
            device = await self._devices.confirm(claim.device_id, claim.role)
        self._devices.seen(claim.device_id, now_ms, "connect")
        return device

    def _admitted(self, conn_id: str, hello: Hello, rules: Rules, decision: Admit, device: Device | None) -> Admitted:
        params = hello.params
        view = ConnectionView(
            conn_id=conn_id,
            role=decision.role,
            scopes=frozenset(decision.scopes),
            caps=frozenset(params.caps),
            client=params.client,
            device_id=device.device_id if device is not None else None,
            direct_local=hello.peer.direct_local,
            locale=params.locale,
            time_zone=params.client.time_zone,
            surface=_surface(hello) if decision.role == NODE else None,
        )
        token = device.token(decision.role) if device is not None else None
        payload = self._hello.build(
            view,
            protocol=decision.protocol,
            method=decision.method,
            auth_mode=rules.auth.mode.value,
            device_token=self._devices.token_for(device, decision.role) if device and token else None,
            issued_at_ms=(token.rotated_at_ms or token.created_at_ms) if token else None,
        )
        return Admitted(view, payload, shared=decision.method in ("token", "password"))


def _surface(hello: Hello) -> Surface:
    params = hello.params
    return Surface(
        caps=tuple(dict.fromkeys(params.caps)),
        commands=tuple(dict.fromkeys(params.commands)),
        permissions=tuple(sorted((params.permissions or {}).items())),
        path_env=params.path_env,
        remote_ip=hello.peer.remote,
    )
