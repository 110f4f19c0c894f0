"""The frames between the gateway and an engine process: msgpack structs behind a 4-byte big-endian length.

A connection carries one request at a time. The engine answers a request with any number of stream frames and
one last frame (`Done`, `Failed` or the one result). Closing the connection, or `Cancel`, ends the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from appliance.engine.remote.frames import (
    Ping,
    Pong,
    StateChunk,
    StateExport,
    StateFound,
    StateImport,
    StateNext,
    StateTaken,
    StateTicket,
)
from appliance.foundation.errors import ApplianceError
from appliance.generation import GenerateRequest
from appliance.messages import Image, Message, Role, Text, ToolCall, ToolResult

MAX_FRAME_BYTES = 32 * 1024 * 1024
HEADER_BYTES = 4

MAX_TEXTS = 256  # texts of one Embed frame
MAX_CANDIDATES = 1024  # candidate tokens of one Generate frame
MAX_STOPS = 16
MAX_TOOLS = 256
MAX_GRAMMAR_CHARS = 512 * 1024
DEFAULT_HOLD_TOKENS = 16
MAX_HOLD_TOKENS = 256


class FrameError(ApplianceError):
    """Bytes on the socket are not a frame of this protocol: the connection is dropped."""

    code = "engine_frame"


# ---- requests -----------------------------------------------------------------------------------------------------


class Control(msgspec.Struct, frozen=True):
    """A control token by its text in the vocabulary, for example `<|im_end|>`. Plain text never becomes one."""

    name: str


class ToolDef(msgspec.Struct, frozen=True):
    """A tool that the model may call; `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


class Chat(msgspec.Struct, frozen=True, tag="chat"):
    """A conversation: the engine renders the chat template of the model, binds calls by grammar and parses them.

    `messages` have the shape that templates expect: role, content, tool_calls with arguments as an object,
    tool_call_id. `tool_choice` is auto, none, required or the name of one tool. With `response_schema` the whole
    answer is JSON of that schema and tools are not offered. `thinking` lets a model think first where its
    template offers the choice.
    """

    messages: list[dict[str, Any]]
    system: str = ""
    tools: list[ToolDef] = []
    tool_choice: str = "auto"
    response_schema: dict[str, Any] | None = None
    thinking: bool = False


class Raw(msgspec.Struct, frozen=True, tag="raw"):
    """A prompt in parts: str is text (never a control token), int a token id, Control a token by name.

    `grammar` is GBNF with the start rule `root`, bounding the answer; empty means free text. `add_bos` puts the
    model's first token in front where the vocabulary asks for one. `special` shows control tokens in the answer
    by their name, which a grammar over tokens wants.
    """

    prompt: list[str | int | Control]
    grammar: str = ""
    add_bos: bool = True
    special: bool = False


class Generate(msgspec.Struct, frozen=True, tag="generate"):
    """Ask for an answer.

    `max_tokens` None means what the window leaves. `temperature` None is the engine's default, 0 is greedy.
    `top_k` 0 and `top_p` 1 switch those limits off.
    `candidates` are tokens (ids or names) whose natural-log probabilities after the prompt are wanted: they come
    in a `Scores` frame before the first token, unbound by the grammar; with `max_tokens` 0 the prompt is read and
    kept, nothing is written. `logprobs` adds to each `Token` the log-probabilities of its tokens.

    `priority`: higher goes first in the queue. `background` work yields to any person at a token and goes on later
    from what it has in the cache. `session_key` names the resident sequence that is tried first for a common prefix.
    `speculate` drafts tokens and has the model verify them: faster where a text quotes, the same answer. `watch`
    ends an answer that degenerates. `keep` stores the attention state after the turn.

    With `min_confidence` above 0 nothing visible is sent for the first `hold_tokens` tokens; where the geometric mean
    of their probabilities is below it, the answer ends there with stop `unsure`. A tool call is judged over all its
    own tokens.
    """

    input: Chat | Raw
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float = 0.95
    top_k: int = 40
    seed: int | None = None
    stop: list[str] = []
    logprobs: bool = False
    candidates: list[int | str] = []
    priority: int = 0
    session_key: str = ""
    background: bool = False
    speculate: bool = True
    watch: bool = True
    keep: bool = True
    min_confidence: float = 0.0
    hold_tokens: int = DEFAULT_HOLD_TOKENS


class Embed(msgspec.Struct, frozen=True, tag="embed"):
    """Ask for one vector per text (mean pooled, length 1)."""

    texts: list[str]


class Tokenize(msgspec.Struct, frozen=True, tag="tokenize"):
    """Ask for token ids. With `special` the names of control tokens in the text become those tokens."""

    text: str
    special: bool = False


class InfoRequest(msgspec.Struct, frozen=True, tag="info"):
    """Ask what runs here."""


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """End the running request of this connection; it still gets its last frame (`Done` with stop `cancelled`)."""


class StateLook(msgspec.Struct, frozen=True, tag="state_look"):
    """Ask how much of the beginning of a prompt is in the cache, ready to be handed to another box."""

    input: Chat
    session_key: str = ""


StateRequest: TypeAlias = StateLook | StateExport | StateNext | StateImport | StateChunk | Ping
StateAnswer: TypeAlias = StateFound | StateChunk | StateTicket | StateTaken | Pong
PlainRequest: TypeAlias = Generate | Embed | Tokenize | InfoRequest | Cancel
Request: TypeAlias = PlainRequest | StateRequest


# ---- answers ------------------------------------------------------------------------------------------------------


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """`done` of `total` prompt tokens are in the cache; `cached` of them were there before."""

    done: int
    total: int
    cached: int = 0


class Scores(msgspec.Struct, frozen=True, tag="scores"):
    """Natural-log probabilities of `Generate.candidates`, in their order, over the whole vocabulary."""

    logprobs: list[float]


class Token(msgspec.Struct, frozen=True, tag="token"):
    """New visible text, always whole characters. `logprobs`: one per token since the last frame, when asked for."""

    text: str
    logprobs: list[float] = []
    tokens: list[int] = []


class Reasoning(msgspec.Struct, frozen=True, tag="reasoning"):
    """New text of the model's thinking (between the template's thinking marks)."""

    text: str


class Call(msgspec.Struct, frozen=True, tag="call"):
    """A complete tool call that fits the grammar of its schema."""

    id: str
    name: str
    arguments: dict[str, Any]


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The last frame of a Generate that did not fail. Times in ms.

    `stop`: stop, length, tool_calls, cancelled, degenerated (`reason` says how: repetition, entropy, flat …) or unsure
    (below `min_confidence`). `restored` says where cached tokens came from: resident, ram, disk, peer, "" nowhere.
    `drafted` and `accepted` count speculated tokens. `confidence` is the geometric mean probability of the answer's
    tokens, 0 when nobody measured it. `window` is the room of one request at this moment, tokens.
    """

    stop: str
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    queue_ms: float = 0.0
    prompt_ms: float = 0.0
    generate_ms: float = 0.0
    reason: str = ""
    restored: str = ""
    drafted: int = 0
    accepted: int = 0
    confidence: float = 0.0
    window: int = 0


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The last frame of a request that failed. `kind` is a value of generation.FailureKind."""

    kind: str
    message: str
    details: dict[str, Any] = {}
    retry_after_s: float | None = None


class Embeddings(msgspec.Struct, frozen=True, tag="embeddings"):
    vectors: list[list[float]]
    prompt_tokens: int


class Tokens(msgspec.Struct, frozen=True, tag="tokens"):
    tokens: list[int]


class CacheInfo(msgspec.Struct, frozen=True):
    """What is stored of attention states. Bytes; `written_bytes` since the folder was made (wear of the card).

    The rest counts since the start: prompts whose longest prefix was found in a sequence, in memory, in a file or
    nowhere, and stored pieces that were `rejected` because they do not fit this engine or are damaged. `problem`: why
    nothing is kept in files although a folder was given.
    """

    ram_bytes: int = 0
    ram_budget: int = 0
    disk_bytes: int = 0
    disk_budget: int = 0
    written_bytes: int = 0
    hits_resident: int = 0
    hits_ram: int = 0
    hits_disk: int = 0
    misses: int = 0
    rejected: int = 0
    problem: str = ""


class Info(msgspec.Struct, frozen=True, tag="info"):
    """What an engine runs. `context` is the window of one request in tokens; counts are of this moment.

    `cells` of the cache hold one token each. `preempted` counts answers that had to give way since the start.
    `fingerprint` (hex) names all that an attention state depends on. The rates are moving averages in tokens per
    second, 0 unknown. `memory` is the pressure on the box: ample, tight or critical. `profile` names the tuning.
    """

    name: str
    model: str
    description: str
    architecture: str
    parameters: int
    size_bytes: int
    context: int
    trained_context: int
    vocabulary: int
    embeddings: bool
    generates: bool
    template: str
    tool_format: str
    threads: int
    active: int
    waiting: int
    resident_sequences: int
    pid: int
    build: str
    cells: int = 0
    free_cells: int = 0
    preempted: int = 0
    fingerprint: str = ""
    prefill_rate: float = 0.0
    decode_rate: float = 0.0
    memory: str = "ample"
    profile: str = ""
    cache: CacheInfo = CacheInfo()


Answer: TypeAlias = (
    Progress | Scores | Token | Reasoning | Call | Done | Failed | Embeddings | Tokens | Info | StateAnswer
)
StreamAnswer: TypeAlias = Progress | Scores | Token | Reasoning | Call | Done

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)

_S = TypeVar("_S")


def encode(frame: Request | Answer) -> bytes:
    """Return the frame with its length in front. Raises FrameError past MAX_FRAME_BYTES."""
    body = _encoder.encode(frame)
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(body)} bytes is over the limit of {MAX_FRAME_BYTES}")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def body_length(header: bytes, limit: int = MAX_FRAME_BYTES) -> int:
    """Return the length that follows a header. Raises FrameError on zero or past `limit`."""
    length = int.from_bytes(header, "big")
    if not 0 < length <= limit:
        raise FrameError(f"a frame length of {length} bytes is outside 1..{limit}")
    return length


def decode_request(body: bytes) -> Request:
    """Decode a request. Raises FrameError."""
    return _decode(_requests, body)


def decode_answer(body: bytes) -> Answer:
    """Decode an answer. Raises FrameError."""
    return _decode(_answers, body)


def _decode(decoder: msgspec.msgpack.Decoder[_S], body: bytes) -> _S:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise FrameError(f"not a frame of the engine protocol: {error}") from error


# ---- from the values of the product ---------------------------------------------------------------------------------


def generate_frame(request: GenerateRequest, *, tool_choice: str = "auto", seed: int | None = None) -> Generate:
    """Translate a request of the product to a frame. Images are named in the text: a text model cannot see them."""
    return Generate(
        input=Chat(
            messages=[entry for message in request.messages for entry in chat_messages(message)],
            system=request.system,
            tools=[ToolDef(t.name, t.description, dict(t.parameters)) for t in request.tools],
            tool_choice=tool_choice,
            response_schema=None if request.response_schema is None else dict(request.response_schema),
        ),
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        seed=seed,
        logprobs=request.logprobs,
        session_key=request.session_key,
    )


def chat_messages(message: Message) -> list[dict[str, Any]]:
    """Return a message in the shape of chat templates; each tool result is a message of its own there."""
    if message.role is Role.TOOL:
        results = (part for part in message.parts if isinstance(part, ToolResult))
        return [{"role": "tool", "content": r.text, "tool_call_id": r.call_id, "name": r.name} for r in results]
    entry: dict[str, Any] = {"role": message.role.value, "content": _visible(message.parts)}
    if message.tool_calls:
        entry["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": dict(c.arguments)}}
            for c in message.tool_calls
        ]
    return [entry]


def _visible(parts: Sequence[Text | Image | ToolCall | ToolResult]) -> str:
    pieces = (
        part.text if isinstance(part, Text) else f"[image: {part.media_type}]"
        for part in parts
        if isinstance(part, Text | Image)
    )
    return "".join(pieces)
