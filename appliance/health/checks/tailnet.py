"""Tailscale on a box that has joined a tailnet."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look, json_object

_STATE = "var/lib/tailscale/tailscaled.state"
_JOINED = "data/system/tailnet.json"
_FIX = {
    "away": "`systemctl status homarus-tailscaled` (or tailscaled) says why it does not run.",
    "NeedsLogin": "`homarus tailscale join` joins it again: the key of this machine has ended.",
    "NeedsMachineAuth": "Approve this machine in the admin console of Tailscale.",
    "Stopped": "`homarus tailscale join` connects it.",
}


def check(look: Look) -> Iterator[Condition]:
    """Say when Tailscale was set up here and does not connect; nothing where it was never joined."""
    if not (look.there(_JOINED) or look.there(_STATE)):
        return
    answer = look.run(["tailscale", "status", "--json", "--peers=false"])
    state = "away" if answer is None else str(json_object(answer).get("BackendState") or "away")
    if state in ("Running", "Starting"):
        return
    summary = "Tailscale does not run, so this box cannot be reached through the tailnet."
    if state != "away":
        summary = f"Tailscale is not connected ({state}), so this box cannot be reached through the tailnet."
    fix = _FIX.get(state, _FIX["Stopped"])
    yield Condition("tailscale_state", "tailscale", Severity.DEGRADED, summary, fix, {"state": state})
