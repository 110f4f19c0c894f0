"""The network of the box itself: a name people recognise and a key of its own, never open. Pure but for one file.

The key comes from a secret that is drawn once and kept on the data partition: the same until the box is reset, another
on every box. It stands on the screen and in a file on the card, for a box without a screen.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from appliance.config.values import Secret
from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.applying.wifi_file import escaped

SECRET: Final = "data/system/wifi-setup-secret"
LABEL: Final = "homarus-wifi.txt"
ADDRESS: Final = "10.42.0.1"
NETWORK: Final = "10.42.0.0/24"
UUID: Final = "4f1f7c52-5c0b-4a7e-9f39-6b1c2d0e7a11"
FILE: Final = "homarus-setup.nmconnection"
_SECRET_BYTES: Final = 32
_KEY_CHARS: Final = 16


@dataclass(frozen=True, slots=True)
class Point:
    """Name and key of the network, and the page to open once it is joined."""

    ssid: str
    key: Secret = field(repr=False)
    page: str


def point(secret: bytes, name: str, port: int) -> Point:
    """Return the network of a box of this name. The key has 80 bits in four groups, without letters that look alike."""
    raw = hmac.digest(secret, b"homarus wifi setup key 1", hashlib.sha256)
    letters = base64.b32encode(raw).lower()[:_KEY_CHARS].decode("ascii")
    clear = letters.translate(str.maketrans("il", "89"))
    groups = [clear[at : at + 4] for at in range(0, _KEY_CHARS, 4)]
    return Point(_ssid(name), Secret("-".join(groups)), f"http://{ADDRESS}:{port}/setup")


def _ssid(name: str) -> str:
    return f"Homarus {name.removeprefix('homarus-')}"[:32]


def secret_of(root: Path, draw: Callable[[int], bytes]) -> bytes:
    """Return the secret of this box; the first time it is drawn and kept. Raises OSError."""
    try:
        kept = (root / SECRET).read_bytes()
    except FileNotFoundError:
        kept = b""
    if len(kept) == _SECRET_BYTES:
        return kept
    drawn = draw(_SECRET_BYTES)
    do(root, Put(SECRET, drawn, 0o600))
    return drawn


def keyfile(own: Point, interface: str) -> str:
    """Return the network as a file of NetworkManager: WPA2, as few radios can be an access point of WPA3."""
    lines = [
        "[connection]",
        "id=homarus-setup",
        f"uuid={UUID}",
        "type=wifi",
        f"interface-name={interface}",
        "autoconnect=false",
        "",
        "[wifi]",
        "mode=ap",
        f"ssid={''.join(f'{byte};' for byte in own.ssid.encode())}",
        "",
        "[wifi-security]",
        "key-mgmt=wpa-psk",
        "proto=rsn;",
        "pairwise=ccmp;",
        "group=ccmp;",
        f"psk={escaped(own.key.reveal())}",
        "",
        "[ipv4]",
        "method=shared",
        f"address1={ADDRESS}/24",
        "",
        "[ipv6]",
        "method=disabled",
        "",
    ]
    return "\n".join(lines)


def label(own: Point) -> bytes:
    """Return the text for the card, for whoever sets up a box without a screen."""
    lines = [
        "When this box finds no network, it opens one of its own, so that its Wi-Fi can be set up with a phone:",
        "",
        f"  network   {own.ssid}",
        f"  password  {own.key.reveal()}",
        f"  page      {own.page}",
        "",
        "It is the same until the box is reset. Whoever reads this may choose the Wi-Fi of the box, and no more.",
        "",
    ]
    return "\r\n".join(lines).encode()
