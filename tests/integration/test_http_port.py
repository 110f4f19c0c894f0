"""The HTTP side of the one port: what OpenAI clients and supervisors expect, with the gateway token as the key."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp

from tests.fakes.cloud.script import Answer, Fault, FaultKind, Say
from tests.integration.box import cloud_box, cloud_config, no_engine
from tests.integration.gateway_process import TOKEN, GatewayProcess
from tests.integration.waiting import until


def ask(gateway: GatewayProcess, path: str, body: Any = None, *, token: str | None = TOKEN) -> tuple[int, str]:
    """Return status and body of one request."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(gateway.http + path, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _events(body: str) -> list[Any]:
    """Return the payloads of a stream of server-sent events."""
    return [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: ")]


async def test_openai_endpoints_answer_over_the_port(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        cloud.choose = lambda _: Answer((Say("Paris, of course."),))
        question = {"model": "openclaw", "messages": [{"role": "user", "content": "capital of France?"}]}

        status, body = await asyncio.to_thread(ask, gateway, "/v1/chat/completions", question)
        assert status == 200
        whole = json.loads(body)
        assert whole["choices"][0]["message"]["content"] == "Paris, of course."
        assert whole["object"] == "chat.completion"

        response = {"model": "openclaw", "input": "capital of France?"}
        status, body = await asyncio.to_thread(ask, gateway, "/v1/responses", response)
        assert status == 200
        assert json.loads(body)["output"][-1]["content"][0]["text"] == "Paris, of course."

        status, body = await asyncio.to_thread(ask, gateway, "/v1/responses", {**response, "stream": True})
        kinds = [json.loads(one)["type"] for one in _events(body) if one != "[DONE]"]
        assert (status, kinds[0], kinds[-1]) == (200, "response.created", "response.completed")

        status, body = await asyncio.to_thread(ask, gateway, "/v1/models")
        assert status == 200
        assert json.loads(body)["data"]


async def test_words_are_streamed_while_the_model_still_speaks(tmp_path: Path) -> None:
    question = {"model": "openclaw", "stream": True, "messages": [{"role": "user", "content": "capital of France?"}]}
    async with cloud_box(tmp_path) as (gateway, cloud), aiohttp.ClientSession() as session:
        cloud.script(Answer((Say("Paris, of course."),), hold_after=3))
        words, last = [], ""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with session.post(f"{gateway.http}/v1/chat/completions", json=question, headers=headers) as answer:
            assert answer.content_type == "text/event-stream"
            async for line in answer.content:
                last = line.decode().removeprefix("data: ").strip() or last
                if last.startswith("{"):
                    words += [choice["delta"].get("content") or "" for choice in json.loads(last)["choices"]]
                    last = ""
                    if any(words):
                        cloud.release.set()  # it would wait for ever if the words came only at the end
        assert ("".join(words), last) == ("Paris, of course.", "[DONE]")
        assert len([word for word in words if word]) > 1


async def test_openai_endpoints_refuse_without_the_token(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        question = {"model": "openclaw", "messages": [{"role": "user", "content": "hello"}]}
        for token in (None, "wrong"):
            for path, body in (("/v1/models", None), ("/v1/chat/completions", question)):
                status, text = await asyncio.to_thread(ask, gateway, path, body, token=token)
                assert status == 401, text
        assert not cloud.requests


async def test_a_failure_is_an_error_of_openais_shape(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        cloud.choose = lambda _: Fault(FaultKind.AUTH)
        question = {"model": "openclaw", "messages": [{"role": "user", "content": "hello"}]}
        status, body = await asyncio.to_thread(ask, gateway, "/v1/chat/completions", question)
        assert status >= 400
        assert "No model could answer" in json.loads(body)["error"]["message"]
        status, body = await asyncio.to_thread(ask, gateway, "/v1/embeddings", {"model": "any", "input": "x"})
        assert status >= 400
        assert json.loads(body)["error"]["message"]


def test_health_is_alive_and_ready_names_what_is_wrong(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "box", {}, **no_engine(tmp_path)) as gateway:
        assert ask(gateway, "/healthz", token=None) == (200, '{"ok":true,"status":"live"}')
        status, body = ask(gateway, "/readyz", token=None)
        ready = json.loads(body)
        assert (status, ready["ready"], ready["failing"]) == (200, True, [])
        assert [one["code"] for one in ready["conditions"]] == ["engine_absent"]

        gateway.config_file.write_text('{ gateway: { port: "banana" } }')
        until(lambda: ask(gateway, "/readyz")[0] == 503, what="not ready")
        ready = json.loads(ask(gateway, "/readyz")[1])
        assert ready["failing"] == ["config_invalid"]
        (wrong,) = [one for one in ready["conditions"] if one["severity"] == "blocking"]
        assert "gateway.port" in wrong["summary"]
        assert "banana" in wrong["summary"]
        assert ask(gateway, "/healthz")[0] == 200, "alive it is"

        gateway.config_file.write_text("{}")
        until(lambda: ask(gateway, "/readyz")[0] == 200, what="ready again")


def test_a_foreign_host_or_origin_gets_nothing(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "box", **no_engine(tmp_path)) as gateway:
        port = gateway.facts["port"]
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {TOKEN}", **headers})
            assert connection.getresponse().status == 403, headers
            connection.close()


def test_with_a_broken_gateway_section_only_the_owner_is_served(tmp_path: Path) -> None:
    """Rules that cannot be read let nobody in; the control socket still tells the owner what to mend."""
    gateway = GatewayProcess(tmp_path / "box", {"gateway": {"port": 18_789, "auth": {"mode": "maybe"}}})
    gateway.environ.update(no_engine(tmp_path))
    with gateway:
        assert gateway.facts["port"] == 0
        status = gateway.homarus("status")
        assert status.returncode == 1
        doctor = gateway.homarus("doctor")
        assert doctor.returncode == 1
        assert "gateway.auth.mode" in doctor.stdout
        assert "maybe" in doctor.stdout
        mended = gateway.homarus("config", "set", "gateway.auth.mode", "token")
        assert mended.returncode == 0, mended.stderr
        assert "homarus gateway restart" in mended.stdout
        gateway.stop()
        gateway.start()
        assert gateway.facts["port"] > 0
        with socket.create_connection(("127.0.0.1", gateway.facts["port"]), 5):
            pass
        assert gateway.homarus("doctor").stdout.count("blocking") == 0


async def test_a_broken_section_stops_its_part_alone_and_the_doctor_says_what_to_do(tmp_path: Path) -> None:
    def config(cloud: Any) -> dict[str, Any]:
        return cloud_config(cloud, tools={"profile": "everything"}, messages={"queue": {"mode": "sometimes"}})

    async with cloud_box(tmp_path, config) as (gateway, _):
        doctor = await asyncio.to_thread(gateway.homarus, "doctor")
        assert doctor.returncode == 1
        for words in ("tools.profile", "everything", "messages.queue.mode", "sometimes", "collect"):
            assert words in doctor.stdout
        checked = await asyncio.to_thread(gateway.homarus, "config", "validate")
        assert checked.returncode == 6
        assert "messages.queue.mode" in checked.stdout
        asked = await asyncio.to_thread(gateway.homarus, "ask", "hello")
        assert (asked.returncode, asked.stdout) == (0, "Hello there.\n")


async def test_an_edited_file_counts_without_a_restart(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        text = gateway.config_file.read_text()
        gateway.config_file.write_text(text.replace('"big"', '"huge"').replace("fake/big", "fake/huge"))
        await asyncio.to_thread(until, lambda: "fake/huge" in gateway.homarus("models").stdout, what="the new model")
        asked = await asyncio.to_thread(gateway.homarus, "ask", "hello")
        assert asked.stdout == "Hello there.\n"
        assert cloud.last.body["model"] == "huge"
        gateway.config_file.write_text("{ not even JSON5")
        await asyncio.to_thread(until, lambda: gateway.homarus("status").returncode == 1, what="the complaint")
        gateway.config_file.write_text(text)
        await asyncio.to_thread(until, lambda: gateway.homarus("status").returncode == 0, what="the cure")
