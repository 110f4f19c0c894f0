"""OpenClaw's own Control UI, served by its owner elsewhere, against this gateway (protocol.md 12.3).

Its connect parameters and its calls are those that the published page of 2026.9.6 was seen to send to this gateway.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import FakeCloud
from tests.fakes.wire import Client, DeviceKey
from tests.integration.box import MAIN, cloud_box, cloud_config
from tests.integration.gateway_process import TOKEN, GatewayProcess
from tests.integration.node_client import socket
from tests.protocol.test_payload_schemas import check

ORIGIN = "https://control.example"
SCOPES = [f"operator.{one}" for one in ("admin", "read", "write", "approvals", "questions", "pairing")]
CAPS = "agent-kind approvals task-suggestions terminal-offset-seq terminal-session-metadata terminal-upload-path-style "
CAPS += "tool-events inline-widgets model-selection-policy ui-commands usage-refreshing model-catalog-snapshot"
CONNECT = {
    "minProtocol": 4,
    "maxProtocol": 4,
    "client": {
        "id": "openclaw-control-ui",
        "version": "2026.9.6",
        "buildId": "2026.9.6-release-eb377ac59e6c-2026-09-23T16-33-12.144Z",
        "platform": "Linux x86_64",
        "mode": "webchat",
        "instanceId": "0451221d-67ef-4e02-9a78-5edcdb3b16cf",
        "timeZone": "UTC",
    },
    "role": "operator",
    "scopes": SCOPES,
    "modelCatalog": {"sessionKey": "main"},
    "caps": CAPS.split(),
    "auth": {"token": TOKEN, "password": TOKEN},
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/156.0.0.0",
    "locale": "en-US",
}

# What its pages call and show something for, each with the members that they read.
ANSWERED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "sessions.subscribe": ({}, {"subscribed"}),
    "sessions.messages.subscribe": ({"key": "main"}, {"subscribed", "key"}),
    "sessions.list": ({"includeGlobal": True, "includeUnknown": False, "limit": 50}, {"sessions", "defaults", "count"}),
    "sessions.describe": ({"key": MAIN}, {"session"}),
    "sessions.usage": ({"range": "30d", "groupBy": "family", "limit": 1000}, {"totals", "aggregates", "sessions"}),
    "usage.cost": ({"days": 30}, {"daily", "totals"}),
    "agents.list": ({}, {"defaultId", "mainKey", "agents"}),
    "agent.identity.get": ({"sessionKey": MAIN}, {"agentId", "name"}),
    "models.list": ({}, {"models"}),
    "chat.startup": ({"sessionKey": "main"}, set()),
    "chat.history": ({"sessionKey": "main", "limit": 200}, {"messages"}),
    "chat.metadata": ({}, set()),
    "config.get": ({}, {"hash", "valid", "issues", "raw"}),
    "config.schema": ({}, {"schema", "uiHints", "version"}),
    "device.pair.list": ({}, {"pending", "paired"}),
    "node.list": ({}, {"nodes", "ts"}),
    "channels.pairing.list": ({}, {"requests"}),
    "health": ({}, {"ok", "agents", "sessions"}),
    "status": ({}, {"sessions", "heartbeat", "runtimeVersion"}),
    "last-heartbeat": ({}, set()),
    "diagnostics.lanes": ({}, set()),
    "logs.tail": ({"limit": 500}, {"lines", "cursor", "file"}),
    "commands.list": ({"scope": "text"}, {"commands"}),
    "update.status": ({}, {"sentinel", "updateAvailable", "schedule"}),
}
UNKNOWN = ["question.list", "exec.approval.list", "cron.list", "sessions.branches.list", "tasks.list"]


def served_elsewhere(cloud: FakeCloud) -> dict[str, Any]:
    return cloud_config(cloud, gateway={"controlUi": {"allowedOrigins": [ORIGIN]}})


async def open_page(box: GatewayProcess, client: Client, key: DeviceKey) -> dict[str, Any]:
    answer = await client.connect(CONNECT, key)
    assert answer["ok"], answer
    hello: dict[str, Any] = answer["payload"]
    return hello


async def ask(client: Client, method: str, params: Any) -> Any:
    answer = await client.request(method, params)
    assert answer["ok"], (method, answer)
    return answer["payload"]


async def test_its_page_connects_only_from_the_origin_that_is_listed(tmp_path: Path) -> None:
    async with cloud_box(tmp_path, served_elsewhere) as (box, _):
        async with socket(box.target.url, Origin="https://other.example") as stranger:
            answer = await stranger.connect(CONNECT, DeviceKey())
            assert answer["error"]["details"]["code"] == "CONTROL_UI_ORIGIN_NOT_ALLOWED"
        async with socket(box.target.url, Origin=ORIGIN) as alone:
            answer = await alone.connect(CONNECT)
            assert answer["error"]["details"]["code"] == "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"
        key = DeviceKey()
        async with socket(box.target.url, Origin=ORIGIN) as client:
            hello = await open_page(box, client, key)
            assert hello["auth"]["scopes"] == sorted(SCOPES)
        async with socket(box.target.url, Origin=ORIGIN) as again:
            token = hello["auth"]["deviceToken"]
            answer = await again.connect({**CONNECT, "auth": {"token": token, "deviceToken": token}}, key)
            assert answer["payload"]["auth"]["deviceToken"] == token


async def test_each_of_its_pages_gets_the_answers_that_it_reads(tmp_path: Path) -> None:
    async with cloud_box(tmp_path, served_elsewhere) as (box, _), socket(box.target.url, Origin=ORIGIN) as client:
        hello = await open_page(box, client, DeviceKey())
        check("HelloOk", hello)
        for method, (params, members) in ANSWERED.items():
            answer = await ask(client, method, params)
            assert members <= set(answer or ()), (method, members - set(answer or ()))
        for method in UNKNOWN:
            refused = await client.request(method, {})
            assert refused["error"]["message"] == f"unknown method: {method}"
            assert method not in hello["features"]["methods"], "what is not there is not offered: its pages hide it"
        usage = await ask(client, "sessions.usage", {"range": "30d"})
        for name in ("messages", "tools", "byModel", "byProvider", "byAgent", "byChannel", "daily"):
            assert name in usage["aggregates"], "its page of usage stays empty without it"


async def test_its_chat_sends_streams_stops_and_reads_again(tmp_path: Path) -> None:
    async with cloud_box(tmp_path, served_elsewhere) as (box, cloud), socket(box.target.url, Origin=ORIGIN) as client:
        await open_page(box, client, DeviceKey())
        startup = await ask(client, "chat.startup", {"sessionKey": "main"})
        assert startup is not None
        await ask(client, "sessions.subscribe", {})
        await ask(client, "sessions.messages.subscribe", {"key": "main"})
        first = {"sessionKey": MAIN, "message": "Hello", "deliver": False, "queueMode": "steer", "idempotencyKey": "k1"}
        assert (await ask(client, "chat.send", first))["runId"] == "k1"
        assert (await until_state(client, "k1", "final"))["message"]["content"][0]["text"] == "Hello there."
        cloud.script(Answer((Say("Some words of a long answer."),), hold_after=3))
        await ask(client, "chat.send", {**first, "message": "more", "idempotencyKey": "k2"})
        await until_state(client, "k2", "delta")
        assert (await ask(client, "chat.abort", {"sessionKey": MAIN, "runId": "k2"}))["aborted"]
        await until_state(client, "k2", "aborted")
        history = await ask(client, "chat.history", {"sessionKey": MAIN, "limit": 200})
        assert [one["role"] for one in history["messages"]] == ["user", "assistant", "user", "assistant"]
        heard = {one["event"] for one in client.events if one["type"] == "event"}
        assert {"agent", "sessions.changed", "session.message"} <= heard


async def until_state(client: Client, run_id: str, state: str) -> dict[str, Any]:
    while True:
        payload: dict[str, Any] = (await client.event("chat"))["payload"]
        if (payload["runId"], payload["state"]) == (run_id, state):
            return payload


@pytest.mark.parametrize(("header", "status"), [(f"Bearer {TOKEN}", 200), ("Bearer wrong", 401), ("", 401)])
async def test_its_configuration_is_for_who_holds_the_secret(tmp_path: Path, header: str, status: int) -> None:
    async with cloud_box(tmp_path, served_elsewhere) as (box, _), aiohttp.ClientSession() as http:
        headers = {"Authorization": header} if header else {}
        async with http.get(f"{box.http}/control-ui-config.json", headers=headers) as answer:
            assert answer.status == status
            if status == 200:
                wanted = {"basePath", "assistantName", "assistantAgentId", "serverVersion", "embedSandbox"}
                assert wanted <= set(await answer.json())
