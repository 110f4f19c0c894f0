"""Joining and leaving a tailnet through the daemon's local interface, as `tailscale up` and `tailscale logout` do.

Written from the daemon's public source (client/local, ipn.Options, ipn.MaskedPrefs) and tested against a stand-in; a
tailnet could not be reached where this was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from appliance.foundation.clock import Clock
from appliance.host.tailscale.local_api import LocalApi, TailscaleError

_LOOK_S: Final = 0.5
_UP_S: Final = 20.0  # a tailnet answers within seconds, or a person has to log in


@dataclass(frozen=True, slots=True)
class Joined:
    """`url`: where a person lets this machine in, "" when it is in. `name`: its DNS name in the tailnet."""

    state: str
    name: str = ""
    url: str = ""


async def join(api: LocalApi, clock: Clock, *, host: str, operator: str, key: str = "") -> Joined:
    """Ask to be let in: with a key at once, else by an address that a person opens. Raises TailscaleError.

    `operator` may ask the daemon to serve it from now on. The box keeps its own name server and takes no routes.
    """
    wanted: dict[str, Any] = {
        "WantRunning": True,
        "OperatorUser": operator,
        "Hostname": host,
        "CorpDNS": False,
        "RouteAll": False,
    }
    # Each preference is taken only together with a mark of the same name (ipn.MaskedPrefs).
    await api.call("PATCH", "prefs", {**wanted, **{f"{name}Set": True for name in wanted}})
    answer = await standing(api)
    if answer.state == "Running":
        return answer
    await api.call("POST", "start", {"AuthKey": key} if key else {})
    await api.call("POST", "login-interactive")
    until_s = clock.monotonic() + _UP_S
    while True:
        answer = await standing(api)
        if answer.state == "Running" or (answer.url and not key) or answer.state == "NeedsMachineAuth":
            return answer
        if clock.monotonic() >= until_s:
            hint = "Is the key still good?" if key else "Is there a network?"
            raise TailscaleError(f"Tailscale did not connect within {_UP_S:.0f} seconds ({answer.state}). {hint}")
        await clock.sleep(_LOOK_S)


async def leave(api: LocalApi) -> None:
    """Forget the tailnet: the machine is logged out there. Raises TailscaleError."""
    await api.call("POST", "logout")


async def standing(api: LocalApi) -> Joined:
    """Return where this machine is. Raises TailscaleError."""
    answer = await api.call("GET", "status?peers=false")
    name = str((answer.get("Self") or {}).get("DNSName") or "").rstrip(".").lower()
    return Joined(str(answer.get("BackendState") or "unknown"), name, str(answer.get("AuthURL") or ""))
