"""Starts services one after another and stops them in reverse order, whatever fails in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from appliance.supervisor.service import Service

_log = logging.getLogger(__name__)

_STOP_TIMEOUT_S = 10.0  # per service: a stop must not hang the shutdown of the box


class Supervisor:
    """Holds the services in their order: each may use those before it."""

    def __init__(self, services: Sequence[Service], *, stop_timeout_s: float = _STOP_TIMEOUT_S) -> None:
        self._services = tuple(services)
        self._stop_timeout_s = stop_timeout_s
        self._started: list[Service] = []

    async def start(self) -> None:
        """Start everything; if one fails, stop what was started and raise its error."""
        for service in self._services:
            self._started.append(service)  # a start that fails half-way is stopped too
            try:
                await service.start()
                await service.ready()
            except BaseException:
                _log.error("service %s did not start", service.name)
                await self.stop()
                raise

    async def stop(self) -> None:
        """Stop everything that was started, last first. Errors are logged: the others are stopped all the same."""
        while self._started:
            service = self._started.pop()
            try:
                async with asyncio.timeout(self._stop_timeout_s):
                    await service.stop()
            except TimeoutError:
                _log.error("service %s did not stop within %s s", service.name, self._stop_timeout_s)
            except Exception:  # noqa: BLE001 - it is logged, and the others must be stopped too
                _log.exception("service %s failed while stopping", service.name)
