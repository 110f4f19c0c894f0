"""Devices and their rights: keys, pairing, tokens, kept in the database of the gateway.

It decides nothing about sockets; it proves keys, remembers what the owner approved, and never lets a right grow alone.
"""

from appliance.identity.migrations import MIGRATIONS
from appliance.identity.model import Approval, Claim, Device, DeviceToken, PairingRequest
from appliance.identity.store import DeviceStore

__all__ = ["MIGRATIONS", "Approval", "Claim", "Device", "DeviceStore", "DeviceToken", "PairingRequest"]
