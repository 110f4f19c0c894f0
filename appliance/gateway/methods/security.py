"""homarus.security.audit and renewCertificate: what is exposed, to whom, and the command that mends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from appliance.gateway.method import Call, Method
from appliance.protocol.methods.security import AuditParams, AuditResult, RenewResult
from appliance.protocol.roles import ADMIN


def methods(
    *, audit: Callable[[], Awaitable[AuditResult]], renew: Callable[[], Awaitable[RenewResult]]
) -> tuple[Method, ...]:
    """Return the methods about security."""

    async def run(_: Call, params: AuditParams) -> AuditResult:
        return await audit()

    async def another(_: Call, params: AuditParams) -> RenewResult:
        return await renew()

    return (
        Method("homarus.security.audit", ADMIN, AuditParams, run, result=AuditResult),
        Method("homarus.security.renewCertificate", ADMIN, AuditParams, another, result=RenewResult),
    )
