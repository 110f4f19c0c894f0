"""device.scopes.*: a connected device asks the owner for more rights and waits for the answer (protocol.md 5.2)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from typing import Final

from appliance.access.scopes import covers, known, normalise
from appliance.foundation.clock import Clock
from appliance.gateway.broadcast import Broadcaster
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.device_rows import pending_row
from appliance.gateway.methods.devices import Decision
from appliance.identity.model import Claim, Device, PairingRequest
from appliance.identity.pairing import Need
from appliance.identity.store import REQUEST_LIFE_MS, DeviceStore
from appliance.protocol.errors import ErrorCode, WireError, invalid_request, unavailable
from appliance.protocol.methods.devices import (
    UpgradeRequestParams,
    UpgradeRequestResult,
    UpgradeWaitParams,
    UpgradeWaitResult,
)
from appliance.protocol.roles import OPERATOR, READ

_MAX_REMEMBERED: Final = 256
"""Decisions that are kept for a device that comes to wait after the owner was quicker."""

_MAX_WAITS: Final = 4
"""Waits for one request: more pages of one device than anybody looks at. They outlive their sockets."""


class Upgrades:
    """Takes requests for more scopes and tells how they were decided. `resolved` hears of every decision."""

    def __init__(self, devices: DeviceStore, broadcaster: Broadcaster, clock: Clock) -> None:
        self._devices = devices
        self._broadcaster = broadcaster
        self._clock = clock
        self._decided: OrderedDict[str, tuple[str, Decision]] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Event]] = {}

    def methods(self) -> tuple[Method, ...]:
        """Return the methods."""
        return (
            Method(
                "device.scopes.requestUpgrade", READ, UpgradeRequestParams, self.request, result=UpgradeRequestResult
            ),
            Method("device.scopes.waitUpgrade", READ, UpgradeWaitParams, self.wait, result=UpgradeWaitResult),
        )

    def resolved(self, request: PairingRequest, decision: Decision) -> None:
        """Remember a decision and wake who waits for it."""
        self._decided[request.request_id] = (request.claim.device_id, decision)
        if len(self._decided) > _MAX_REMEMBERED:
            self._decided.popitem(last=False)
        for waiting in self._waiting.get(request.request_id, ()):
            waiting.set()

    async def request(self, call: Call, params: UpgradeRequestParams) -> UpgradeRequestResult:
        device = await self._device(call)
        wanted = normalise(params.scopes)
        if len(known(params.scopes)) != len(set(params.scopes)):
            raise invalid_request(f"unknown scope in {', '.join(params.scopes)}")
        if not covers(wanted, call.connection.scopes):
            raise invalid_request("an upgrade must include the current scopes of this connection")
        token = device.token(OPERATOR)
        if token is not None and covers(token.scopes, wanted):
            raise invalid_request("this device has these scopes already: connect again and ask for them")
        request, new = await self._devices.request(_claim(call, device, wanted), Need.SCOPE_UPGRADE.value, call.now_ms)
        if new:
            self._broadcaster.send("device.pair.requested", pending_row(request), about=device.device_id)
        return UpgradeRequestResult(request_id=request.request_id)

    async def wait(self, call: Call, params: UpgradeWaitParams) -> UpgradeWaitResult:
        """Answer when the owner has decided, or when the request is over."""
        device_id, request_id = (await self._device(call)).device_id, params.request_id
        waiting = self._waiting.setdefault(request_id, [])
        if len(waiting) >= _MAX_WAITS:
            raise unavailable("this device waits for this decision already")
        woken = asyncio.Event()
        waiting.append(woken)
        try:
            waited = await self._until_decided(device_id, request_id, woken)
        finally:
            waiting.remove(woken)
            if not waiting:
                del self._waiting[request_id]
        of_device, decision = self._decided.get(request_id, ("", None))
        if decision is None and waited:
            return UpgradeWaitResult(request_id=request_id, status="expired")
        if decision is None or of_device != device_id:
            raise _not_found()  # also for another device: it must not learn that there is such a request
        return await self._result(device_id, request_id, decision)

    async def _until_decided(self, device_id: str, request_id: str, woken: asyncio.Event) -> bool:
        """Wait for a decision or for the end of the request; return whether there was anything to wait for."""
        waited = False
        while request_id not in self._decided:
            left_ms = await self._left_ms(device_id, request_id)
            if left_ms is None:
                break
            waited = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_ms / 1000):
                    await woken.wait()
        return waited

    async def _left_ms(self, device_id: str, request_id: str) -> int | None:
        """How long the request still waits for its owner; None when it does not. Asking again lengthens it."""
        now_ms = self._clock.now_ms()
        for one in await self._devices.requests(now_ms):
            if one.request_id == request_id and one.claim.device_id == device_id:
                return max(1, one.ts + REQUEST_LIFE_MS - now_ms)
        return None

    async def _result(self, device_id: str, request_id: str, decision: Decision) -> UpgradeWaitResult:
        if decision == "rejected":
            return UpgradeWaitResult(request_id=request_id, status="rejected")
        device = await self._devices.get(device_id)
        token = device.token(OPERATOR) if device is not None else None
        if device is None or token is None:
            raise _not_found()  # taken away again in the meantime
        return UpgradeWaitResult(
            request_id=request_id,
            status="approved",
            device_token=self._devices.token_for(device, OPERATOR),
            scopes=list(token.scopes),
        )

    async def _device(self, call: Call) -> Device:
        device_id = call.connection.device_id
        device = await self._devices.get(device_id) if device_id is not None else None
        if device is None:
            raise WireError(
                ErrorCode.INVALID_REQUEST,
                "a scope upgrade needs a paired device: pair this one with the code of `homarus pair`",
                details={"code": "DEVICE_IDENTITY_REQUIRED", "recommendedNextStep": "reopen_control_ui_securely"},
            )
        return device


def _claim(call: Call, device: Device, scopes: tuple[str, ...]) -> Claim:
    """What the device asks to be: itself, with more scopes."""
    return Claim(
        device_id=device.device_id,
        public_key=device.public_key,
        role=OPERATOR,
        scopes=scopes,
        display_name=device.display_name,
        platform=device.platform,
        device_family=device.device_family,
        client_id=call.connection.client.id,
        client_mode=call.connection.client.mode,
        browser_origin=device.browser_origin,
        remote_ip=device.remote_ip,
    )


def _not_found() -> WireError:
    return invalid_request("scope upgrade expired or not found")
