"""What clients say of themselves is shown to the owner who decides about them: no name may deceive."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from appliance.protocol.roles import READ
from tests.fakes.phone import LAN_TLS, params
from tests.fakes.wire import TOKEN, DeviceKey, gateway

PROXY = (ipaddress.ip_network("127.0.0.0/8"),)
NAME = "\x1b]0;owned\x07Ow\u200bner's\u202e enohp\n" + "x" * 400
STRANGER = {
    "id": "openclaw-android",
    "mode": "ui",
    "version": "1\x1b[2J",
    "platform": "android\u2066",
    "deviceFamily": "Android\x9b31m",
    "displayName": NAME,
    "modelIdentifier": "\u202eM",
}


async def test_the_name_of_a_device_that_waits_is_only_what_is_seen_of_it(tmp_path: Path) -> None:
    async with gateway(tmp_path, trusted_proxies=PROXY) as box, box.open(**LAN_TLS) as socket:
        answer = await socket.connect(params(STRANGER, "operator", READ, token=TOKEN), DeviceKey())
        assert answer["error"]["details"]["code"] == "PAIRING_REQUIRED"
        (request,) = await box.devices.requests(box.server._clock.now_ms())
        claim = request.claim
        assert claim.display_name == ("]0;ownedOwner's enohp " + "x" * 400)[:64]
        assert (claim.platform, claim.device_family) == ("android", "Android31m")


async def test_presence_shows_no_more_than_what_is_seen(tmp_path: Path) -> None:
    async with gateway(tmp_path) as box, box.connected(READ) as owner, box.open() as socket:
        key = DeviceKey()
        assert (await socket.connect(params(STRANGER, "operator", READ, token=TOKEN), key))["ok"]
        event = await owner.event("presence")
        (shown,) = [one for one in event["payload"]["presence"] if one.get("deviceId") == key.id]
        texts = [text for text in shown.values() if isinstance(text, str)]
        assert all(text.isprintable() and len(text) <= 80 for text in texts), texts
        # The same device comes back as what it was: what is shown of it is what is compared.
        async with box.open() as again:
            assert (await again.connect(params(STRANGER, "operator", READ, token=TOKEN), key))["ok"]
