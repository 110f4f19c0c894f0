"""The method table: what is in it, and what is made when it is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from appliance.gateway.method import Method, MethodGroup, MethodTable, NoParams


def _method(name: str, *, advertised: bool = True) -> Method:
    return Method(name, None, NoParams, lambda call, params: None, advertised=advertised)


class _Maker:
    def __init__(self, *methods: Method) -> None:
        self.methods = methods
        self.asked = 0

    def __call__(self) -> Iterable[Method]:
        self.asked += 1
        return self.methods


def test_a_group_is_named_at_once_and_made_at_the_first_call_of_one_of_its_names() -> None:
    maker = _Maker(_method("a.one"), _method("a.two"), _method("a.quiet", advertised=False))
    table = MethodTable([_method("b")])
    table.promise(MethodGroup(("a.two", "a.one"), maker, unadvertised=("a.quiet",)))
    assert table.names() == ["a.one", "a.two", "b"]
    assert table.get("b") is not None
    assert table.get("a.three") is None
    assert maker.asked == 0
    assert table.get("a.quiet") is maker.methods[2]
    assert table.get("a.one") is maker.methods[0]
    assert table.names() == ["a.one", "a.two", "b"]
    assert maker.asked == 1


def test_all_methods_are_those_that_were_promised_too() -> None:
    table = MethodTable([_method("b")])
    table.promise(MethodGroup(("a",), _Maker(_method("a"))))
    table.promise(MethodGroup(("c",), _Maker(_method("c"))))
    assert [method.name for method in table.all()] == ["b", "a", "c"]


def test_a_name_is_taken_once_whether_it_is_made_or_promised() -> None:
    table = MethodTable([_method("b")])
    table.promise(MethodGroup(("a",), _Maker(_method("a"))))
    with pytest.raises(ValueError, match="a is registered twice"):
        table.register(_method("a"))
    for name in ("a", "b"):
        with pytest.raises(ValueError, match=f"{name} is registered twice"):
            table.promise(MethodGroup((name,), _Maker(_method(name))))


@pytest.mark.parametrize(
    "made",
    [
        (),
        (_method("a"), _method("b")),
        (_method("a"), _method("a")),
        (_method("b"),),
        (_method("a", advertised=False),),
        (replace(_method("a"), role="node"),),
        (replace(_method("a"), idempotent=True),),
    ],
    ids=["fewer", "more", "twice", "another", "hidden", "of another role", "without a key"],
)
def test_another_method_than_was_promised_is_a_fault(made: tuple[Method, ...]) -> None:
    table = MethodTable()
    table.promise(MethodGroup(("a",), _Maker(*made)))
    for _ in range(2):  # it is still promised, and no half of it is there
        with pytest.raises(ValueError, match=r"promised|idempotency_key"):
            table.get("a")
        assert table.names() == ["a"]


def test_a_group_that_cannot_be_made_is_asked_again() -> None:
    def make() -> Iterable[Method]:
        if not ready:
            raise OSError("not now")
        return [_method("a")]

    ready = False
    table = MethodTable()
    table.promise(MethodGroup(("a",), make))
    with pytest.raises(OSError, match="not now"):
        table.get("a")
    ready = True
    assert table.get("a") is not None
