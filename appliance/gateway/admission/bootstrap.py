"""A connect that presents a setup code or the recovery code: who may spend it and what it gives (protocol.md 5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from appliance.access.origin import OriginPolicy
from appliance.access.scopes import narrowed
from appliance.gateway.admission.credential import Hello
from appliance.gateway.admission.refusal import Refusal, invalid_code
from appliance.identity.model import Claim
from appliance.identity.setup.profiles import Grant, Profile, for_operator, grant, is_page, is_terminal, misfit
from appliance.identity.setup.store import Bootstrap
from appliance.protocol.roles import NODE, OPERATOR


@dataclass(frozen=True, slots=True)
class Redeem:
    """Spend the code for this device. `scopes` are those of this connection."""

    bootstrap: Bootstrap
    token: str
    claim: Claim
    granted: Grant
    role: Literal["operator", "node"]
    scopes: tuple[str, ...]
    protocol: int


@dataclass(frozen=True, slots=True)
class Spoil:
    """Refuse, and remember who presented the code: nobody else may spend it after that."""

    refusal: Refusal
    bootstrap: Bootstrap
    claim: Claim


Spent: TypeAlias = Redeem | Spoil | Refusal


def spend(hello: Hello, origins: OriginPolicy, claim: Claim, bootstrap: Bootstrap, token: str, protocol: int) -> Spent:
    """Decide what a live code does for a device that proved its key."""
    if not bootstrap.free_for(claim.device_id, claim.role):
        return invalid_code()
    peer = hello.peer
    if bootstrap.profile is Profile.RECOVERY and not peer.secure:
        # On such a link it would make no owner, and be burnt.
        return invalid_code("the recovery code needs an encrypted connection: open the https:// address of this box")
    if why := misfit(bootstrap.profile, claim):
        return Spoil(invalid_code(why), bootstrap, claim)
    granted = grant(bootstrap.profile, secure=peer.secure)
    if is_page(claim) and not origins.names_origin(hello.origin or "", hello.host, direct_local=peer.direct_local):
        return Spoil(invalid_code("open the web app at the address of this box"), bootstrap, claim)
    if is_page(claim) or is_terminal(claim):
        granted = for_operator(bootstrap.profile, granted)
    role: Literal["operator", "node"] = "node" if claim.role == NODE else "operator"
    # A client that asks for more than the code gives gets what it gives: its user chose the code, not the scopes.
    scopes = narrowed(granted.scopes, claim.scopes) if role == OPERATOR else ()
    return Redeem(bootstrap, token, claim, granted, role, scopes, protocol)
