from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from appliance.generation import ToolSpec
from appliance.mesh.errors import InvokeError
from appliance.mesh.invoke.model import Answer
from appliance.mesh.model import NodeFacts
from appliance.mesh.surface import CommandPolicy
from appliance.mesh.tools import NAMES, NodeTools
from appliance.messages import ToolCall, ToolResult
from appliance.tools.base import ToolContext
from appliance.tools.executor import Executor
from appliance.tools.policy import PolicyLayer, ToolPolicy
from appliance.tools.registry import Registry
from appliance.tools.selection import kits
from tests.unit.mesh.box import Box, FakeLink

ALL = ToolPolicy()
HOST = ("device.info", "system.run", "system.run.prepare", "fs.listDir")


class Agent:
    """Calls tools as a run does, and answers for the node."""

    def __init__(self, home: Box) -> None:
        self.home = home
        self.tools = NodeTools(home.mesh, home.invocations)
        self.registry = Registry()
        for tool, groups in self.tools.tools():
            self.registry.register(tool, groups=groups)

    async def call(self, name: str, policy: ToolPolicy = ALL, *, call_id: str = "r:1", **arguments: Any) -> ToolResult:
        context = ToolContext("agent:main:main", "main", "r", call_id, self.home.clock.now_ms(), ZoneInfo("UTC"))
        return await Executor(self.registry).execute(ToolCall(call_id, name, arguments), context, policy)

    async def served(self, link: FakeLink, answers: dict[str, Any], name: str, **arguments: Any) -> ToolResult:
        """Call a tool while the node answers each command with its value or its error."""
        calling = asyncio.ensure_future(self.call(name, **arguments))
        done = {id(one[1]) for one in link.told}
        while not calling.done():
            await asyncio.sleep(0)
            for event, request in list(link.told):
                if event == "node.invoke.request" and id(request) not in done:
                    done.add(id(request))
                    self._answer(link, request, answers[request["command"]])
        return await calling

    def _answer(self, link: FakeLink, request: Any, value: Any) -> None:
        outcome = value if isinstance(value, InvokeError) else Answer(msgspec.Raw(msgspec.json.encode(value)))
        assert self.home.invocations.answered(link.node_id, request["id"], outcome)


@pytest.fixture
def agent(home: Box) -> Agent:
    return Agent(home)


async def attic(home: Box, *commands: str, **more: Any) -> FakeLink:
    facts = NodeFacts(client_id="node-host", platform=more.pop("platform", "linux"), display_name="Attic")
    link = await home.join("a" * 64, *(commands or HOST), trusted=True, facts=facts, **more)
    await home.devices.rename("a" * 64, "Attic")
    return link


async def test_the_tools_are_there_while_a_node_is_that_can_be_asked(home: Box, agent: Agent) -> None:
    assert agent.tools.hidden() == NAMES
    link = await attic(home, "device.info")
    assert agent.tools.hidden() == {"node_run"}, "no node runs programs"
    home.mesh.left(link.conn_id, link.node_id)
    assert agent.tools.hidden() == NAMES
    await home.join("owners", "fs.listDir", trusted=True)
    assert agent.tools.hidden() == NAMES
    await home.join("cellar", "system.run", trusted=True)
    assert agent.tools.hidden() == frozenset()
    home.policy = CommandPolicy(closed=True)
    assert agent.tools.hidden() == NAMES


async def test_a_node_that_waits_for_approval_adds_nothing_to_a_prompt(home: Box, agent: Agent) -> None:
    await home.join("cellar", "device.info")
    assert agent.tools.hidden() == NAMES


async def test_an_agent_sees_what_is_effective_and_nothing_for_owners_alone(home: Box, agent: Agent) -> None:
    await attic(home, *HOST, "camera.snap")
    result = await agent.call("node_list")
    assert result.text == "Attic (linux): device.info, system.run, system.run.prepare"
    assert result.data["nodes"][0]["node"] == "a" * 64


@pytest.mark.parametrize("name", ["Attic", "attic ", "a" * 64, "aaaa"])
async def test_a_node_is_asked_by_its_name_or_id(home: Box, agent: Agent, name: str) -> None:
    link = await attic(home)
    answers = {"device.info": {"os": "Debian"}}
    result = await agent.served(link, answers, "node_invoke", node=name, command="device.info")
    assert (result.text, result.is_error) == ('{"os":"Debian"}', False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"node": "cellar", "command": "device.info"}, "No device cellar is connected. Connected: Attic."),
        ({"node": "Attic", "command": "camera.snap"}, "node command not allowed"),
        ({"node": "Attic", "command": "fs.listDir"}, "for the owner alone"),
        ({"node": "Attic", "command": "system.execApprovals.set"}, "for the owner alone"),
        ({"node": "Attic", "command": "system.run"}, "Use node_run"),
    ],
)
async def test_what_may_not_be_asked_is_not_asked(home: Box, agent: Agent, arguments: Any, said: str) -> None:
    link = await attic(home)
    result = await agent.call("node_invoke", **arguments)
    assert result.is_error
    assert said in result.text
    assert link.told == []


