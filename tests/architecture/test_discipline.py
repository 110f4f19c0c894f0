"""Rules about time, chance, tasks and errors that no type checker sees."""

from __future__ import annotations

import ast

from tests.architecture.source import calls, exceptions, imports, listing, modules, tree, unit

_CLOCKS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.date.today",
    "uuid.uuid1",
    "uuid.uuid4",
}


def test_time_and_chance_are_arguments() -> None:
    problems = []
    for path in modules():
        if unit(path) == "foundation" or str(path) in exceptions("clock"):
            continue
        problems += [f"{path}:{line} calls {name}()" for name, line in calls(path) if name in _CLOCKS]
        problems += [f"{path}:{line} imports random" for name, line in imports(path) if name == "random"]
    assert not problems, listing(problems)


def test_tasks_are_started_in_one_place() -> None:
    problems = [
        f"{path}:{line} calls {name}()"
        for path in modules()
        if str(path) != "appliance/foundation/tasks.py"
        for name, line in calls(path)
        if name in ("asyncio.create_task", "asyncio.ensure_future") or name.endswith("loop.create_task")
    ]
    assert not problems, listing(problems)


def test_every_queue_is_bounded() -> None:
    problems = [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("asyncio.Queue", "queue.Queue", "queue.SimpleQueue", "asyncio.PriorityQueue")
        and not node.args
        and not node.keywords
    ]
    assert not problems, listing(problems)


def test_assert_never_validates_input() -> None:
    """An assert disappears with -O; in the product it may only tell the type checker what is known to be there."""
    problems = [
        f"{path}:{node.lineno} assert {ast.unparse(node.test)}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assert) and not _narrows(node.test)
    ]
    assert not problems, listing(problems)


def test_nothing_is_swallowed() -> None:
    problems = [
        f"{path}:{node.lineno} except {ast.unparse(node.type) if node.type else ''}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and _broad(node)
        and all(isinstance(each, ast.Pass) for each in node.body)
    ]
    assert not problems, listing(problems)


def _narrows(test: ast.expr) -> bool:
    text = ast.unparse(test)
    return " is not None" in text or text.startswith("isinstance(")


def _broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")
