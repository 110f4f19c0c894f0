"""Which models may answer, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.generation import FailureKind, ModelInfo
from appliance.providers.router import Need, Order, route


@dataclass(frozen=True)
class One:
    model: ModelInfo


def one(ref: str, **fields: object) -> One:
    provider, _, name = ref.partition("/")
    return One(ModelInfo(provider, name, name, **fields))  # type: ignore[arg-type] # given by name


CHAIN = (one("c/1"), one("l/1", local=True), one("c/2"), one("l/2", local=True))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.AS_LISTED, ["c/1", "l/1", "c/2", "l/2"]),
        (Order.LOCAL_FIRST, ["l/1", "l/2", "c/1", "c/2"]),
        (Order.CLOUD_FIRST, ["c/1", "c/2", "l/1", "l/2"]),
    ],
)
def test_a_chain_keeps_its_order_inside_each_half(order: Order, expected: list[str]) -> None:
    assert [each.model.ref for each in route(CHAIN, order=order).chosen] == expected


def test_offline_leaves_only_this_box() -> None:
    result = route(CHAIN, offline=True)
    assert [each.model.ref for each in result.chosen] == ["l/1", "l/2"]
    assert {error.kind for _, error in result.rejected} == {FailureKind.OFFLINE}


def test_a_window_must_hold_the_prompt_and_some_answer() -> None:
    small = one("a/small", context_window=1000)
    assert route([small], need=Need(tokens=936)).chosen == (small,)
    assert route([small], need=Need(tokens=937)).rejected[0][1].kind is FailureKind.CONTEXT_OVERFLOW
    unknown = one("a/unknown")
    assert route([unknown], need=Need(tokens=10**9)).chosen == (unknown,)
    tiny = one("a/tiny", context_window=16)
    assert route([tiny]).chosen == (tiny,), "without a count nothing is known to be too long"


def test_images_need_eyes() -> None:
    blind, seeing = one("a/blind"), one("a/seeing", accepts_images=True)
    result = route([blind, seeing], need=Need(images=True))
    assert result.chosen == (seeing,)
    assert "cannot see images" in str(result.rejected[0][1])


def test_a_model_that_is_named_twice_counts_once() -> None:
    assert len(route([one("a/1"), one("a/1")]).chosen) == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans())), st.sampled_from(list(Order)), st.booleans())
def test_nobody_is_lost_and_nobody_is_invented(models: list[tuple[int, bool]], order: Order, offline: bool) -> None:
    chain = [one(f"p/{n}", local=is_local) for n, is_local in models]
    result = route(chain, order=order, offline=offline)
    told = [each.model.ref for each in result.chosen] + [each.model.ref for each, _ in result.rejected]
    assert sorted(told) == sorted({each.model.ref for each in chain})
