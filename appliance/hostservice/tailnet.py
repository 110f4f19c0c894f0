"""Tailscale on a box, as root: off until the owner joins a tailnet, and off again when they leave it."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock, SystemClock
from appliance.host.tailscale import SOCKET, LocalApi, TailscaleError
from appliance.host.tailscale.joining import Joined, join, leave, standing
from appliance.hostservice.frame import RequestError
from appliance.hostservice.systemctl import begin

MARK: Final = Path("/data/system/tailnet.json")
"""homarus-tailscaled.service runs where this is; everybody on the box may read it."""

KEPT_KEY: Final = Path("/data/system/tailscale-authkey")
"""Written at the first start from homarus.toml; root's alone."""

_NEVER: Final = ("tailscale_absent", "host_request")
_log = logging.getLogger(__name__)
_UNIT: Final = "homarus-tailscaled.service"
_DAEMON: Final = Path("/usr/lib/homarus/tailscale/tailscaled")
_OPERATOR: Final = "homarus"
_STARTS_S: Final = 15.0
_LOOK_S: Final = 0.25
_MAX_KEY: Final = 512


class Tailnet:
    """The verbs, with what they touch."""

    def __init__(
        self,
        *,
        mark: Path = MARK,
        daemon: Path = _DAEMON,
        sock: Path = SOCKET,
        clock: Clock | None = None,
        begin: Callable[..., None] = begin,
        host: Callable[[], str] = socket.gethostname,
    ) -> None:
        self._mark = mark
        self._daemon = daemon
        self._api = LocalApi(sock)
        self._clock: Clock = clock or SystemClock()
        self._begin = begin
        self._host = host

    def join(self, params: Mapping[str, object]) -> Mapping[str, object]:
        """Start the daemon and ask to be let in. `params`: {"authKey"} or nothing. Raises RequestError."""
        key = params.get("authKey", "")
        if not isinstance(key, str) or len(key) > _MAX_KEY or not key.isascii() or (key and not key.isprintable()):
            raise RequestError("host_request", "A key of Tailscale is one word, tskey-auth-….")
        self._must_be_there()
        write_atomic(self._mark, json.dumps({"joinedMs": self._clock.now_ms()}).encode(), mode=0o644)
        self._begin("start", _UNIT)

        async def ask() -> Joined:
            await self._answers()
            return await join(self._api, self._clock, host=self._host(), operator=_OPERATOR, key=key)

        return _told(_run(ask()))

    def leave(self, params: Mapping[str, object]) -> Mapping[str, object]:
        """Log this box out of its tailnet and stop the daemon. Raises RequestError."""
        if self._mark.exists():
            try:
                _run(leave(self._api))
            finally:  # a daemon that does not answer keeps nobody from leaving
                self._mark.unlink(missing_ok=True)
                self._begin("stop", _UNIT)
        return {"state": "off"}

    def status(self, params: Mapping[str, object]) -> Mapping[str, object]:
        """Say where this box is. Raises RequestError."""
        if not self._daemon.exists():
            return {"state": "absent"}
        if not self._mark.exists():
            return {"state": "off"}
        return _told(_run(standing(self._api)))

    def _must_be_there(self) -> None:
        if not self._daemon.exists():
            raise RequestError(
                "tailscale_absent",
                "This image was built without Tailscale; HOMARUS_TAILSCALE names it to `scripts/image`.",
            )

    async def _answers(self) -> None:
        """Wait until the daemon that was just started answers. Raises TailscaleError."""
        until_s = self._clock.monotonic() + _STARTS_S
        while True:
            try:
                await standing(self._api)
                return
            except TailscaleError:
                if self._clock.monotonic() >= until_s:
                    raise
            await self._clock.sleep(_LOOK_S)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except TailscaleError as error:
        raise RequestError(error.code, str(error)) from error


def _told(joined: Joined) -> dict[str, object]:
    return {"state": joined.state, "name": joined.name, "url": joined.url}


def join_with_kept_key(tailnet: Tailnet, file: Path = KEPT_KEY) -> int:
    """Use the key that the settings of the first start left, once, and remove it; 1 to try again later."""
    try:
        key = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        _log.error("%s cannot be read: %s", file, error)
        return 0
    try:
        told = tailnet.join({"authKey": key})
    except RequestError as error:
        _log.error("%s", error)
        if error.code not in _NEVER:
            return 1
        told = {}
    file.unlink(missing_ok=True)  # it was used, or never will be: a secret that nobody needs
    _log.info("Tailscale: %s", told.get("state", "not joined"))
    return 0


def main(arguments: list[str]) -> int:
    """`python -P -m appliance.hostservice.tailnet`, as homarus-tailnet-join.service starts it."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return join_with_kept_key(Tailnet())


def verbs() -> dict[str, Callable[[Mapping[str, object]], Mapping[str, object]]]:
    """Return the verbs by name."""
    tailnet = Tailnet()
    return {"tailscale.join": tailnet.join, "tailscale.leave": tailnet.leave, "tailscale.status": tailnet.status}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
