"""What a wire format has to offer, and what all of them share."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from appliance.foundation.ids import digest
from appliance.generation import GenerateRequest, StreamItem
from appliance.messages import Image, JsonObject, Message, Part, Role, Text
from appliance.providers.classification import Problem
from appliance.providers.stream import ServerEvent

# One tool call of an honest model stays far below this; it also bounds what a broken one can make us hold.
MAX_ARGUMENT_CHARS = 1024 * 1024
MAX_TOOL_CALLS = 128

_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Unreadable(Exception):
    """The service answered with something that is not its format; the text says what and quotes nothing."""


class Unfinished(Exception):
    """The stream ended before the answer did."""


class ServiceProblem(Exception):
    """The service reported an error inside a stream that had begun well."""

    def __init__(self, problem: Problem) -> None:
        super().__init__("the service reported an error inside the stream")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Shape:
    """What the configuration and the catalog say of the model that is asked; None is nothing.

    `limit` is the owner's bound of an answer in tokens, `ceiling` the most that the model can do.
    """

    limit: int | None = None
    ceiling: int | None = None


class Decoder(Protocol):
    """The state of one answer. Both methods raise Unreadable and ServiceProblem."""

    @property
    def done(self) -> bool:
        """True when the service has said its last word, so that nobody waits for the connection to close."""

    def feed(self, event: ServerEvent) -> Sequence[StreamItem]:
        """Return what is new in `event`."""

    def end(self) -> Sequence[StreamItem]:
        """Return the rest at the end of the stream, `Finished` last. Raises Unfinished."""


class Family(Protocol):
    """One wire format."""

    @property
    def attempts(self) -> int:
        """How often a request may be sent: the first time and the retries (as in the official libraries)."""

    def headers(self) -> Mapping[str, str]:
        """Return what every request carries besides the credential."""

    def credential_headers(self, key: str, *, bearer: bool) -> Mapping[str, str]:
        """Return the headers for a key. A key never becomes part of a URL: URLs end in logs."""

    def path(self, model: str) -> str:
        """Return where a streamed answer is asked for, below the base URL."""

    def encode(self, request: GenerateRequest, shape: Shape) -> JsonObject:
        """Return the JSON body of a request."""

    def decoder(self, request: GenerateRequest) -> Decoder:
        """Return a fresh decoder for one answer."""

    def embedding(self, model: str, texts: Sequence[str]) -> tuple[str, JsonObject] | None:
        """Return path and body of an embedding request; None when the family has no embeddings."""

    def vectors(self, body: bytes) -> list[list[float]]:
        """Read the answer to it, in the order of the texts. Raises Unreadable."""


def decode(data: str | bytes, shape: type[Any]) -> Any:
    """Decode JSON into a struct (or a list). Raises Unreadable; the text holds no data of the stream."""
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        raise Unreadable(f"unexpected shape, {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("an event is not JSON") from None


def parse_arguments(text: str) -> JsonObject:
    """Parse the arguments of a tool call; nothing at all means no arguments. Raises Unreadable."""
    if not text.strip():
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise Unreadable("the arguments of a tool call are not JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("the arguments of a tool call are not a JSON object")
    return value


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def wire_id(call_id: str) -> str:
    """Return an id that every service accepts: another one, or our own model, may have made `call_id`."""
    return call_id if _SAFE_ID.fullmatch(call_id) else f"call_{digest(call_id.encode())[:24]}"


def cache_key(session_key: str) -> str:
    """Return a name for cache affinity that hides who is talking: a key may hold a phone number."""
    return digest(session_key.encode())[:32]


def base64_text(image: Image) -> str:
    return base64.b64encode(image.content).decode("ascii")


def data_url(image: Image) -> str:
    return f"data:{image.media_type};base64,{base64_text(image)}"


def alternating(messages: Sequence[Message]) -> Iterator[tuple[bool, list[Part]]]:
    """Yield (from the assistant?, parts), neighbours of one side merged: two families insist on turns.

    Results of tools count as the user's side. A conversation that begins with the assistant (its start was
    cut off, or a timer spoke first) gets an ellipsis of the user before it, because both families refuse it
    otherwise.
    """
    merged: list[tuple[bool, list[Part]]] = []
    for message in messages:
        assistant = message.role is Role.ASSISTANT
        # Blank text is refused by both, and so is a turn without parts.
        parts = [part for part in message.parts if not isinstance(part, Text) or part.text.strip()]
        if merged and merged[-1][0] == assistant:
            merged[-1][1].extend(parts)
        elif parts:
            merged.append((assistant, parts))
    if merged and merged[0][0]:
        merged.insert(0, (False, [Text("…")]))
    yield from merged


def strict_schema(schema: object) -> bool:
    """True when OpenAI's strict mode takes `schema`: all objects closed, all properties required."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" or "properties" in schema:
            properties = schema.get("properties", {})
            if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
                return False
        return all(strict_schema(value) for value in schema.values())
    if isinstance(schema, list):
        return all(strict_schema(value) for value in schema)
    return True
