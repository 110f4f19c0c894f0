"""One question and its answer, whichever interface asked: the agent's turn, or a bare model with the caller's tools."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from aiohttp import web

from appliance.context.wire import assistant_entry, tool_result_entry, user_entry
from appliance.foundation.clock import Clock
from appliance.foundation.errors import OverloadedError
from appliance.foundation.ids import new_id
from appliance.gateway.http.conversation import Conversation
from appliance.gateway.http.openai_frame import HttpError, bad_request
from appliance.gateway.http.run_streams import RunEnd, RunStreams
from appliance.gateway.methods.addressing import Addressing, Place
from appliance.gateway.methods.attachments import Picture
from appliance.gateway.methods.runs import run_error
from appliance.gateway.methods.seams import Dispatching, Models
from appliance.gateway.methods.sending import BlobKeeper, Outgoing, Sender
from appliance.generation import (
    Finished,
    GenerateRequest,
    ModelInfo,
    StopReason,
    TextDelta,
    ToolCallReady,
    ToolSpec,
)
from appliance.messages import Image, JsonObject, Message, Role, ToolCall, ToolResult
from appliance.providers.failover import ChainItem
from appliance.sessions.model import Run, RunStatus, Session

LOOK_S = 0.5  # how soon a caller that went away is noticed while nothing is said
_END_GRACE_S = 15.0
_MAX_DIRECT = 8  # calls that go to a model past the lanes; more are asked to come again
_MODEL_NAMES = ("openclaw", "homarus")


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens of an answer; None is unknown."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """New text."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """The model wants one of the caller's tools run."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing new, but everything is well: a moment to see whether the caller is still there."""


@dataclass(frozen=True, slots=True)
class Done:
    """The end: `stop` in OpenAI's words (stop, length, tool_calls, content_filter)."""

    stop: str
    spent: Spent


Piece: TypeAlias = Said | Called | Quiet | Done


@dataclass(frozen=True, slots=True)
class Question:
    """A request, read. `affine` says that the session remembers what was said before."""

    id: str
    place: Place
    affine: bool
    conversation: Conversation
    tools: tuple[ToolSpec, ...] = ()
    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    response_schema: JsonObject | None = None


class DirectModels(Protocol):
    """Models without the agent: the chain of an agent, or one chosen model, and none that only knows its own tools."""

    def generate(
        self, agent_id: str, model: str | None, build: Callable[[ModelInfo], GenerateRequest]
    ) -> AsyncGenerator[ChainItem]: ...


class SessionSeed(Protocol):
    """What is written before the first turn of a session (sessions.store)."""

    async def get(self, key: str) -> Session | None: ...
    async def run(self, run_id: str) -> Run | None: ...
    async def ensure(self, key: str, agent_id: str, now_ms: int) -> Session: ...
    async def append(
        self,
        session_key: str,
        run_id: str | None,
        messages: Sequence[tuple[str, JsonObject, str | None]],
        now_ms: int,
    ) -> Sequence[Any]: ...


