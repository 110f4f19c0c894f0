"""An agent on the box and the nodes: what it is offered, and what it may ask for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.fakes.cloud.script import Answer, Call, Say
from tests.fakes.cloud.server import FakeCloud
from tests.fakes.wire import DeviceKey
from tests.integration.box import cloud_box, cloud_config, talking
from tests.integration.node_client import HOST_COMMANDS, node


def _config(cloud: FakeCloud) -> dict[str, Any]:
    config = cloud_config(cloud)
    config["models"]["mini"] = {"enabled": False}
    return config


def _offered(cloud: FakeCloud) -> set[str]:
    return {tool["function"]["name"] for tool in cloud.requests[-1].body.get("tools", [])}


def _result(cloud: FakeCloud) -> str:
    """Return what the model read of its last call."""
    return str(next(one for one in reversed(cloud.requests[-1].body["messages"]) if one["role"] == "tool")["content"])


async def test_an_agent_asks_a_node_while_it_is_there_and_only_for_what_is_effective(tmp_path: Path) -> None:
    wish = {"node": "attic", "command": "device.info"}
    async with cloud_box(tmp_path, _config) as (gateway, cloud), talking(gateway.target) as talker:
        cloud.script(Answer([Say("Nobody.")]))
        await talker.ask("Who is there?", "before")
        assert not {name for name in _offered(cloud) if name.startswith("node_")}
        async with node(gateway.target.url, DeviceKey(), *HOST_COMMANDS, "camera.snap") as host:
            asking = asyncio.ensure_future(talker.ask("How is the attic?", "asks"))
            cloud.script(
                Answer([Call("node_invoke", {**wish, "command": "camera.snap"})]),
                Answer([Call("node_invoke", wish, "call_2")]),
                Answer([Say("Fine.")]),
            )
            request = (await host.event("node.invoke.request"))["payload"]
            assert request["command"] == "device.info", "what is not effective never left the box"
            assert "node command not allowed" in _result(cloud)
            answer = {"id": request["id"], "nodeId": request["nodeId"], "ok": True, "payload": {"os": "Debian"}}
            await host.request("node.invoke.result", answer)
            assert await asking == "Fine."
            assert {"node_list", "node_invoke", "node_run"} <= _offered(cloud)
            assert _result(cloud) == '{"os":"Debian"}'


async def test_a_run_that_is_stopped_tells_the_node_so(tmp_path: Path) -> None:
    async with (
        cloud_box(tmp_path, _config) as (gateway, cloud),
        talking(gateway.target) as talker,
        node(gateway.target.url, DeviceKey(), *HOST_COMMANDS) as host,
    ):
        cloud.script(Answer([Call("node_run", {"node": "attic", "argv": ["sleep", "60"]})]))
        run_id = await talker.send("Sleep there.", "sleeps")
        request = (await host.event("node.invoke.request"))["payload"]
        assert request["command"] == "system.run.prepare"
        plan = {"plan": {"argv": ["sleep", "60"], "cwd": None, "commandText": "sleep 60"}}
        await host.request(
            "node.invoke.result", {"id": request["id"], "nodeId": request["nodeId"], "ok": True, "payload": plan}
        )
        request = (await host.event("node.invoke.request"))["payload"]
        assert json.loads(request["paramsJSON"])["systemRunPlan"] == plan["plan"]
        await talker.connection.call("chat.abort", {"sessionKey": talker.session, "runId": run_id})
        assert (await host.event("node.invoke.cancel"))["payload"]["id"] == request["id"]


async def test_a_policy_without_nodes_offers_none(tmp_path: Path) -> None:
    def config(cloud: FakeCloud) -> dict[str, Any]:
        return {**_config(cloud), "tools": {"deny": ["group:nodes"]}}

    async with (
        cloud_box(tmp_path, config) as (gateway, cloud),
        talking(gateway.target) as talker,
        node(gateway.target.url, DeviceKey(), *HOST_COMMANDS),
    ):
        cloud.script(Answer([Say("Nobody.")]))
        await talker.ask("Who is there?", "asks")
        assert not {name for name in _offered(cloud) if name.startswith("node_")}
