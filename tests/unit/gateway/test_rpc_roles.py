"""What a caller of the wrong role makes happen: nothing but a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from appliance.foundation.clock import SystemClock
from appliance.foundation.tasks import TaskSet
from appliance.gateway.method import Method, MethodGroup, MethodTable, NoParams
from appliance.gateway.rpc import Rpc
from appliance.protocol.frames import Request
from tests.unit.gateway.methods.box import caller


async def test_a_node_makes_nothing_load_that_is_not_for_nodes() -> None:
    made: list[str] = []

    def make() -> Iterable[Method]:
        made.append("a")
        return [Method("a", None, NoParams, lambda call, params: None)]

    table = MethodTable()
    table.promise(MethodGroup(("a",), make))
    rpc, operator = Rpc(table, SystemClock(), TaskSet("rpc")), caller()
    node = replace(operator, view=replace(operator.view, role="node"))
    rpc.handle(node, Request("req", "1", "a"))
    answer = json.loads(node.answers.get_nowait())
    assert answer["error"]["code"] == "INVALID_REQUEST"
    assert (made, node.violations) == ([], 1)
    rpc.handle(operator, Request("req", "2", "a"))
    assert json.loads(operator.answers.get_nowait())["ok"]
    assert made == ["a"]
