"""Who may come in: the decision order of protocol.md 4.2, without I/O.

`decide` is called with everything it needs to know; the driver carries out what it says (a write to the device
store, an answer, a close).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from appliance.access.origin import OriginPolicy
from appliance.access.scopes import known, limited, narrowed, under_header
from appliance.access.throttle import Throttle
from appliance.foundation.visible import visible_name
from appliance.gateway.admission.bootstrap import Redeem, Spoil, spend
from appliance.gateway.admission.credential import AuthMethod, Credential, Hello, Proven, Rules, role_of
from appliance.gateway.admission.refusal import Refusal, auth_refusal, refuse
from appliance.gateway.transport.websocket import CloseCode
from appliance.identity.device_key import SignedConnect, check_proof, encode
from appliance.identity.errors import ProofError
from appliance.identity.model import Approval, Claim, Device
from appliance.identity.pairing import NATIVE_APPS, Need, approval_needed
from appliance.identity.setup.profiles import PAGES
from appliance.identity.setup.store import Bootstrap
from appliance.identity.tokens import Tokens
from appliance.protocol.connect import ConnectParams
from appliance.protocol.errors import ErrorCode
from appliance.protocol.roles import NODE, OPERATOR, SCOPES
from appliance.protocol.version import MIN_PROBE_PROTOCOL, PROTOCOL

_NEEDS_DEVICE: Final = PAGES | {"openclaw-tui"} | NATIVE_APPS
"""Clients that a person sits at: they prove a device even with the shared secret (protocol.md 4.2, 4)."""


@dataclass(frozen=True, slots=True)
class Admit:
    """Let it in. `claim` is set when a device came: `approve` silently first, and `confirm` the token it used."""

    role: Literal["operator", "node"]
    scopes: tuple[str, ...]
    method: AuthMethod
    protocol: int
    claim: Claim | None = None
    approve: bool = False
    confirm: bool = False
    via: Approval = Approval.SILENT


@dataclass(frozen=True, slots=True)
class AskOwner:
    """The device must wait until the owner approves it."""

    claim: Claim
    need: Need
    retryable: bool


Decision: TypeAlias = Admit | AskOwner | Redeem | Spoil | Refusal


def decide(
    hello: Hello,
    rules: Rules,
    device: Device | None,
    tokens: Tokens,
    throttle: Throttle,
    found: Bootstrap | None = None,
) -> Decision:
    """Decide about one connect. `device` is the paired device of `params.device.id`, if there is one.

    `found` is the live code that `params.auth.bootstrapToken` belongs to.

    Failures are counted in `throttle` here, so that no caller can forget to.
    """
    refusal = _check_terms(hello) or _check_page(hello, rules.origins)
    if refusal is not None:
        return refusal
    params = hello.params
    if params.device is None:
        return _without_device(hello, Credential.of(hello, rules.auth, throttle))
    try:
        claim = _prove(hello)
    except ProofError as error:
        details = {"code": error.detail_code, "reason": error.reason}
        return refuse(ErrorCode.INVALID_REQUEST, str(error), details)
    # After the proof: a secret in a connect that is refused anyway must neither count nor forgive what was counted.
    credential = Credential.of(hello, rules.auth, throttle)
    trusted = device if device is not None and device.public_key == claim.public_key else None
    proven = credential.with_device(claim, trusted, tokens, throttle, found)
    if isinstance(proven, Refusal):
        return proven
    if proven.bootstrap is not None:
        token = (params.auth and params.auth.bootstrap_token) or ""
        return spend(hello, rules.origins, claim, proven.bootstrap, token, _protocol(params) or PROTOCOL)
    return _after_proof(hello, rules, claim, trusted, proven)


def _protocol(params: ConnectParams) -> int | None:
    """The protocol that both speak: 4, or 3 for nodes and probes that know no other."""
    if params.min_protocol <= PROTOCOL <= params.max_protocol:
        return PROTOCOL
    lenient = params.client.mode == "probe" or (params.role == NODE and params.client.mode == "node")
    if lenient and params.min_protocol <= MIN_PROBE_PROTOCOL <= params.max_protocol:
        return MIN_PROBE_PROTOCOL
    return None


def _check_terms(hello: Hello) -> Refusal | None:
    params = hello.params
    if _protocol(params) is None:
        details = {
            "code": "PROTOCOL_MISMATCH",
            "clientMinProtocol": params.min_protocol,
            "clientMaxProtocol": params.max_protocol,
            "expectedProtocol": PROTOCOL,
            "minimumProbeProtocol": MIN_PROBE_PROTOCOL,
        }
        return refuse(ErrorCode.INVALID_REQUEST, "protocol mismatch", details, CloseCode.PROTOCOL_ERROR)
    if role_of(params) not in (OPERATOR, NODE):
        return refuse(ErrorCode.INVALID_REQUEST, "invalid role")
    if hello.peer.rejected:
        message = (
            "unauthorized: forwarding headers from an address that is not in gateway.trustedProxies; "
            "add the address of your proxy there"
        )
        return auth_refusal("AUTH_UNAUTHORIZED", message, "untrusted_proxy", "review_auth_configuration")
    return None


def _check_page(hello: Hello, origins: OriginPolicy) -> Refusal | None:
    client = hello.params.client
    if hello.origin is None:
        if client.id not in PAGES and client.mode != "webchat":
            return None
    elif origins.allows_origin(hello.origin, hello.host, direct_local=hello.peer.direct_local):
        return None
    message = (
        "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)"
    )
    return refuse(ErrorCode.INVALID_REQUEST, message, {"code": "CONTROL_UI_ORIGIN_NOT_ALLOWED"})


def _prove(hello: Hello) -> Claim:
    """Check the device proof and return the claim of the device. Raises ProofError."""
    params, client, device = hello.params, hello.params.client, hello.params.device
    assert device is not None
    auth = params.auth
    signed_token = (auth and (auth.token or auth.device_token or auth.bootstrap_token)) or ""
    raw = check_proof(
        SignedConnect(
            device_id=device.id,
            client_id=client.id,
            client_mode=client.mode,
            role=role_of(params),
            scopes=tuple(params.scopes or ()),
            signed_at_ms=device.signed_at,
            token=signed_token,
            nonce=device.nonce,
            platform=client.platform,
            device_family=client.device_family or "",
        ),
        public_key=device.public_key,
        signature=device.signature,
        expected_nonce=hello.nonce,
        now_ms=hello.now_ms,
    )
    role = role_of(params)
    asked = under_header(known(params.scopes or ()), hello.ceiling) if role == OPERATOR else ()
    if hello.visitor is not None and hello.visitor.scopes is not None:
        asked = narrowed(hello.visitor.scopes, asked)
    return Claim(
        device_id=device.id,
        public_key=encode(raw),
        role=role,
        # A link that others can read makes nobody an owner, whatever the device may do elsewhere.
        scopes=asked if hello.peer.secure else limited(asked),
        # The owner decides by what is shown of them: no name may hide or turn what stands beside it.
        display_name=visible_name(client.display_name or "") or None,
        platform=visible_name(client.platform),
        device_family=visible_name(client.device_family or ""),
        client_id=client.id,
        client_mode=client.mode,
        browser_origin=hello.origin,
        remote_ip=hello.peer.remote,
    )


def _without_device(hello: Hello, credential: Credential) -> Decision:
    params, client = hello.params, hello.params.client
    if credential.control:
        return _on_control_socket(params)
    if client.id in _NEEDS_DEVICE and role_of(params) == OPERATOR:
        return refuse(
            ErrorCode.INVALID_REQUEST,
            "control ui requires device identity (use HTTPS or localhost secure context)",
            {"code": "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"},
        )
    if credential.ok and role_of(params) == OPERATOR:
        keeps = hello.peer.direct_local and credential.method in ("token", "password")
        keeps = keeps and hello.origin is None
        keeps = keeps and (client.id, client.mode) in (("cli", "cli"), ("gateway-client", "backend"))
        scopes = under_header(known(params.scopes or ()), hello.ceiling) if keeps else ()
        return Admit("operator", scopes, credential.method, _protocol(params) or PROTOCOL)
    if not credential.ok and credential.presented:
        return credential.refusal(has_device=False)
    return refuse(ErrorCode.NOT_PAIRED, "device identity required", {"code": "DEVICE_IDENTITY_REQUIRED"})


def _on_control_socket(params: ConnectParams) -> Decision:
    """The kernel vouched for the user: no secret is needed, and everything an operator may do is allowed."""
    if role_of(params) == NODE:
        return refuse(ErrorCode.NOT_PAIRED, "device identity required", {"code": "DEVICE_IDENTITY_REQUIRED"})
    scopes = tuple(sorted(SCOPES)) if params.scopes is None else known(params.scopes)
    return Admit("operator", scopes, "none", _protocol(params) or PROTOCOL)


def _after_proof(hello: Hello, rules: Rules, claim: Claim, device: Device | None, proven: Proven) -> Decision:
    role: Literal["operator", "node"] = "node" if claim.role == NODE else "operator"
    protocol = _protocol(hello.params) or PROTOCOL
    method, confirm = proven.method, proven.confirm
    need = approval_needed(device, claim)
    if need is None:
        return Admit(role, claim.scopes, method, protocol, claim, confirm=confirm)
    if _silent(hello, rules, need, method):
        return Admit(role, claim.scopes, method, protocol, claim, approve=True, confirm=confirm)
    if need is Need.NOT_PAIRED and device is None and _from_trusted_network(hello, rules):
        return Admit(role, (), method, protocol, claim, approve=True, via=Approval.TRUSTED_CIDR)
    return AskOwner(claim, need, retryable=hello.params.client.id in PAGES)


def _silent(hello: Hello, rules: Rules, need: Need, method: AuthMethod) -> bool:
    """Tell whether a device is approved without asking: the owner sits at this machine (protocol.md 5.2)."""
    client = hello.params.client
    if not hello.peer.direct_local or not (rules.auto_approve_local or hello.peer.control):
        return False
    if hello.origin is not None and client.id not in PAGES and client.mode != "webchat":
        return False
    if need is Need.METADATA_UPGRADE:
        return client.id in NATIVE_APPS
    return need is Need.NOT_PAIRED or method != "device-token"


def _from_trusted_network(hello: Hello, rules: Rules) -> bool:
    """Tell whether a new node may come in unasked: it wants no scope, and the owner trusts where it is."""
    params, peer = hello.params, hello.peer
    if not rules.auto_approve_networks or role_of(params) != NODE or params.scopes or hello.origin is not None:
        return False
    try:
        address = ipaddress.ip_address(peer.remote.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in rules.auto_approve_networks)
