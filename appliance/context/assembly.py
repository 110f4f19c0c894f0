"""Puts together the request of one model call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from appliance.context.budget import estimate_text_tokens, estimate_tokens, fit
from appliance.context.pairing import paired
from appliance.context.prompt import system_prompt
from appliance.context.wire import to_message
from appliance.generation import GenerateRequest, ModelInfo, ToolSpec
from appliance.messages import JsonObject, Message, Role, Text
from appliance.tools.selection import Kit

# The window of a model of which nothing is known, tokens. Small enough for any model of today.
_DEFAULT_WINDOW = 4096
# Part of the window that is left for the answer.
_ANSWER_SHARE = 0.25
# How much of the history's room a small model gets after a cut: the other half is for the turns that follow, which
# then find the state of this beginning.
_REFILL = 0.5
# What the box itself notes in an answer; published clients read over it.
MARKS = "homarus"


class KitChooser(Protocol):
    """Chooses the few tools of a turn for a model on a box (tools.selection)."""

    def __call__(self, specs: Sequence[ToolSpec], text: str, current: str | None) -> Kit | None: ...


@dataclass(frozen=True, slots=True)
class Size:
    """About how many tokens each part of a prompt takes. `window` is what the model holds, `kit` its tools' name."""

    window: int
    system: int
    tools: int
    history: int
    messages: int
    dropped: int
    kit: str
    tool_names: tuple[str, ...]


