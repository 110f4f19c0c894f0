"""A radix tree over token ids: which stored ranges lie on the path of a text, and which below it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from appliance.engine.cache.residents import common_prefix

T = TypeVar("T")


@dataclass(slots=True)
class _Node(Generic[T]):
    """`edge` are the tokens between the parent and this node; `values` belong to texts that end here."""

    edge: tuple[int, ...]
    values: list[T] = field(default_factory=list)
    children: dict[int, _Node[T]] = field(default_factory=dict)


class PrefixTree(Generic[T]):
    """Values by the texts they belong to. Shared beginnings are kept once; empty branches vanish."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node(())
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, tokens: Sequence[int], value: T) -> None:
        """Add a value at the end of `tokens`."""
        node, rest = self._root, tuple(tokens)
        while rest:
            child = node.children.get(rest[0])
            if child is None:
                child = node.children[rest[0]] = _Node(rest)
                node, rest = child, ()
                break
            common = common_prefix(child.edge, rest)
            if common < len(child.edge):
                child = node.children[rest[0]] = _split(child, common)
            node, rest = child, rest[common:]
        node.values.append(value)
        self._count += 1

    def remove(self, tokens: Sequence[int], value: T) -> bool:
        """Take a value away. False: it is not there."""
        path = [self._root]
        rest = tuple(tokens)
        while rest:
            child = path[-1].children.get(rest[0])
            if child is None or common_prefix(child.edge, rest) < len(child.edge):
                return False
            path.append(child)
            rest = rest[len(child.edge) :]
        if value not in path[-1].values:
            return False
        path[-1].values.remove(value)
        self._count -= 1
        _tidy(path)
        return True

    def along(self, tokens: Sequence[int]) -> Iterator[tuple[int, T]]:
        """Yield (shared tokens, value) for each value that shares at least one token with `tokens`.

        A branch that leaves the text is yielded too, with what it shares, at every node where it leaves.
        """
        node, depth = self._root, 0
        while True:
            for value in node.values if depth else ():
                yield depth, value
            ahead = node.children.get(tokens[depth]) if depth < len(tokens) else None
            if depth:
                for child in node.children.values():
                    if child is not ahead:
                        yield from ((depth, value) for value in _below(child))
            if ahead is None:
                return
            common = common_prefix(ahead.edge, tuple(tokens[depth : depth + len(ahead.edge)]))
            depth += common
            if common < len(ahead.edge):
                yield from ((depth, value) for value in _below(ahead))
                return
            node = ahead


def _split(node: _Node[T], length: int) -> _Node[T]:
    upper: _Node[T] = _Node(node.edge[:length])
    node.edge = node.edge[length:]
    upper.children[node.edge[0]] = node
    return upper


def _tidy(path: list[_Node[T]]) -> None:
    """Drop the last node of a path where nothing is left of it, and join a node with its only child."""
    for parent, node in zip(path[-2::-1], path[:0:-1], strict=True):
        if node.values or len(node.children) > 1:
            return
        if not node.children:
            del parent.children[node.edge[0]]
            continue
        (child,) = node.children.values()
        child.edge = node.edge + child.edge
        parent.children[child.edge[0]] = child
        return


def _below(node: _Node[T]) -> Iterator[T]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield from node.values
        waiting.extend(node.children.values())
