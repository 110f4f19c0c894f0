"""The setup code that a set-up shows: made when it is needed, watched until somebody used it."""

from __future__ import annotations

from collections.abc import Callable

from appliance.daemon.reach.trust import TrustParts
from appliance.gateway.method import Call
from appliance.gateway.methods.setup import Setup
from appliance.gateway.reach import Reach
from appliance.identity.setup.code import decode
from appliance.onboarding.model import Code
from appliance.protocol.methods.devices import SetupCodeParams


class PairingCode:
    """At most one live code, in memory only."""

    def __init__(self, setup: Setup, trust: TrustParts, reach: Callable[[], Reach]) -> None:
        self._setup = setup
        self._codes = trust.setup
        self._devices = trust.devices
        self._reach = reach
        self._made: tuple[str, str, int, bool] | None = None  # id, code, end, only this machine gets here

    async def make(self, call: Call) -> None:
        """Make a code in place of the one before. Raises ApplianceError."""
        if self._made is not None:
            await self._codes.cancel(self._made[0])
        reach = self._reach()
        near = reach.loopback_only
        made = await self._setup.code(call, SetupCodeParams(public_url=reach.urls[0] if near else None))
        self._made = (made.setup_id, made.setup_code, made.expires_at_ms, near)

    def shown(self, now_ms: int) -> Code | None:
        """Return the code while it can be used."""
        if self._made is None:
            return None
        setup_id, code, end_ms, near = self._made
        status = self._codes.status(setup_id, now_ms)
        if status is None or not status.live:
            return None
        return Code(code, decode(code).page(), -(-(end_ms - now_ms) // 60_000), near)

    def paired(self, now_ms: int) -> str | None:
        """Return the name of the device that used the code."""
        status = self._codes.status(self._made[0], now_ms) if self._made is not None else None
        done = status.completion if status is not None else None
        return None if done is None else done.device_name or f"device {done.device_id[:8]}"

    async def devices(self) -> int:
        """Return how many devices are paired."""
        return len(await self._devices.devices())

    def forget(self) -> None:
        """Show this code no more; it still works until its time is over."""
        self._made = None
