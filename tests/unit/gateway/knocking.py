"""One knock at the door of the handshake, with everything else as usual."""

from __future__ import annotations

from typing import Any

import msgspec

from appliance.access.origin import OriginPolicy
from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.gateway.admission.credential import Hello, Rules
from appliance.gateway.admission.handshake import Admit, Decision, decide
from appliance.gateway.admission.refusal import Refusal
from appliance.gateway.transport.peer import Peer
from appliance.identity.model import Approval, Claim, Device
from appliance.identity.pairing import approved
from appliance.identity.setup.store import Bootstrap
from appliance.identity.tokens import Tokens
from appliance.protocol.connect import ConnectParams
from tests.fakes.wire import TOKEN, DeviceKey, connect_params

NOW = 1_795_000_000_000
KEY = DeviceKey(bytes(range(32)))
RULES = Rules(SharedAuth(AuthMode.TOKEN, token=TOKEN), OriginPolicy(("https://ui.example",)))
NONE = Rules(SharedAuth(AuthMode.NONE))
PASSWORD = Rules(SharedAuth(AuthMode.PASSWORD, password="pw"))
TOKENS = Tokens(bytes(32))
LOCAL = Peer("127.0.0.1", direct_local=True)
REMOTE = Peer("192.0.2.7", direct_local=False)
CONTROL = Peer("unix", direct_local=True, control=True)


def paired(*scopes: str, role: str = "operator", **changes: Any) -> Device:
    values = {"platform": "linux", "client_id": "cli", **changes}
    return approved(None, Claim(KEY.id, KEY.public_key, role, scopes, **values), Approval.OWNER, NOW)


def token_of(device: Device, role: str = "operator") -> str:
    return TOKENS.derive(device.device_id, role, device.tokens[role].generation)


def knock(
    params: dict[str, Any] | None = None,
    *,
    key: DeviceKey | None = None,
    peer: Peer = LOCAL,
    rules: Rules = RULES,
    device: Device | None = None,
    throttle: Throttle | None = None,
    origin: str | None = None,
    found: Bootstrap | None = None,
    **more: Any,
) -> Decision:
    """Decide about one connect; `more` are members of its params."""
    params = connect_params(**more) if params is None else params
    if key is not None:
        params = {**params, "device": key.prove(params, "nonce", NOW)}
    decoded = msgspec.convert(params, ConnectParams)
    hello = Hello(decoded, peer, "nonce", NOW, origin, "127.0.0.1:18789")
    return decide(hello, rules, device, TOKENS, Throttle() if throttle is None else throttle, found)


def refused(decision: Decision) -> tuple[str, str | None, int]:
    assert isinstance(decision, Refusal), decision
    return decision.error.wire_code, decision.error.details.get("code"), int(decision.close_code)  # type: ignore[return-value]  # details are JSON


def admitted(decision: Decision) -> Admit:
    assert isinstance(decision, Admit), decision
    return decision
