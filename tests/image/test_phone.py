"""The phone of these tests against a gateway of this machine: it pairs, talks, and comes back as the same phone."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.image.phone import Phone, RefusedError, read_code
from tests.integration.gateway_process import GatewayProcess


@pytest.mark.engine
def test_it_pairs_sets_a_timer_and_comes_back_as_the_same_phone(tmp_path: Path) -> None:
    gateway = GatewayProcess(
        tmp_path / "state", {"gateway": {"nodes": {"pairing": {"autoApproveLocal": False}}}}
    ).start()
    try:
        url = gateway.target.url.rstrip("/")
        setup = gateway.call("device.pair.setupCode", {"publicUrl": url})
        assert "bootstrapToken" in read_code(setup["setupCode"])
        with Phone(tmp_path / "phone.json", url) as phone:
            with pytest.raises(RefusedError):
                phone.pair(_another(setup["setupCode"]))
            assert phone.pair(setup["setupCode"])["method"] == "device-token"
            assert "timer" in phone.ask("set a timer for ten minutes", "one").lower()
            assert phone.call("homarus.agenda.list") is not None
        with Phone(tmp_path / "phone.json", url) as again:
            assert again.open()["method"] == "device-token"
            assert again.history()[0] == ("user", "set a timer for ten minutes")
            assert "timer" in again.history()[-1][1].lower()
    finally:
        gateway.stop()


def _another(code: str) -> str:
    """The code of somebody who did not see the screen."""
    return base64.urlsafe_b64encode(json.dumps({**read_code(code), "bootstrapToken": "guessed"}).encode()).decode()
