"""Nodes over a real gateway process: who may be asked for what, and what becomes of an invoke."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.wire import Client, DeviceKey
from tests.integration.box import no_engine
from tests.integration.gateway_process import GatewayProcess
from tests.integration.node_client import HOST_COMMANDS, node, node_params, operator, socket
from tests.protocol.test_payload_schemas import validator


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("box")
    with GatewayProcess(folder / "s", {}, **no_engine(folder)) as gateway:
        yield gateway


async def ask(client: Client, method: str, params: Any = None) -> dict[str, Any]:
    answer = await client.request(method, params)
    assert answer["ok"], answer
    payload: dict[str, Any] = answer["payload"]
    return payload


async def row(client: Client, node_id: str) -> dict[str, Any]:
    """Return the row of a node once its surface was judged."""
    while True:
        found = next(one for one in (await ask(client, "node.list"))["nodes"] if one["nodeId"] == node_id)
        if found["paired"] or "pendingRequestId" in found or not found["connected"]:
            return dict(found)
        await asyncio.sleep(0)


async def test_a_node_of_this_machine_is_approved_at_once_and_seen_until_it_leaves(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner:
        async with node(box.target.url, key, *HOST_COMMANDS, "camera.snap"):
            seen = await row(owner, key.id)
            assert (seen["connected"], seen["paired"], seen["approvalState"]) == (True, True, "approved")
            assert seen["commands"] == sorted(HOST_COMMANDS), "camera.snap is withheld: the owner must allow it"
            assert (seen["displayName"], seen["platform"], seen["clientId"]) == ("attic", "linux", "node-host")
        told = await owner.event("node.presence")
        while told["payload"]["connected"]:
            told = await owner.event("node.presence")
        seen = await ask(owner, "node.describe", {"nodeId": key.id})
        assert not seen["connected"]
        assert seen["paired"]
        assert seen["lastConnectedAtMs"] <= seen["lastDisconnectedAtMs"]


@dataclass
class Answering:
    """A node that answers in the background."""

    client: Client
    answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]]

    async def serve(self) -> None:
        while True:
            request = (await self.client.event("node.invoke.request"))["payload"]
            answer = self.answers[request["command"]](request)
            await self.client.request(
                "node.invoke.result", {"id": request["id"], "nodeId": request["nodeId"], **answer}
            )


@contextlib.asynccontextmanager
async def answering(client: Client, **answers: Callable[[dict[str, Any]], dict[str, Any]]) -> AsyncIterator[None]:
    named = {name.replace("_", "."): answer for name, answer in answers.items()}
    serving = asyncio.ensure_future(Answering(client, named).serve())
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def wish(key: DeviceKey, command: str = "device.info", *, name: str = "k", **more: Any) -> dict[str, Any]:
    return {"nodeId": key.id, "command": command, "idempotencyKey": f"{key.id}:{name}", **more}


async def test_an_invoke_comes_back_as_an_object_or_as_text(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner, node(box.target.url, key, *HOST_COMMANDS) as host:
        await row(owner, key.id)
        async with answering(
            host,
            device_info=lambda _: {"ok": True, "payload": {"os": "Debian"}},
            system_which=lambda request: {"ok": True, "payloadJSON": request["paramsJSON"]},
            system_run=lambda _: {"ok": False, "error": {"code": "SYSTEM_RUN_DENIED", "message": "not on the list"}},
        ):
            answer = await ask(owner, "node.invoke", wish(key))
            assert answer == {
                "ok": True,
                "nodeId": key.id,
                "command": "device.info",
                "payload": {"os": "Debian"},
                "payloadJSON": None,
            }
            answer = await ask(owner, "node.invoke", wish(key, "system.which", name="w", params={"bins": ["ls"]}))
            assert (answer["payload"], answer["payloadJSON"]) == ({"bins": ["ls"]}, '{"bins":["ls"]}')
            refused = await owner.request("node.invoke", wish(key, "system.run", name="r", params={"command": ["ls"]}))
            assert refused["error"]["code"] == "UNAVAILABLE"
            assert refused["error"]["message"] == "SYSTEM_RUN_DENIED: not on the list"
            fault = {"code": "SYSTEM_RUN_DENIED", "message": "not on the list"}
            assert refused["error"]["details"] == {"nodeError": fault, "nodeCommandDispatched": True}


async def test_what_cannot_be_asked_is_refused_in_the_words_of_the_protocol(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner:
        away = (await owner.request("node.invoke", wish(key)))["error"]
        assert (away["code"], away["message"]) == ("UNAVAILABLE", "node not connected")
        assert (away["details"]["code"], away["details"]["nodeCommandDispatched"]) == ("NOT_CONNECTED", False)
        async with node(box.target.url, key, *HOST_COMMANDS, "camera.snap"):
            await row(owner, key.id)
            refused = (await owner.request("node.invoke", wish(key, "camera.snap")))["error"]
            assert refused["code"] == "INVALID_REQUEST"
            assert refused["message"].startswith("node command not allowed: ")
            assert refused["details"]["command"] == "camera.snap"
            assert refused["details"]["reason"] == "command not allowlisted"
            late = (await owner.request("node.invoke", wish(key, timeoutMs=1)))["error"]
            assert (late["code"], late["message"]) == ("UNAVAILABLE", "TIMEOUT: node invoke timed out")
            assert late["details"]["nodeError"]["code"] == "TIMEOUT"


async def test_rights_are_checked_on_both_sides(box: GatewayProcess) -> None:
    key, other = DeviceKey(), DeviceKey()
    async with (
        node(box.target.url, key, *HOST_COMMANDS, "fs.listDir") as host,
        node(box.target.url, other, *HOST_COMMANDS) as stranger,
        operator(box.target.url, "operator.read") as reader,
        operator(box.target.url, "operator.write") as writer,
    ):
        assert (await reader.request("node.invoke", wish(key)))["error"]["message"] == "missing scope: operator.write"
        refused = (await writer.request("node.invoke", wish(key, "fs.listDir")))["error"]
        assert refused["message"] == "missing scope: operator.admin"
        assert (await host.request("node.list"))["error"]["message"] == "unauthorized role: node"
        assert (await writer.request("node.event", {"event": "x"}))["error"]["message"] == "unauthorized role: operator"
        await row(writer, key.id)
        asking = asyncio.ensure_future(writer.request("node.invoke", wish(key)))
        request = (await host.event("node.invoke.request"))["payload"]
        forged = {"id": request["id"], "ok": True, "payload": "forged"}
        assert (
            "nodeId mismatch"
            in (await stranger.request("node.invoke.result", {**forged, "nodeId": key.id}))["error"]["message"]
        )
        assert (await ask(stranger, "node.invoke.result", {**forged, "nodeId": other.id})) == {
            "ok": True,
            "ignored": True,
        }
        mine = {"id": request["id"], "nodeId": key.id, "ok": True, "payload": "mine"}
        assert await ask(host, "node.invoke.result", mine) == {"ok": True}
        assert await ask(host, "node.invoke.result", mine) == {"ok": True, "ignored": True}
        assert (await asking)["payload"]["payload"] == "mine"


async def test_output_on_the_way_a_cancel_and_a_node_that_leaves_in_the_middle(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner, operator(box.target.url) as second:
        async with node(box.target.url, key, *HOST_COMMANDS) as host:
            await row(owner, key.id)
            asking = asyncio.ensure_future(owner.request("node.invoke", wish(key, name="long")))
            request = (await host.event("node.invoke.request"))["payload"]
            piece = {"invokeId": request["id"], "nodeId": key.id, "seq": 0, "chunk": "line 1\n"}
            assert await ask(host, "node.invoke.progress", piece) == {"ok": True}
            assert await ask(host, "node.invoke.progress", piece) == {"ok": True, "ignored": True}
            name = wish(key, name="long")["idempotencyKey"]
            cancel = {"nodeId": key.id, "idempotencyKey": name}
            # Two sockets of the command line are the same actor.
            assert await ask(second, "homarus.nodes.cancel", cancel) == {"cancelled": True}
            assert (await asking)["error"]["details"]["nodeError"]["code"] == "CANCELLED"
            told = (await owner.event("homarus.node.progress"))["payload"]
            assert told == {"nodeId": key.id, "idempotencyKey": name, "seq": 0, "chunk": "line 1\n"}
            assert (await host.event("node.invoke.cancel"))["payload"]["id"] == request["id"]
            asking = asyncio.ensure_future(owner.request("node.invoke", wish(key, name="gone")))
            await host.event("node.invoke.request")
        error = (await asking)["error"]
        assert error["details"]["nodeError"]["code"] == "NODE_DISCONNECTED"
        assert error["details"]["nodeCommandDispatched"] is True


@pytest.mark.parametrize("how", ["device.pair.remove", "device.token.revoke", "node.pair.remove"])
async def test_a_node_that_is_removed_or_revoked_leaves_at_once(box: GatewayProcess, how: str) -> None:
    key = DeviceKey()
    params = {"device.token.revoke": {"deviceId": key.id, "role": "node"}, "node.pair.remove": {"nodeId": key.id}}
    async with operator(box.target.url) as owner, node(box.target.url, key, *HOST_COMMANDS) as host:
        await row(owner, key.id)
        asking = asyncio.ensure_future(owner.request("node.invoke", wish(key)))
        await host.event("node.invoke.request")
        async with operator(box.target.url) as second:
            await ask(second, how, params.get(how, {"deviceId": key.id}))
            error = (await asking)["error"]
            assert error["details"]["nodeError"]["code"] == "NODE_DISCONNECTED"
            again = (await second.request("node.invoke", wish(key, name="again")))["error"]
            assert again["message"] == "node not connected"
            nodes = (await ask(second, "node.list"))["nodes"]
            assert key.id not in {one["nodeId"] for one in nodes}
        assert (await host.closed())[0] == 4001


async def test_a_node_reports_how_it_is_and_fetches_what_waits(box: GatewayProcess) -> None:
    key = DeviceKey()
    stats = {
        "cpuCount": 4,
        "loadAverage": [0.5, 0.4, 0.3],
        "memoryTotalBytes": 8,
        "memoryFreeBytes": 4,
        "diskTotalBytes": 100,
        "diskAvailableBytes": 50,
    }
    async with operator(box.target.url) as owner:
        async with node(box.target.url, key, *HOST_COMMANDS) as host:
            await row(owner, key.id)
            assert (await host.event("voicewake.changed"))["payload"] == {"triggers": []}
            assert (await host.event("voicewake.routing.changed"))["payload"]["config"]["routes"] == []
            report = {"event": "node.host.stats", "payloadJSON": json.dumps(stats)}
            told = await ask(host, "node.event", report)
            assert told == {"ok": True, "event": "node.host.stats", "handled": True, "reason": "updated"}
            heard = (await owner.event("node.hostStats"))["payload"]
            assert heard["hostStats"] == {**stats, "updatedAtMs": heard["hostStats"]["updatedAtMs"]}
            unused = await ask(host, "node.event", {"event": "voice.transcript", "payload": {"text": "hi"}})
            assert (unused["ok"], unused["handled"]) == (True, False)
            tools = [{"pluginId": "p", "name": "look", "description": "Look."}]
            assert await ask(host, "node.pluginTools.update", {"tools": tools}) == {"nodeId": key.id, "tools": tools}
            skills = [{"name": "tidy", "description": "Tidy up.", "content": "Do it."}]
            assert (await ask(host, "node.skills.update", {"skills": skills}))["nodeId"] == key.id
            assert await ask(host, "node.runnerInventory.update", {"runners": []}) == {"nodeId": key.id}
            assert (await row(owner, key.id))["nodePluginTools"] == tools
        queued = await ask(owner, "node.pending.enqueue", {"nodeId": key.id, "type": "status.request", "wake": True})
        assert queued["wakeTriggered"] is False
        validator("NodePendingEnqueueResult").validate(queued)
        unknown = await owner.request("node.pending.enqueue", {"nodeId": "nobody", "type": "status.request"})
        assert unknown["error"]["message"] == "unknown nodeId"
        async with node(box.target.url, key, *HOST_COMMANDS) as host:
            drained = await ask(host, "node.pending.drain", {})
            validator("NodePendingDrainResult").validate(drained)
            (item,) = drained["items"]
            assert item["id"] == queued["queued"]["id"]
            assert await ask(host, "node.pending.pull") == {"nodeId": key.id, "actions": []}
            done = await ask(host, "node.pending.ack", {"ids": [item["id"]]})
            assert done == {"nodeId": key.id, "ackedIds": [item["id"]], "remainingCount": 0}
        seen = await ask(owner, "node.describe", {"nodeId": key.id})
        assert seen["hostStats"]["cpuCount"] == 4


async def test_a_command_that_a_sleeping_phone_put_off_waits_for_it(box: GatewayProcess) -> None:
    key = DeviceKey()
    phone = {"id": "openclaw-ios", "mode": "node", "version": "1", "platform": "iOS 19.1", "deviceFamily": "iPhone"}
    async with (
        operator(box.target.url) as owner,
        node(box.target.url, key, "canvas.present", client=phone, caps=["canvas"]) as app,
    ):
        await row(owner, key.id)
        asleep = {"code": "NODE_BACKGROUND_UNAVAILABLE", "message": "not now"}
        async with answering(app, canvas_present=lambda _: {"ok": False, "error": asleep}):
            put_off = (await owner.request("node.invoke", wish(key, "canvas.present", params={"url": "/x"})))["error"]
        assert put_off["details"]["code"] == "QUEUED_UNTIL_FOREGROUND"
        (action,) = (await ask(app, "node.pending.pull"))["actions"]
        assert action["id"] == put_off["details"]["queuedActionId"]
        assert (action["command"], json.loads(action["paramsJSON"])) == ("canvas.present", {"url": "/x"})
        await ask(app, "node.pending.ack", {"ids": [action["id"]]})
        assert (await ask(app, "node.pending.pull"))["actions"] == []


async def test_a_command_denied_in_the_configuration_is_gone_at_once(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner, node(box.target.url, key, *HOST_COMMANDS, "camera.snap"):
        await row(owner, key.id)
        commands = "gateway.nodes.commands"
        await ask(owner, "homarus.config.edit", {"path": commands, "value": {"deny": ["device.info"]}})
        refused = (await owner.request("node.invoke", wish(key)))["error"]
        assert refused["details"]["reason"] == "command denied"
        await ask(owner, "homarus.config.edit", {"path": commands, "value": {"allow": ["camera.snap"]}})
        asked = (await owner.event("node.pair.requested"))["payload"]
        assert asked["nodeId"] == key.id
        assert "camera.snap" in asked["commands"]
        await ask(owner, "node.pair.approve", {"requestId": asked["requestId"]})
        assert "camera.snap" in (await ask(owner, "node.describe", {"nodeId": key.id}))["commands"]
        await ask(owner, "homarus.config.edit", {"path": commands})


async def test_the_owner_approves_first_the_device_and_then_what_it_may_do(tmp_path: Path) -> None:
    config = {"gateway": {"nodes": {"pairing": {"autoApproveLocal": False}}}}
    key = DeviceKey()
    with await asyncio.to_thread(GatewayProcess(tmp_path / "s", config, **no_engine(tmp_path)).start) as box:
        async with operator(box.target.url) as owner:
            async with socket(box.target.url) as client:
                refused = await client.connect(node_params(*HOST_COMMANDS), key)
                assert refused["error"]["details"]["code"] == "PAIRING_REQUIRED"
            await ask(owner, "device.pair.approve", {"requestId": refused["error"]["details"]["requestId"]})
            async with node(box.target.url, key, *HOST_COMMANDS):
                seen = await row(owner, key.id)
                assert (seen["approvalState"], seen["paired"], seen["commands"]) == ("pending-approval", False, [])
                assert seen["pendingDeclaredCommands"] == sorted(HOST_COMMANDS)
                (waiting,) = (await ask(owner, "node.pair.list"))["pending"]
                assert waiting["requestId"] == seen["pendingRequestId"]
                async with operator(box.target.url, "operator.pairing", "operator.write") as friend:
                    denied = await friend.request("node.pair.approve", {"requestId": waiting["requestId"]})
                    assert denied["error"]["message"] == "missing scope: operator.admin"
                    assert denied["error"]["details"]["requiredScopes"] == waiting["requiredApproveScopes"]
                listed = await asyncio.to_thread(box.homarus, "nodes", "list")
                assert f"homarus nodes approve {waiting['requestId'][:8]}" in listed.stdout, listed
                done = await asyncio.to_thread(box.homarus, "nodes", "approve", "--yes")
                assert done.returncode == 0, done
                assert (await owner.event("node.pair.resolved"))["payload"]["decision"] == "approved"
                assert (await row(owner, key.id))["commands"] == sorted(HOST_COMMANDS)
            async with node(box.target.url, key, *HOST_COMMANDS, "screen.snapshot"):
                seen = await row(owner, key.id)
                while "pendingRequestId" not in seen:
                    seen = await row(owner, key.id)
                assert (seen["approvalState"], seen["commands"]) == ("pending-approval", sorted(HOST_COMMANDS))
                await ask(owner, "node.pair.reject", {"requestId": seen["pendingRequestId"]})
                unknown = await owner.request("node.pair.approve", {"requestId": seen["pendingRequestId"]})
                assert unknown["error"]["message"] == "unknown requestId"
        await asyncio.to_thread(box.stop)
        await asyncio.to_thread(box.start)
        async with operator(box.target.url) as owner, node(box.target.url, key, *HOST_COMMANDS):
            assert (await row(owner, key.id))["commands"] == sorted(HOST_COMMANDS), "it survives a restart"


async def test_the_command_line_asks_nodes_and_names_them(box: GatewayProcess) -> None:
    key = DeviceKey()

    async def homarus(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(box.homarus, "nodes", *arguments)

    async with operator(box.target.url) as owner, node(box.target.url, key, *HOST_COMMANDS, name="barn\x1b[2J") as host:
        await row(owner, key.id)
        async with answering(
            host,
            device_info=lambda _: {"ok": True, "payload": {"os": "Debian"}},
            system_which=lambda request: {"ok": True, "payloadJSON": request["paramsJSON"]},
        ):
            renamed = await homarus("rename", key.id[:12], "Barn")
            assert renamed.returncode == 0, renamed
            assert "\x1b" not in renamed.stdout
            listed = await homarus("list")
            assert "Barn" in listed.stdout
            assert "system.which" in listed.stdout
            assert "connected" in (await homarus("describe", "barn")).stdout
            done = await homarus("invoke", "barn", "system.which", '{"bins": ["ls"]}')
            assert json.loads(done.stdout) == {"bins": ["ls"]}
            done = await homarus("invoke", "barn", "device.info", "--json")
            assert json.loads(done.stdout)["payload"] == {"os": "Debian"}
            wrong = await homarus("invoke", "barn", "camera.snap")
            assert (wrong.returncode, wrong.stdout) != (0, "")
            assert "gateway.nodes.commands.allow" in wrong.stderr
        removed = await homarus("remove", "barn", "--yes")
        assert removed.returncode == 0, removed
        assert (await host.closed())[0] == 4001
        assert "No node" in (await homarus("describe", key.id[:12])).stderr