class Exchanges:
    """Answers questions of the OpenAI-compatible interfaces."""

    def __init__(
        self,
        *,
        store: SessionSeed,
        dispatcher: Dispatching,
        sender: Sender,
        streams: RunStreams,
        blobs: BlobKeeper,
        addressing: Addressing,
        models: Models,
        direct: DirectModels,
        clock: Clock,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._sender = sender
        self._streams = streams
        self._blobs = blobs
        self._addressing = addressing
        self._models = models
        self._direct = direct
        self._clock = clock
        self._running = 0

    async def place(
        self, request: web.Request, model: str, user: str | None, previous: str | None
    ) -> tuple[Place, bool]:
        """Return the session of a request and whether it remembers; raises HttpError for names that mean nothing.

        The session is the one of `previous` (a response id), of the header `x-openclaw-session-key`, of `user`, or a
        fresh one.
        """
        agent_id = self._agent_id(request, model)
        if previous is not None:
            run = await self._store.run(previous)
            if run is None or run.agent_id != agent_id:
                raise HttpError(404, f"No response {previous} is known.", code="previous_response_not_found")
            return Place(run.session_key, run.agent_id), True
        key = request.headers.get("x-openclaw-session-key")
        if key:
            return self._addressing.locate(key, agent_id), True
        if user:
            # Callers put mail addresses and worse into this field: only its digest becomes part of a key.
            name = hashlib.sha256(user.encode()).hexdigest()[:32]
            return Place(f"agent:{agent_id}:openai:user-{name}", agent_id), True
        return Place(f"agent:{agent_id}:openai:{new_id()}", agent_id), False

    def _agent_id(self, request: web.Request, model: str) -> str:
        named = request.headers.get("x-openclaw-agent-id")
        name, _, agent_id = model.partition("/")
        if name not in _MODEL_NAMES:
            raise bad_request(
                f"Unknown model {model}. Use `openclaw` or `openclaw/<agentId>`; GET /v1/models lists them.",
                param="model",
                code="model_not_found",
            )
        wanted = named or (agent_id if agent_id not in ("", "default") else None)
        return self._addressing.agent(wanted).id

    def override(self, request: web.Request) -> str | None:
        """Return the model that the header `x-openclaw-model` asks for. Raises HttpError when it is not set up."""
        wanted = request.headers.get("x-openclaw-model")
        if not wanted:
            return None
        model = self._models.find(wanted)
        if model is None:
            raise bad_request(f"Unknown model {wanted} in x-openclaw-model.", code="model_not_found")
        return model.ref

    def answer(self, question: Question) -> AsyncGenerator[Piece]:
        """Answer a question; `Done` is last. Closing the generator early aborts the work.

        Raises ApplianceError when there is no answer; what was said before stands.
        """
        return self._from_model(question) if question.tools else self._from_agent(question)

    async def _from_agent(self, question: Question) -> AsyncGenerator[Piece]:
        asked = question.conversation.last_user
        pictures = [Picture(one.media_type, one.content) for one in asked.parts if isinstance(one, Image)]
        session = await self._store.get(question.place.key) if question.affine else None
        if session is None or session.message_count == 0:
            await self._seed(question)
        origin = {
            "client": "http",
            "channel": "openai",
            "extraSystemPrompt": question.conversation.system or None,
            "model": question.model,
            "maxTokens": question.max_tokens,
            "temperature": question.temperature,
            "queueMode": "followup",  # merging two requests would leave one of them without an answer
            "suppressCommandInterpretation": True,
        }
        outgoing = Outgoing(question.place, asked.text, question.id, origin=origin, pictures=pictures)
        ended = False
        with self._streams.open(question.id) as stream:
            try:
                await self._sender.send(outgoing)
                while not ended:
                    match await stream.next(LOOK_S):
                        case None:
                            yield Quiet()
                        case str(text):
                            yield Said(text)
                        case RunEnd() as end:
                            ended = True
                            if stream.told == 0 and (unsaid := _unsaid(end)):
                                yield Said(unsaid)
                            yield await self._done(question.id, end)
            finally:
                if not ended:
                    await self._dispatcher.abort(question.place.key, question.id, reason="client-gone")

    async def _seed(self, question: Question) -> None:
        """Write what was said elsewhere into the new session, so that the agent knows it."""
        earlier = question.conversation.messages[:-1]
        if not earlier:
            return
        now_ms = self._clock.now_ms()
        rows = [row for message in earlier for row in await self._rows(message, now_ms)]
        await self._store.ensure(question.place.key, question.place.agent_id, now_ms)
        await self._store.append(question.place.key, None, rows, now_ms)

    async def _rows(self, message: Message, now_ms: int) -> list[tuple[str, JsonObject, str | None]]:
        entries: list[dict[str, Any]]
        if message.role is Role.USER:
            images = [one for one in message.parts if isinstance(one, Image)]
            blobs = [await self._blobs.put(one.content, one.media_type) for one in images]
            parts = tuple({"type": "image", "mimeType": one.media_type, "blob": one.sha256} for one in blobs)
            entries = [user_entry(message.text, parts, now_ms)]
        elif message.role is Role.ASSISTANT:
            entries = [
                assistant_entry(
                    message.text,
                    message.tool_calls,
                    provider="openai",
                    model="client",
                    usage=None,
                    stop_reason="tool_calls" if message.tool_calls else "stop",
                    now_ms=now_ms,
                )
            ]
        else:
            results = [one for one in message.parts if isinstance(one, ToolResult)]
            entries = [tool_result_entry(one, now_ms) for one in results]
        return [(str(entry["role"]), entry, None) for entry in entries]

    async def _done(self, run_id: str, end: RunEnd) -> Done:
        run = await self._dispatcher.wait(run_id, _END_GRACE_S)
        if run is None:
            raise HttpError(500, "The answer ended but could not be stored.", code="not_stored")
        if run.status not in (RunStatus.OK, RunStatus.ABORTED):
            status = 504 if run.status is RunStatus.TIMEOUT else 502
            text = run_error(run) or str(end.fields.get("errorMessage") or "The run failed.")
            raise HttpError(status, text, code=str((run.error or {}).get("code") or "run_failed"))
        meta = (run.result or {}).get("meta") or {}
        return Done(_finish_reason(str(meta.get("stopReason") or "stop")), _spent(run.usage))

    async def _from_model(self, question: Question) -> AsyncGenerator[Piece]:
        if self._running >= _MAX_DIRECT:
            raise OverloadedError(f"{_MAX_DIRECT} requests with tools of their own run already. Try again in a moment.")

        def build(info: ModelInfo) -> GenerateRequest:
            return GenerateRequest(
                model=info.id,
                system=question.conversation.system,
                messages=question.conversation.messages,
                tools=question.tools,
                max_tokens=question.max_tokens,
                temperature=question.temperature,
                session_key=question.place.key,
                response_schema=question.response_schema,
            )

        self._running += 1
        try:
            async with aclosing(self._direct.generate(question.place.agent_id, question.model, build)) as items:
                async for item in items:
                    yield _piece(item)
        finally:
            self._running -= 1


def _piece(item: ChainItem) -> Piece:
    match item:
        case TextDelta(text):
            return Said(text)
        case ToolCallReady(call):
            return Called(call)
        case Finished(stop, usage):
            spent = Spent(usage.input_tokens, usage.output_tokens, usage.cache_read_tokens)
            return Done(_finish_reason(stop.value), spent)
    return Quiet()


def _unsaid(end: RunEnd) -> str:
    """Return the text of an end that came without deltas (commands, notes)."""
    message: Mapping[str, Any] = end.fields.get("message") or {}
    return "".join(part.get("text", "") for part in message.get("content") or () if isinstance(part, dict))


def _finish_reason(stop: str) -> str:
    if stop == StopReason.REFUSED:
        return "content_filter"
    return stop if stop in ("length", "tool_calls") else "stop"


def _spent(usage: JsonObject | None) -> Spent:
    known = usage or {}
    return Spent(known.get("input"), known.get("output"), known.get("cacheRead"))
