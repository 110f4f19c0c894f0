"""Where a paired box stands in a chain, and when it is asked."""

from __future__ import annotations

import pytest

from appliance.generation import FailureKind, GenerateRequest, ModelInfo
from appliance.providers.cooldown import Cooldowns
from appliance.providers.failover import Candidate, CandidateChosen, Failover
from appliance.providers.remote.relief import with_relief
from tests.fakes.clock import FakeClock
from tests.fakes.provider import ScriptedProvider, fails, local, said


def _candidate(name: str, *, box: str = "") -> Candidate:
    provider = ScriptedProvider(name, models=[ModelInfo(name, "m", "M", local=name != "cloud", box=box)])
    return Candidate(provider, provider.models()[0])


_LOCAL, _CLOUD, _ATTIC = _candidate("local"), _candidate("cloud"), _candidate("remote-attic", box="attic")


def _refs(chain: list[Candidate]) -> list[str]:
    return [one.model.provider for one in chain]


def test_a_box_that_is_not_named_stands_behind_the_model_of_this_one() -> None:
    chain = with_relief([_LOCAL, _CLOUD], [_ATTIC])
    assert _refs(chain) == ["local", "remote-attic", "cloud"]
    assert chain[1].only_after is not None


def test_a_box_that_is_named_keeps_its_place_and_is_always_asked() -> None:
    chain = with_relief([_ATTIC, _LOCAL], [_ATTIC])
    assert _refs(chain) == ["remote-attic", "local"]
    assert chain[0].only_after is None


def test_a_chain_of_services_alone_gets_no_box() -> None:
    assert _refs(with_relief([_CLOUD], [_ATTIC])) == ["cloud"]
    assert _refs(with_relief([_CLOUD], [_ATTIC], behind_local=True)) == ["remote-attic", "cloud"]


async def _who(here: FailureKind | None) -> str:
    own = local(ScriptedProvider("local", models=[ModelInfo("local", "m", "M")]))
    own.script(said("here") if here is None else fails(here))
    attic = ScriptedProvider("remote-attic", models=[ModelInfo("remote-attic", "m", "M", local=True, box="attic")])
    attic.script(said("there"))
    cloud = ScriptedProvider("cloud", models=[ModelInfo("cloud", "m", "M")])
    cloud.script(said("above"))
    first, relief, last = (Candidate(one, one.models()[0]) for one in (own, attic, cloud))
    chain = Failover(with_relief([first, last], [relief]), cooldowns=Cooldowns(), clock=FakeClock())
    items = [item async for item in chain.generate(lambda info: GenerateRequest(info.id, "", ()))]
    return [item.info.provider for item in items if isinstance(item, CandidateChosen)][-1]


@pytest.mark.parametrize(
    ("failure", "who"),
    [
        (None, "local"),
        (FailureKind.OVERLOADED, "remote-attic"),
        (FailureKind.CONTEXT_OVERFLOW, "remote-attic"),
        (FailureKind.UNAVAILABLE, "remote-attic"),
        (FailureKind.ESCALATE, "cloud"),
        (FailureKind.BAD_RESPONSE, "cloud"),
    ],
)
async def test_it_is_asked_where_this_box_cannot_not_where_it_is_unsure(failure: FailureKind | None, who: str) -> None:
    assert await _who(failure) == who


def test_after_an_answer_that_degenerated_a_box_with_the_same_model_is_no_help() -> None:
    chain = Failover(with_relief([_LOCAL], [_ATTIC]), cooldowns=Cooldowns(), clock=FakeClock())
    assert chain.starting_at("local/m", past=True) is None
