"""Every payload that we send against its own definition in the published JSON schema.

The schema is that of npm @openclaw/gateway-protocol (pinned in package.json). Where protocol.md marks a wider shape as
seen on the wire [V], that wins: each such place is in EXCEPTIONS with its source, and one that is not needed any more
fails.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import msgspec
import pytest

from appliance.foundation.tasks import TaskSet
from appliance.gateway.bridge import Bridge
from appliance.gateway.broadcast import Broadcaster
from appliance.gateway.method import ConnectionView, Subscriptions
from appliance.gateway.methods.config_shape import lookup, ui_hints
from appliance.generation import FailureKind
from appliance.protocol.connect import ClientInfo
from tests.fakes.provider import fails
from tests.fakes.wire import DeviceKey, connect_params, gateway
from tests.unit.gateway.methods.box import Box, HeldProvider, Refused, caller, open_box

SCHEMA = Path(__file__).parent / "node_modules/@openclaw/gateway-protocol/protocol.schema.json"

# Where 2026.9.6 sends more than the schema of 2026.9.1 knows: definition -> place of the member -> where it was seen.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "ModelsListResult": {"models.*.local": "protocol-methods.md, models.list, seen"},
    "AgentEvent": {
        "sessionKey": "protocol.md 7.3 [V]",
        "sessionId": "protocol.md 7.3 [V]",
        "agentId": "protocol.md 7.3 [V]",
    },
    "PresenceEntry": {"clientId": "protocol.md 11, system-presence [V]"},
    "HelloOk": {
        "auth.method": "protocol.md 3.3 [V]",
        "snapshot.presence.*.clientId": "protocol.md 11, system-presence [V]",
    },
}

# Methods whose answers have a definition of their own.
RESULTS = {
    "agents.list": "AgentsListResult",
    "agent.identity.get": "AgentIdentityResult",
    "commands.list": "CommandsListResult",
    "models.list": "ModelsListResult",
    "logs.tail": "LogsTailResult",
    "sessions.create": "SessionsCreateResult",
    "sessions.delete": "SessionsDeleteResult",
    "sessions.resolve": "SessionsResolveResult",
    "chat.message.get": "ChatMessageGetResult",
}


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text())
    return found


@cache
def validator(name: str) -> Any:
    definitions = schema()["definitions"]
    return jsonschema.Draft202012Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


def without(value: Any, place: list[str]) -> Any:
    """Return a copy of a value without the member at a place; `*` is every item of a list."""
    head, *rest = place
    if head == "*":
        return [without(one, rest) for one in value] if isinstance(value, list) else value
    if not isinstance(value, dict) or head not in value:
        return value
    if not rest:
        return {key: one for key, one in value.items() if key != head}
    return {**value, head: without(value[head], rest)}


def _without_all(value: Any, places: Iterable[str]) -> Any:
    for place in places:
        value = without(value, place.split("."))
    return value


def check(name: str, value: Any) -> None:
    """Assert that a value, as it goes over the wire, fits the definition `name` but for its exceptions."""
    sent = json.loads(msgspec.json.encode(value))
    places = EXCEPTIONS.get(name, {})
    plain = _without_all(sent, places)
    for place in places:
        others = _without_all(sent, [one for one in places if one != place])
        needed = others == plain or next(validator(name).iter_errors(others), None) is not None
        assert needed, f"the exception {name} {place} is not needed any more"
    errors = sorted(validator(name).iter_errors(plain), key=str)
    details = "\n".join(f"{error.json_path}: {error.message[:300]}" for error in errors[:10])
    assert not errors, f"{name}:\n{details}\n{json.dumps(plain)[:2000]}"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async with open_box(tmp_path) as one:
        yield one


class Recorder:
    """A listener with every scope and capability that keeps the events that it hears."""

    def __init__(self) -> None:
        client = ClientInfo(id="openclaw-tui", mode="ui", version="1", platform="linux")
        scopes = frozenset({"operator.admin", "operator.read", "operator.write"})
        self.view = ConnectionView("c9", "operator", scopes, frozenset({"tool-events"}), client)
        self.subscriptions = Subscriptions(sessions=True)
        self.shared = False
        self.heard: list[tuple[str, Any]] = []

    def deliver(self, body: bytes, *, numbered: bool, drop_if_slow: bool) -> None:
        frame = json.loads(body + b"}")
        check("EventFrame", frame)
        self.heard.append((frame["event"], frame.get("payload")))

    def check_alive(self) -> None: ...
    def close(self, code: int, reason: str) -> None: ...
    def abort(self) -> None: ...

    def of(self, name: str) -> list[Any]:
        return [payload for event, payload in self.heard if event == name]


@asynccontextmanager
async def listening(box: Box) -> AsyncIterator[Recorder]:
    """Bridge the bus of a box to a listener."""

    async def row(key: str) -> Any:
        session = await box.store.get(key)
        return box.rows.row(session) if session else None

    tasks, broadcaster, recorder = TaskSet("bridge"), Broadcaster(), Recorder()
    broadcaster.add(recorder)
    bridge = Bridge(box.bus, broadcaster, tasks, session_row=row)
    try:
        yield recorder
        async with asyncio.timeout(10):
            while len(tasks):
                await asyncio.sleep(0.01)
    finally:
        bridge.stop()
        await tasks.aclose()


async def test_answers_with_a_definition_of_their_own_fit_it(box: Box) -> None:
    box.log_file.write_text("one\ntwo\n")
    await box.say("Hi")
    await box.call("sessions.create", {"key": "agent:main:work", "label": "Work"})
    message_id = (await box.call("chat.history", {"sessionKey": "main"}))["messages"][0]["__openclaw"]["id"]
    requests: list[tuple[str, dict[str, Any]]] = [
        ("agents.list", {}),
        ("agent.identity.get", {}),
        ("agent.identity.get", {"agentId": "helper"}),
        ("commands.list", {"scope": "text"}),
        ("models.list", {}),
        ("models.list", {"view": "default", "includeDetails": True}),
        ("logs.tail", {}),
        ("logs.tail", {"cursor": 9999}),
        ("sessions.create", {}),
        ("sessions.create", {"label": "Talk", "message": "Hi", "idempotencyKey": "k1"}),
        ("sessions.create", {"message": " ", "idempotencyKey": "k2"}),
        ("sessions.resolve", {"key": "main"}),
        ("sessions.resolve", {"key": "nope", "allowMissing": True}),
        ("chat.message.get", {"sessionKey": "main", "messageId": message_id}),
        ("chat.message.get", {"sessionKey": "main", "messageId": "nope"}),
        ("sessions.delete", {"key": "agent:main:work"}),
        ("sessions.delete", {"key": "agent:main:work"}),
    ]
    for method, params in requests:
        check(RESULTS[method], await box.call(method, params))
    assert {method for method, _ in requests} == set(RESULTS)
    await box.dispatcher.wait("k1", 10)


async def test_health_fits_the_snapshot_that_carries_it(box: Box) -> None:
    await box.say("Hi")
    payload = await box.call("health", {})
    snapshot = {"presence": [], "health": payload, "stateVersion": {"presence": 1, "health": 1}, "uptimeMs": 1}
    check("Snapshot", snapshot)


async def test_the_hello_of_a_gateway_fits(tmp_path: Path) -> None:
    defaults = {"defaultAgentId": "main", "mainKey": "main", "mainSessionKey": "agent:main:main", "scope": "per-sender"}
    async with gateway(tmp_path) as running:
        hello = running.server.hello
        hello._sources = dataclasses.replace(hello._sources, session_defaults=lambda: defaults)
        for scopes, device in ((["operator.read"], None), (["operator.admin"], DeviceKey())):
            async with running.open() as client:
                answer = await client.connect(connect_params(scopes=scopes), device)
                check("ResponseFrame", answer)
                check("HelloOk", answer["payload"])
            check("EventFrame", {"type": "event", "event": "connect.challenge", "payload": client.challenge})


async def test_presence_entries_fit(tmp_path: Path) -> None:
    tui: dict[str, Any] = {"client_id": "openclaw-tui", "mode": "ui", "device": DeviceKey()}
    async with gateway(tmp_path) as running, running.connected("operator.read", **tui) as client:
        presence = (await client.event("presence"))["payload"]["presence"]
    assert len(presence) == 2
    for entry in presence:
        check("PresenceEntry", entry)


async def test_rows_of_sessions_fit(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box:
        await box.call("chat.send", {"sessionKey": "main", "message": "one", "idempotencyKey": "k1"})
        async with asyncio.timeout(10):
            await provider.started.wait()
        busy = (await box.call("sessions.list", {}))["sessions"]
        assert busy[0]["hasActiveRun"] is True
        provider.go.set()
        await box.dispatcher.wait("k1", 10)
        await box.call("sessions.create", {"key": "agent:main:telegram:group:42", "label": "Group"})
        await box.call("sessions.patch", {"key": "main", "model": "fake/two", "thinkingLevel": "low", "label": "Home"})
        described = (await box.call("sessions.describe", {"key": "main"}))["session"]
        history = await box.call("chat.history", {"sessionKey": "main"})
        for row in (*busy, *(await box.call("sessions.list", {}))["sessions"], described, history["sessionInfo"]):
            check("SessionRow", row)
        check("SessionRow", (await box.call("chat.history", {"sessionKey": "agent:main:new"}))["sessionInfo"])


async def test_deltas_of_a_history_fit(box: Box) -> None:
    await box.say("one")
    cursor = (await box.call("chat.history", {"sessionKey": "main"}))["deltaCursor"]
    await box.say("two", run_id="k2")
    ask = {"sessionKey": "main", "cursor": cursor, "inputRunIds": ["k2"]}
    delta = await box.call("chat.history", ask)
    check("ChatHistoryDeltaResult", delta)
    check("ChatHistoryCursorResult", await box.call("chat.startup", ask))
    check("ChatHistoryResetResult", await box.call("chat.history", {**ask, "cursor": "x"}))


def test_what_is_said_of_the_configuration_fits() -> None:
    generated = {"schema": {}, "uiHints": ui_hints(), "version": "1", "generatedAt": "2026-11-21T00:00:00Z"}
    check("ConfigSchemaResponse", generated)
    for path in (".", "gateway", "gateway.auth", "gateway.port", "models.providers", "models.providers.any"):
        check("ConfigSchemaLookupResult", lookup(path, {}))


async def test_models_and_commands_inside_other_answers_fit(box: Box) -> None:
    for answer in (
        await box.call("chat.metadata", {}),
        (await box.call("chat.startup", {"sessionKey": "main"}))["metadata"],
    ):
        check("ModelsListResult", {"models": answer["models"]})
        check("CommandsListResult", {"commands": answer["commands"]})


async def test_events_of_a_chat_fit(box: Box) -> None:
    async with listening(box) as heard:
        heard.subscriptions.messages.add("agent:main:main")
        picture = base64.b64encode(b"\x89PNG\r\n\x1a\n....").decode()
        attachments = [{"mimeType": "image/png", "content": picture}]
        await box.call(
            "chat.send",
            {"sessionKey": "main", "message": "Hi", "idempotencyKey": "k1", "attachments": attachments},
        )
        await box.dispatcher.wait("k1", 10)
        await box.say("/status")
        box.provider.script(fails(FailureKind.AUTH), fails(FailureKind.AUTH))
        await box.say("this fails")
        await box.call("chat.inject", {"sessionKey": "main", "message": "note"})
    states = {one["state"] for one in heard.of("chat")}
    assert states >= {"status", "delta", "final", "error"}
    for one in heard.of("chat"):
        check("ChatEvent", one)
    assert {one["stream"] for one in heard.of("agent")} >= {"lifecycle", "assistant", "run_status"}
    for one in heard.of("agent"):
        check("AgentEvent", one)
    assert heard.of("sessions.changed")
    for one in (*heard.of("sessions.changed"), *heard.of("session.message")):
        check("SessionRow", one["session"])


async def test_events_of_an_aborted_chat_fit(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box, listening(box) as heard:
        await box.call("chat.send", {"sessionKey": "main", "message": "one", "idempotencyKey": "k1"})
        async with asyncio.timeout(10):
            await provider.started.wait()
        await box.call("chat.abort", {"sessionKey": "main"})
    assert "aborted" in {one["state"] for one in heard.of("chat")}
    for one in heard.of("chat"):
        check("ChatEvent", one)
    for one in heard.of("agent"):
        check("AgentEvent", one)


async def test_ticks_and_shutdowns_fit(tmp_path: Path) -> None:
    async with gateway(tmp_path) as running, running.connected("operator.read") as client:
        running.server._tick()
        check("TickEvent", (await client.event("tick"))["payload"])
        await running.server.drain(restart_expected_ms=5000)
        check("ShutdownEvent", (await client.event("shutdown"))["payload"])


async def test_every_error_fits(box: Box) -> None:
    await box.say("Hi", run_id="k1")
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("nope", {}),
        ("chat.send", {"sessionKey": "main"}),
        ("chat.send", {"sessionKey": "main", "message": "other", "idempotencyKey": "k1"}),
        ("chat.history", {"sessionKey": "agent:nobody:main"}),
        ("sessions.resolve", {"key": "nope"}),
        ("sessions.describe", {"key": "main", "colour": "red"}),
    ]
    for method, params in wrong:
        with pytest.raises(Refused) as caught:
            await box.call(method, params)
        check("ErrorShape", caught.value.error)
    with pytest.raises(Refused) as caught:
        await box.call("chat.history", {"sessionKey": "agent:nobody:main"})
    check("UnknownAgentIdErrorDetails", caught.value.error["details"])
    with pytest.raises(Refused) as caught:
        await box.call("chat.abort", {"sessionKey": "main"}, by=caller(frozenset()))
    check("MissingScopeErrorDetails", caught.value.error["details"])


async def test_each_method_has_the_scope_that_is_published(box: Box) -> None:
    published = schema()["methods"]
    theirs = {method.name for method in box.table.all()} & set(published)
    assert len(theirs) > 25
    for method in box.table.all():
        if method.name in published:
            scope = "dynamic" if callable(method.scope) else method.scope
            assert published[method.name]["scope"] == scope, method.name
        else:
            assert method.name.startswith("homarus.") or method.name in UNPUBLISHED, method.name


# Methods that protocol-methods.md (2026.9.6) or protocol.md names and the schema of 2026.9.1 does not.
UNPUBLISHED = {"sessions.unsubscribe"}


async def test_an_agent_run_ends_in_two_frames_that_fit(box: Box) -> None:
    by = await box.answers("agent", {"message": "Hi", "idempotencyKey": "k1"}, by=caller())
    first, second = json.loads(await by.answers.get()), json.loads(await by.answers.get())
    for frame in (first, second):
        check("ResponseFrame", frame)
    assert [frame["payload"]["status"] for frame in (first, second)] == ["accepted", "ok"]
