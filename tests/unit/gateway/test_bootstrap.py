"""Decisions about setup codes and trusted networks, without sockets."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.scopes import covers, limited, normalise
from appliance.access.throttle import Throttle
from appliance.gateway.admission.bootstrap import Redeem, Spoil
from appliance.gateway.admission.credential import Rules
from appliance.gateway.admission.handshake import Admit, AskOwner
from appliance.gateway.admission.refusal import Refusal
from appliance.gateway.transport.peer import Peer
from appliance.identity.model import Approval
from appliance.identity.setup.profiles import Profile, grant
from appliance.identity.setup.store import Bootstrap
from appliance.protocol.roles import ADMIN, PAIRING, READ, SCOPES
from tests.unit.gateway.knocking import CONTROL, KEY, LOCAL, NONE, REMOTE, RULES, knock, paired, refused

CODE = {"bootstrapToken": "the-code"}
PHONE = {
    "id": "openclaw-android",
    "mode": "node",
    "version": "1.0.0",
    "platform": "Android 15",
    "deviceFamily": "Android",
}
SAFE = Peer("192.0.2.7", direct_local=False, secure=True)


def present(profile: Profile = Profile.FULL, *, bound: tuple[str, str] | None = None, **more: Any) -> Any:
    found = Bootstrap("setup-1", profile, *(bound or (None, None)))
    return knock(key=KEY, found=found, **{"client": PHONE, "role": "node", "auth": CODE, **more})


def test_a_live_code_is_redeemed() -> None:
    decision = present(peer=SAFE)
    assert isinstance(decision, Redeem)
    assert (decision.role, decision.scopes, decision.token) == ("node", (), "the-code")
    assert decision.granted == grant(Profile.FULL)


def test_on_a_link_that_others_can_read_it_gives_at_most_limited_scopes() -> None:
    decision = present(peer=REMOTE)
    assert isinstance(decision, Redeem)
    assert decision.granted.access == "limited"
    assert not {ADMIN, PAIRING} & set(decision.granted.scopes)


def test_a_code_counts_also_where_no_secret_is_asked_for() -> None:
    assert isinstance(present(rules=NONE, peer=LOCAL), Redeem)
    assert isinstance(present(peer=CONTROL), Redeem)


def test_the_shared_secret_counts_before_a_code() -> None:
    decision = present(auth={"token": RULES.auth.token, **CODE}, peer=LOCAL)
    assert isinstance(decision, Admit)


@pytest.mark.parametrize(("bound", "allowed"), [((KEY.id, "node"), True), ((KEY.id, "operator"), False)])
def test_a_bound_code_is_for_its_device_and_role(bound: tuple[str, str], allowed: bool) -> None:
    assert isinstance(present(bound=bound), Redeem) is allowed
    assert isinstance(present(bound=("0" * 64, "node")), Refusal)


def test_a_wrong_client_spoils_the_code_and_is_told_what_to_do() -> None:
    decision = present(client={**PHONE, "id": "node-host"})
    assert isinstance(decision, Spoil)
    assert "scan it with the app" in str(decision.refusal.error)


def test_an_unknown_code_is_counted_and_a_locked_source_is_not_even_heard() -> None:
    throttle = Throttle()
    for _ in range(10):
        assert refused(present_nothing(throttle))[1] == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    assert refused(present_nothing(throttle))[1] == "AUTH_RATE_LIMITED"
    assert refused(present(throttle=throttle, peer=SAFE))[1] == "AUTH_RATE_LIMITED"


def present_nothing(throttle: Throttle) -> Any:
    return knock(key=KEY, client=PHONE, role="node", auth=CODE, peer=SAFE, throttle=throttle)


@given(st.lists(st.sampled_from(sorted(SCOPES)), max_size=6), st.sampled_from(list(Profile)))
def test_no_page_gets_more_than_its_code_gives(asked: list[str], profile: Profile) -> None:
    page = {"id": "openclaw-control-ui", "mode": "webchat", "version": "1", "platform": "Linux"}
    decision = present(
        profile, client=page, role="operator", scopes=asked, origin="https://ui.example", peer=SAFE, auth=CODE
    )
    if isinstance(decision, Redeem):
        assert covers(grant(profile).scopes, decision.scopes)
        assert set(decision.scopes) <= set(asked)


@given(st.lists(st.sampled_from(sorted(SCOPES)), max_size=6))
def test_limited_scopes_never_make_an_owner_and_never_grow(scopes: list[str]) -> None:
    left = limited(scopes)
    assert not {ADMIN, PAIRING} & set(left)
    assert covers(scopes, left)
    assert set(left) <= set(normalise(scopes))


# Networks that the owner trusts

TRUSTING = Rules(RULES.auth, auto_approve_networks=(ipaddress.ip_network("192.0.2.0/24"),))
NODE = {"client": {"id": "node-host", "mode": "node", "version": "1", "platform": "linux"}, "role": "node"}


def test_a_new_node_from_there_comes_in_unasked() -> None:
    decision = knock(key=KEY, peer=REMOTE, rules=TRUSTING, **NODE)
    assert isinstance(decision, Admit)
    assert (decision.approve, decision.via, decision.scopes) == (True, Approval.TRUSTED_CIDR, ())
    mapped = Peer("::ffff:192.0.2.9", direct_local=False)
    assert isinstance(knock(key=KEY, peer=mapped, rules=TRUSTING, **NODE), Admit)


@pytest.mark.parametrize(
    "changes",
    [
        {"peer": Peer("198.51.100.1", direct_local=False)},
        {"peer": Peer("not an address", direct_local=False)},
        {"rules": RULES},
        {"scopes": [READ]},
        {"role": "operator"},
        {"device": paired(READ)},
        {"origin": "https://ui.example"},
    ],
    ids=["elsewhere", "nowhere", "not trusted", "wants scopes", "operator", "known device", "page"],
)
def test_everybody_else_asks(changes: dict[str, Any]) -> None:
    rules = Rules(TRUSTING.auth, RULES.origins, auto_approve_networks=TRUSTING.auto_approve_networks)
    decision = knock(key=KEY, **{"peer": REMOTE, "rules": rules, **NODE, **changes})
    assert isinstance(decision, AskOwner)


def test_the_secret_of_the_gateway_is_needed_there_too() -> None:
    decision = knock(key=KEY, peer=REMOTE, rules=TRUSTING, **{**NODE, "auth": {"token": "guess"}})
    assert isinstance(decision, Refusal)