def stamp(ms: int, zone: ZoneInfo) -> str:
    """Return the time stamp in front of a person's words, `[Sat 2026-11-21 00:13 CET] `.

    It belongs to the entry, not to the turn: the same entry gives the same bytes for ever, so that the KV state
    of the history stays valid.
    """
    return _stamp(ms // 60_000, zone)


@lru_cache(maxsize=1024)
def _stamp(minute: int, zone: ZoneInfo) -> str:
    """Kept, because each turn of a conversation stamps all of its history again."""
    moment = datetime.fromtimestamp(minute * 60, zone)
    return f"[{moment:%a %Y-%m-%d %H:%M} {moment.tzname()}] "


class Assembly:
    """The context of one turn, from which a request for any candidate can be made.

    `tools` gives what the policy lets a model use; a model on a box sees only the kit that `kits` chooses of them,
    once for the whole turn. `entries` are the stored wire entries, oldest first, the new message of the person
    included.
    """

    def __init__(
        self,
        entries: Sequence[JsonObject],
        *,
        zone: ZoneInfo,
        tools: Callable[[ModelInfo], Sequence[ToolSpec]],
        session_key: str,
        load_blob: Callable[[str], bytes | None],
        owner: str = "",
        extra_system: str = "",
        bare_providers: frozenset[str] = frozenset(),
        max_tokens: int | None = None,
        temperature: float | None = None,
        max_context: int | None = None,
        kits: KitChooser | None = None,
        background: bool = False,
    ) -> None:
        self._plain: list[Message] = []
        self._stamped: list[Message] = []
        self._zone = zone
        self._tools = tools
        self._session_key = session_key
        self._load_blob = load_blob
        self._system = system_prompt(owner) + (f"\n\n{extra_system}" if extra_system else "")
        # The embedded model was trained on bare words: no stamp for it.
        self._bare_providers = bare_providers
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._max_context = max_context
        self._choose_kit = kits
        self._background = background
        self._kit: Kit | None = None
        self._before: JsonObject = {}  # the marks of the last answer
        self._times: dict[int, int] = {}  # when a person's message was written, by its place
        self._marks: dict[str, Any] = {}
        self._grounding: tuple[Message, ...] = ()
        for entry in entries:
            self.add(entry)

    def add(self, entry: JsonObject) -> None:
        """Append an entry that was stored during this turn."""
        message = to_message(entry, self._load_blob)
        if message is None:
            return
        self._grounding = ()
        self._before = entry.get(MARKS) or self._before
        self._plain.append(message)
        if message.role is Role.USER:
            mark = stamp(entry["timestamp"], self._zone)
            message = Message(
                Role.USER, (Text(mark + message.text), *(p for p in message.parts if not isinstance(p, Text)))
            )
            self._times[len(self._stamped)] = entry["timestamp"]
        self._stamped.append(message)

    def ground(self, said: str, prompt: str) -> None:
        """Put what a model said so far and a prompt behind the conversation, until the next entry is added."""
        kept = (Message(Role.ASSISTANT, (Text(said),)),) if said else ()
        self._grounding = (*kept, Message(Role.USER, (Text(prompt),)))

    @property
    def marks(self) -> JsonObject:
        """What the next turn must know to repeat the beginning of the last request: its kit, where it began."""
        return dict(self._marks)

    @property
    def asked(self) -> str:
        """The last thing that a person said."""
        return next((m.text for m in reversed(self._plain) if m.role is Role.USER), "")

    def request(self, info: ModelInfo) -> GenerateRequest:
        """Return the request for one candidate, its history cut to the window of that model."""
        bare = info.provider in self._bare_providers
        tools = self._offered(info)
        answer, budget = self._room(info, tools)
        budget -= sum(map(estimate_tokens, self._grounding))
        messages = fit(paired(self._plain), budget) if bare else self._history(info, budget)
        return GenerateRequest(
            model=info.id,
            system=self._system,
            messages=(*messages, *self._grounding),
            tools=tools,
            max_tokens=min(answer, self._max_tokens or answer),
            temperature=self._temperature,
            session_key=self._session_key,
            background=self._background,
        )

    def size(self, info: ModelInfo) -> Size:
        """Return how a request for this model divides its window, for people who look."""
        request = self.request(info)
        window = self._window(info)
        bare = info.provider in self._bare_providers  # it reads neither the system prompt nor schemas
        return Size(
            window=window,
            system=0 if bare else estimate_text_tokens(len(self._system)),
            tools=0 if bare else _schema_tokens(request.tools),
            history=sum(map(estimate_tokens, request.messages)),
            messages=len(request.messages),
            dropped=len(paired(self._plain)) - len(request.messages),
            kit=self._kit.name if self._kit is not None and self._few(info) else "",
            tool_names=tuple(tool.name for tool in request.tools),
        )

    def _window(self, info: ModelInfo) -> int:
        window = info.context_window or _DEFAULT_WINDOW
        return min(window, self._max_context or window)

    def _room(self, info: ModelInfo, tools: Sequence[ToolSpec]) -> tuple[int, int]:
        """Return how many tokens the answer and the history may take."""
        window = self._window(info)
        answer = min(info.max_output_tokens or window, int(window * _ANSWER_SHARE))
        if info.provider in self._bare_providers:
            return answer, window - answer  # it reads neither the system prompt nor schemas
        # The schemas as JSON, which is how a model reads them.
        static = estimate_text_tokens(len(self._system)) + _schema_tokens(tools)
        return answer, window - answer - static

    def _few(self, info: ModelInfo) -> bool:
        return self._choose_kit is not None and info.local and info.provider not in self._bare_providers

    def _offered(self, info: ModelInfo) -> tuple[ToolSpec, ...]:
        specs = tuple(self._tools(info))
        if self._choose_kit is None or not self._few(info):
            return specs
        current = self._before.get("kit") if self._kit is None else self._kit.name
        # What a person says next in the same run (steering) does not change the kit: it would cost the whole prompt.
        text = self.asked if self._kit is None else ""
        self._kit = self._choose_kit(specs, text, current)
        return () if self._kit is None else self._kit.tools

    def _history(self, info: ModelInfo, budget: int) -> tuple[Message, ...]:
        history = paired(self._stamped)
        if not info.local:
            self._marks = {}
            return fit(history, budget)
        since = self._before.get("since") if self._before.get("model") == info.ref else None
        anchor = next((self._stamped[at] for at, written in self._times.items() if written == since), None)
        if since is not None and anchor is None:
            # What it began with is no longer read from the store: begin anew with room to grow.
            kept = fit(_newer_half(history), budget, refill=_REFILL)
        else:
            kept = fit(history, budget, anchor=anchor, refill=_REFILL)
        begins = next((written for at, written in self._times.items() if kept and self._stamped[at] is kept[0]), None)
        self._marks = {"model": info.ref, "since": begins, "kit": self._kit.name if self._kit else None}
        return kept


def _newer_half(history: Sequence[Message]) -> Sequence[Message]:
    last = max((at for at, message in enumerate(history) if message.role is Role.USER), default=0)
    return history[min(len(history) // 2, last) :]


def _schema_tokens(tools: Sequence[ToolSpec]) -> int:
    return estimate_text_tokens(len(msgspec.json.encode(tools))) if tools else 0
