"""The published JavaScript client (npm @openclaw/gateway-client), unmodified, as a node of our gateway."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.integration.box import no_engine
from tests.integration.gateway_process import TOKEN, GatewayProcess
from tests.integration.node_client import operator

_SCRIPT = Path(__file__).with_name("reference_node.mjs")
COMMANDS = ("device.info", "device.status", "system.which", "system.run", "camera.snap")


class ReferenceNode:
    """The client in its own process, with what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[dict[str, Any]] = []

    async def says(self, kind: str) -> Any:
        """Return the next thing of this kind that it says."""
        assert self._process.stdout is not None
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), 20)
            assert line, self.said
            self.said.append(json.loads(line))
            if self.said[-1]["kind"] == kind:
                return self.said[-1]["value"]

    async def hears(self, event: str) -> Any:
        """Return the payload of the next event of this name."""
        while (heard := await self.says("event"))["event"] != event:
            pass
        assert "seq" not in heard or event in ("tick", "health", "shutdown"), "targeted events carry no seq"
        return heard["payload"]


@contextlib.asynccontextmanager
async def reference_node(url: str) -> AsyncIterator[ReferenceNode]:
    program = shutil.which("node", path=str(Path(__file__).parents[2] / ".venv-test" / "bin"))
    assert program, "scripts/test installs Node"
    process = await asyncio.create_subprocess_exec(
        program, str(_SCRIPT), url, TOKEN, *COMMANDS, stdin=-1, stdout=-1, limit=1 << 20
    )
    try:
        yield ReferenceNode(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            await asyncio.wait_for(process.wait(), 20)
        assert process.stdout is not None
        await process.stdout.read()


async def test_the_published_client_is_a_node(tmp_path: Path) -> None:
    with await asyncio.to_thread(GatewayProcess(tmp_path / "s", {}, **no_engine(tmp_path)).start) as gateway:
        async with operator(gateway.target.url) as owner, reference_node(gateway.target.url) as host:
            hello = await host.says("hello")
            node_id = hello["deviceId"]
            assert hello["role"] == "node"
            stats = await host.says("stats")
            assert stats == {"ok": True, "event": "node.host.stats", "handled": True, "reason": "updated"}
            assert await host.says("inventory") == {"nodeId": node_id}
            assert await host.says("skills") == {"nodeId": node_id, "skills": []}
            assert await host.says("tools") == {"nodeId": node_id, "tools": []}
            seen = (await owner.request("node.describe", {"nodeId": node_id}))["payload"]
            assert seen["commands"] == ["device.info", "device.status", "system.run", "system.which"]
            assert seen["hostStats"]["cpuCount"] == 2

            async def invoke(command: str, **more: Any) -> dict[str, Any]:
                wish = {"nodeId": node_id, "command": command, "idempotencyKey": command, **more}
                return await owner.request("node.invoke", wish)

            info = await invoke("device.info")
            assert (info["payload"]["payload"], info["payload"]["payloadJSON"]) == ({"deviceName": "reference"}, None)
            assert await host.says("taken") == {"ok": True}
            which = (await invoke("system.which", params={"bins": ["ls"]}))["payload"]
            assert (which["payload"], which["payloadJSON"]) == ({"bins": ["ls"]}, '{"bins":["ls"]}')
            run = await invoke("system.run", params={"command": ["ls"], "approved": True})
            assert run["error"]["message"] == "SYSTEM_RUN_DENIED: approval required"
            late = await invoke("device.status", timeoutMs=20)
            assert late["error"]["message"] == "TIMEOUT: node invoke timed out"
            assert (await host.hears("node.invoke.cancel"))["nodeId"] == node_id
            sent = [one["value"]["payload"] for one in host.said if one["kind"] == "event"]
            ran = next(one for one in sent if one.get("command") == "system.run")
            assert set(json.loads(ran["paramsJSON"])) == {"command", "runId"}, "who asks cannot say what was approved"
            await owner.request("device.pair.remove", {"deviceId": node_id})
            assert (await host.says("close"))["code"] == 4001
