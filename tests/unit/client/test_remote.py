"""A machine as a device of a gateway elsewhere: what it presents, and what it remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.client.connection import connect
from appliance.client.errors import ConnectRefused
from appliance.client.membership import Membership
from appliance.client.remote import Gateways
from appliance.client.target import FULL_SCOPES, RemoteTarget
from tests.unit.client.test_lasting import Door, _refusal, opened

_READ = ["operator.read"]
_FEWER = _refusal("AUTH_SCOPE_MISMATCH", homarus={"scopes": _READ})


def _hello(*scopes: str) -> dict[str, Any]:
    auth = {"role": "operator", "deviceToken": "new", "scopes": list(scopes)}
    return {"ok": True, "payload": {"type": "hello-ok", "auth": auth}}


def _paired(folder: Path, url: str) -> Gateways:
    gateways = Gateways(folder)
    gateways.key()
    gateways.keep(Membership((url,), tokens={"operator": "old"}, scopes=FULL_SCOPES))
    return gateways


async def test_a_token_with_fewer_scopes_than_before_is_used_for_those_from_then_on(tmp_path: Path) -> None:
    door = Door(_FEWER, _hello(*_READ))
    async with opened(door) as url:
        gateways = _paired(tmp_path / "client", url)
        target = RemoteTarget(url, tmp_path / "client", token="shared", fallback=True)
        for _ in range(2):
            async with connect(target):
                pass
        known = gateways.find(url)
    assert [one["scopes"] for one in door.asked] == [list(FULL_SCOPES), _READ, _READ]
    assert [one["auth"] for one in door.asked] == [{"deviceToken": "old"}] * 2 + [{"deviceToken": "new"}]
    assert known is not None
    assert (known.tokens, known.scopes) == ({"operator": "new"}, ("operator.read",))


@pytest.mark.parametrize("refusal", [_FEWER, _refusal("AUTH_SCOPE_MISMATCH"), _refusal("AUTH_DEVICE_TOKEN_MISMATCH")])
async def test_a_token_that_is_refused_whatever_is_asked_ends_the_attempt(
    tmp_path: Path, refusal: dict[str, Any]
) -> None:
    door = Door(refusal)
    async with opened(door) as url:
        _paired(tmp_path / "client", url)
        with pytest.raises(ConnectRefused):
            async with connect(RemoteTarget(url, tmp_path / "client")):
                pass
    assert len(door.asked) == (2 if refusal is _FEWER else 1)
