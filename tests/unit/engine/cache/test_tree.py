from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.cache.residents import common_prefix
from appliance.engine.cache.tree import PrefixTree

_TEXTS = st.lists(st.integers(0, 2), min_size=1, max_size=8).map(tuple)


def _shared(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return length


@given(_TEXTS, _TEXTS)
def test_the_common_prefix_is_that_of_counting(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    assert common_prefix(left, right) == common_prefix(list(left), list(right)) == _shared(left, right)


@given(st.lists(st.tuples(st.booleans(), _TEXTS, st.integers(0, 3))), st.lists(_TEXTS, min_size=1))
def test_the_tree_answers_like_a_list_of_texts(
    steps: list[tuple[bool, tuple[int, ...], int]], asked: list[tuple[int, ...]]
) -> None:
    tree: PrefixTree[int] = PrefixTree()
    plain: list[tuple[tuple[int, ...], int]] = []
    for adds, text, value in steps:
        if adds:
            tree.add(text, value)
            plain.append((text, value))
        else:
            assert tree.remove(text, value) is ((text, value) in plain)
            if (text, value) in plain:
                plain.remove((text, value))
    assert len(tree) == len(plain)
    for text in asked:
        expected = sorted((_shared(text, kept), value) for kept, value in plain if _shared(text, kept))
        assert sorted(tree.along(text)) == expected
        assert sorted(tree.along(list(text))) == expected


@given(st.lists(_TEXTS))
def test_a_tree_from_which_everything_was_removed_holds_no_nodes(texts: list[tuple[int, ...]]) -> None:
    tree: PrefixTree[int] = PrefixTree()
    for text in texts:
        tree.add(text, 1)
    for text in texts:
        assert tree.remove(text, 1)
    assert not tree._root.children


def test_beginnings_are_kept_once() -> None:
    tree: PrefixTree[str] = PrefixTree()
    tree.add(range(1000), "long")
    tree.add([*range(900), 5], "other")
    (trunk,) = tree._root.children.values()
    assert len(trunk.edge) == 900
    assert sorted(len(child.edge) for child in trunk.children.values()) == [1, 100]
