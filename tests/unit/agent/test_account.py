from __future__ import annotations

import pytest

from appliance.agent.account import Account
from appliance.generation import EngineFacts, Finished, ModelInfo, StopReason, Tier
from appliance.messages import Usage

PRICED = ModelInfo("cloud", "big", "Big", cost_input=2.0, cost_output=10.0, cost_cache_read=0.2)


@pytest.mark.parametrize(
    ("info", "tier"),
    [
        (ModelInfo("homarus", "mini", "Mini", local=True), Tier.MINI),
        (ModelInfo("local", "m", "M", local=True), Tier.LOCAL),
        (ModelInfo("remote-attic", "m", "M", local=True, box="attic"), Tier.REMOTE),
        (ModelInfo("anthropic", "m", "M"), Tier.CLOUD),
    ],
)
def test_where_an_answer_comes_from_is_a_tier(info: ModelInfo, tier: Tier) -> None:
    assert info.tier is tier


def test_money_is_counted_with_the_price_of_cached_tokens() -> None:
    assert PRICED.price(Usage(1_000_000, 100_000, 500_000)) == pytest.approx(1.0 + 1.0 + 0.1)
    assert PRICED.price(Usage(None, 5)) is None
    assert ModelInfo("cloud", "x", "X").price(Usage(1, 1)) is None
    assert ModelInfo("local", "x", "X", local=True).price(Usage(1, 1)) == 0.0


def test_an_account_adds_up_the_calls_of_an_answer() -> None:
    account = Account(100.0)
    account.began(101.25)
    account.began(109.0)
    account.add(PRICED, Finished(StopReason.TOOL_CALLS, Usage(1000, 10, 0)))
    engine = EngineFacts(confidence=0.87654, restored="disk")
    account.add(PRICED, Finished(StopReason.END, Usage(1100, 20, 1000), engine=engine))
    assert account.facts() == {
        "tier": "cloud",
        "model": "cloud/big",
        "firstTokenMs": 1250,
        "tokens": {"cached": 1000, "computed": 1100, "output": 30},
        "costUsd": pytest.approx((1000 * 2 + 10 * 10 + 100 * 2 + 1000 * 0.2 + 20 * 10) / 1e6),
        "confidence": 0.8765,
        "restored": "disk",
    }


def test_what_nobody_knows_is_absent() -> None:
    account = Account(0.0)
    assert account.facts() == {}
    account.add(ModelInfo("cloud", "x", "X"), Finished(StopReason.END))
    assert account.facts() == {"tier": "cloud", "model": "cloud/x"}
