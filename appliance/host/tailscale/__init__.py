"""Tailscale on this machine: what a gateway asks its daemon for, and joining a tailnet, which only root may.

It must not know gateways or configuration, and never starts the daemon itself.
"""

from appliance.host.tailscale.local_api import SOCKET, LocalApi, Tailnet, TailscaleError

__all__ = ["SOCKET", "LocalApi", "Tailnet", "TailscaleError"]
