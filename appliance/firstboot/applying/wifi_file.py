"""A Wi-Fi network as a keyfile of NetworkManager (nm-settings-keyfile(5)). Pure."""

from __future__ import annotations

import hashlib
import uuid
from typing import Final

from appliance.config.values import Secret
from appliance.firstboot.applying.files import Put
from appliance.firstboot.values import Wifi

FOLDER: Final = "data/system/network/system-connections"
_SPACE: Final = uuid.UUID("6f8c9f0e-3f0b-5d3e-9d8b-4f5a8f1f6f52")


def keyfile(wifi: Wifi) -> Put:
    """Return the file of a network, one per name: a box knows several, and one that is written again is replaced."""
    return Put(f"{FOLDER}/{file_name(wifi.ssid)}", content(wifi).encode(), 0o600, 0o700)


def file_name(ssid: bytes) -> str:
    """Return the name of the file of a network. A name on the air may hold any byte, so it is not used itself."""
    return f"wifi-{hashlib.sha256(ssid).hexdigest()[:12]}.nmconnection"


def network_id(ssid: bytes) -> str:
    """Return the UUID of a network on every box of ours."""
    return str(uuid.uuid5(_SPACE, ssid.hex()))


def content(wifi: Wifi) -> str:
    """Return the keyfile. Power saving is off: a box that answers late is worse than a watt."""
    lines = [
        "# Written by Homarus.",
        "[connection]",
        f"id=wifi-{hashlib.sha256(wifi.ssid).hexdigest()[:12]}",
        f"uuid={network_id(wifi.ssid)}",
        "type=wifi",
        "autoconnect-priority=10",
        "",
        "[wifi]",
        "mode=infrastructure",
        f"ssid={''.join(f'{byte};' for byte in wifi.ssid)}",
        f"hidden={'true' if wifi.hidden else 'false'}",
        "powersave=2",
        "",
        *_security(wifi.password),
        "[ipv4]",
        "method=auto",
        "",
        "[ipv6]",
        "method=auto",
        "",
    ]
    return "\n".join(lines)


def _security(password: Secret | None) -> list[str]:
    """`wpa-psk` means WPA2 and WPA3-Personal; 64 hex digits are the key itself."""
    if password is None:
        return []
    return ["[wifi-security]", "key-mgmt=wpa-psk", f"psk={escaped(password.reveal())}", ""]


def escaped(text: str) -> str:
    """Return a text as a keyfile holds it (Desktop Entry Specification, escapes)."""
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    front = len(text) - len(text.lstrip(" "))
    return "\\s" * front + text[front:]
