"""A gateway with fake services behind it, and one who talks to it and remembers what was heard."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from appliance.client.connection import Connection, Event, connect
from appliance.client.target import Target
from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.server import FakeCloud, serve
from tests.integration.gateway_process import GatewayProcess

MAIN = "agent:main:main"
_WAIT_S = 60.0  # for what takes a moment on a machine that is not busy
_STAMP = re.compile(r"^\[[^\]]* UTC\] ")


def provider(cloud: FakeCloud) -> dict[str, Any]:
    """Return the section of a provider whose model is `big`."""
    return {"baseUrl": cloud.url, "apiKey": cloud.key, "models": [{"id": "big"}]}


def cloud_config(cloud: FakeCloud, **sections: Any) -> dict[str, Any]:
    """Return a configuration in which `fake/big` answers."""
    return {
        "models": {"providers": {"fake": provider(cloud)}},
        "agents": {"defaults": {"model": "fake/big"}},
        **sections,
    }


def no_engine(folder: Path) -> dict[str, str]:
    """Return the environment of a box on which no model can run."""
    empty = folder / "no-engine"
    empty.mkdir(parents=True, exist_ok=True)
    return {"HOMARUS_ENGINE_DIR": str(empty)}


@asynccontextmanager
async def cloud_box(
    folder: Path, config: Callable[[FakeCloud], dict[str, Any]] = cloud_config, **environ: str
) -> AsyncIterator[tuple[GatewayProcess, FakeCloud]]:
    """Run a gateway without an engine that asks one fake service."""
    async with serve(OpenAIChatWire()) as cloud:
        gateway = GatewayProcess(folder / "box", config(cloud), **no_engine(folder), **environ)
        await asyncio.to_thread(gateway.start)
        try:
            yield gateway, cloud
        finally:
            await asyncio.to_thread(gateway.stop)


class Talker:
    """Sends to one session and finds events whether they came before or after it looked."""

    def __init__(self, connection: Connection, session: str = MAIN) -> None:
        self.connection = connection
        self.session = session
        self.heard: list[Event] = []

    async def send(self, text: str, key: str, **more: Any) -> str:
        """Send a message under an idempotency key, which is its run as well."""
        params = {"sessionKey": self.session, "message": text, "idempotencyKey": key, **more}
        return str((await self.connection.call("chat.send", params))["runId"])

    async def hear(self, wanted: Callable[[Event], bool], what: str = "the event") -> Event:
        """Return the first event that is wanted."""
        for event in self.heard:
            if wanted(event):
                return event
        try:
            async with asyncio.timeout(_WAIT_S):
                async for event in self.connection.events():
                    self.heard.append(event)
                    if wanted(event):
                        return event
        except TimeoutError as error:
            raise AssertionError(f"{what} did not come; heard {[_short(one) for one in self.heard]}") from error
        raise AssertionError("unreachable")

    async def state(self, run_id: str, *states: str) -> dict[str, Any]:
        """Return the chat event that ends a run (or is in one of `states`)."""
        wanted = states or ("final", "error", "aborted")
        event = await self.hear(
            lambda one: one.name == "chat" and one.payload["runId"] == run_id and one.payload["state"] in wanted,
            f"{wanted} of {run_id}",
        )
        payload: dict[str, Any] = event.payload
        return payload

    async def ask(self, text: str, key: str) -> str:
        """Send and return the answer. Fails when the run does not end well."""
        payload = await self.state(await self.send(text, key))
        assert payload["state"] == "final", payload
        return said(payload.get("message"))

    async def transcript(self) -> list[tuple[str, str]]:
        """Return role and text of every message."""
        answer = await self.connection.call("chat.history", {"sessionKey": self.session, "limit": 1000})
        return [(one["role"], said(one)) for one in answer["messages"]]


@asynccontextmanager
async def talking(target: Target, session: str = MAIN) -> AsyncIterator[Talker]:
    """Open a connection that hears everything of one session."""
    async with connect(target, caps=["tool-events"]) as connection:
        await connection.call("sessions.subscribe")
        await connection.call("sessions.messages.subscribe", {"key": session})
        yield Talker(connection, session)


def said(message: Any) -> str:
    """Return the text of a wire message."""
    content = (message or {}).get("content", "")
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def asked(cloud: FakeCloud) -> list[list[str]]:
    """Return for each request to the service the texts of its user messages."""
    return [[_text(one) for one in request.body["messages"] if one["role"] == "user"] for request in cloud.requests]


def _text(message: dict[str, Any]) -> str:
    """Return what the person wrote: without the time stamp that the model is shown."""
    content = message["content"]
    text = content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)
    return _STAMP.sub("", text)


def _short(event: Event) -> str:
    return f"{event.name} {json.dumps(event.payload)[:160]}"
