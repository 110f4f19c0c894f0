"""homarus.reach: where this gateway listens, to whom, and what proves that it is this box; homarus.recovery.new."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from appliance.gateway.method import Call, Method
from appliance.gateway.methods.setup import OPEN_LAN
from appliance.gateway.reach import Reach
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.devices import ReachParams, ReachResult, RecoveryNewParams, RecoveryNewResult
from appliance.protocol.roles import ADMIN


def methods(*, reach: Callable[[], Reach], new_recovery: Callable[[], Awaitable[str]]) -> tuple[Method, ...]:
    """Return the methods. `new_recovery` makes the recovery code that is shown once."""

    def show(_: Call, params: ReachParams) -> ReachResult:
        now = reach()
        pages = [page(url) for url in now.urls]
        return ReachResult(
            urls=list(now.urls),
            pages=pages,
            source=now.source,
            loopback_only=now.loopback_only,
            tls_fingerprint=now.fingerprint if now.fingerprint is not None else UNSET,
            trust_page=f"{pages[0]}trust" if pages and now.fingerprint is not None else UNSET,
            open_lan=OPEN_LAN if now.loopback_only else UNSET,
        )

    async def renew(_: Call, params: RecoveryNewParams) -> RecoveryNewResult:
        return RecoveryNewResult(recovery_code=await new_recovery())

    return (
        Method("homarus.reach", ADMIN, ReachParams, show, result=ReachResult),
        Method("homarus.recovery.new", ADMIN, RecoveryNewParams, renew, result=RecoveryNewResult),
    )


def page(url: str) -> str:
    """Return the address of the web app for a ws or wss address."""
    scheme, rest = url.split("://", 1)
    return f"{'https' if scheme == 'wss' else 'http'}://{rest}/"