async def test_a_policy_that_denies_nodes_denies_them(home: Box, agent: Agent) -> None:
    link = await attic(home)
    for deny in ("group:nodes", "node_*"):
        result = await agent.call("node_list", ToolPolicy((PolicyLayer(deny=(deny,)),)))
        assert result.is_error
    no_programs = ToolPolicy((PolicyLayer(deny=("group:runtime",)),))
    result = await agent.call("node_run", no_programs, node="Attic", argv=["ls"])
    assert result.is_error
    assert link.told == []


async def test_a_program_runs_as_the_node_planned_it(home: Box, agent: Agent) -> None:
    link = await attic(home)
    plan = {"argv": ["ls", "-l"], "cwd": "/home", "commandText": "ls -l"}
    answers = {
        "system.run.prepare": {"plan": plan},
        "system.run": {"exitCode": 0, "success": True, "stdout": "a\nb\n", "stderr": "", "error": None},
    }
    result = await agent.served(link, answers, "node_run", node="Attic", argv=["ls", "-l"])
    assert (result.text, result.is_error) == ("a\nb", False)
    sent = msgspec.json.decode(link.last("node.invoke.request")["paramsJSON"])
    assert sent["systemRunPlan"] == plan
    assert sent["command"] == ["ls", "-l"]


async def test_a_program_that_fails_is_a_failure(home: Box, agent: Agent) -> None:
    link = await attic(home, "system.run")
    answers = {"system.run": {"exitCode": 3, "success": False, "stdout": "", "stderr": "no\n", "error": None}}
    result = await agent.served(link, answers, "node_run", node="Attic", argv=["false"])
    assert (result.text, result.is_error) == ("no\nexit status 3", True)


async def test_a_node_that_refuses_is_quoted_to_the_agent(home: Box, agent: Agent) -> None:
    link = await attic(home)
    denied = InvokeError("DENIED", "not on the list", dispatched=True)
    result = await agent.served(link, {"device.info": denied}, "node_invoke", node="Attic", command="device.info")
    assert (result.text, result.is_error) == ("Attic: DENIED: not on the list", True)


async def test_the_same_call_again_is_the_same_wish(home: Box, agent: Agent) -> None:
    link = await attic(home)
    arguments = {"node": "Attic", "command": "device.info"}
    await agent.served(link, {"device.info": 1}, "node_invoke", **arguments)
    assert (await agent.call("node_invoke", **arguments)).text == "1"
    assert sum(event == "node.invoke.request" for event, _ in link.told) == 1
    again = await agent.served(link, {"device.info": 2}, "node_invoke", call_id="r:2", **arguments)
    assert again.text == "2"


async def test_a_photograph_does_not_fill_a_prompt(home: Box, agent: Agent) -> None:
    link = await attic(home)
    answers = {"device.info": {"format": "jpg", "base64": "x" * 100_000}}
    result = await agent.served(link, answers, "node_invoke", node="Attic", command="device.info")
    assert len(result.text) < 1000
    assert "100000 characters" in result.text


async def test_what_a_small_model_reads_does_not_change_when_a_node_comes(agent: Agent) -> None:
    names = ("clock_now", "timer_set", "note_add", "list_add", "box_health", "own")
    others = [ToolSpec(name, "x", {}) for name in names]
    mine = [tool.spec for tool, _ in agent.tools.tools()]
    before, after = kits(others), kits([*others, *mine])
    assert [kit for kit in after if kit.name != "nodes"] == list(before)
    (added,) = [kit for kit in after if kit.name == "nodes"]
    assert {tool.name for tool in added.tools} == NAMES
    assert len(msgspec.json.encode([msgspec.to_builtins(spec.parameters) for spec in mine])) < 1500


async def test_a_sentence_that_names_a_node_is_about_nodes(home: Box, agent: Agent) -> None:
    assert agent.tools.hints("ask the attic") == {}
    await attic(home)
    assert agent.tools.hints("How much memory has the ATTIC?") == {"node_invoke": 1.0}
    assert agent.tools.hints("Welche Knoten sind da?") == {"node_invoke": 1.0}
    assert agent.tools.hints("set a timer") == {}
