"""Puts together the request of one model call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from appliance.context.budget import estimate_text_tokens, fit
from appliance.context.pairing import paired
from appliance.context.prompt import system_prompt
from appliance.context.wire import to_message
from appliance.generation import GenerateRequest, ModelInfo, ToolSpec
from appliance.messages import JsonObject, Message, Role, Text

# The window of a model of which nothing is known, tokens. Small enough for any model of today.
_DEFAULT_WINDOW = 4096
# Part of the window that is left for the answer.
_ANSWER_SHARE = 0.25


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

    `tools` gives what the policy lets a model use. `entries` are the stored wire entries, oldest first, the new
    message of the person included.
    """

    def __init__(
        self,
        entries: Sequence[JsonObject],
        *,
        zone: ZoneInfo,
        tools: Callable[[ModelInfo], Sequence[ToolSpec]],
        session_key: str,
        load_blob: Callable[[str], bytes | None],
        extra_system: str = "",
        bare_providers: frozenset[str] = frozenset(),
        max_tokens: int | None = None,
        temperature: float | None = None,
        max_context: int | None = None,
    ) -> None:
        self._plain: list[Message] = []
        self._stamped: list[Message] = []
        self._zone = zone
        self._tools = tools
        self._session_key = session_key
        self._load_blob = load_blob
        self._system = system_prompt() + (f"\n\n{extra_system}" if extra_system else "")
        # The embedded model was trained on bare words: no stamp for it.
        self._bare_providers = bare_providers
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._max_context = max_context
        for entry in entries:
            self.add(entry)

    def add(self, entry: JsonObject) -> None:
        """Append an entry that was stored during this turn."""
        message = to_message(entry, self._load_blob)
        if message is None:
            return
        self._plain.append(message)
        if message.role is Role.USER:
            mark = stamp(entry["timestamp"], self._zone)
            message = Message(
                Role.USER, (Text(mark + message.text), *(p for p in message.parts if not isinstance(p, Text)))
            )
        self._stamped.append(message)

    def request(self, info: ModelInfo) -> GenerateRequest:
        """Return the request for one candidate, its history cut to the window of that model."""
        window = info.context_window or _DEFAULT_WINDOW
        window = min(window, self._max_context or window)
        answer = min(info.max_output_tokens or window, int(window * _ANSWER_SHARE))
        tools = tuple(self._tools(info))
        # The schemas as JSON, which is how a model reads them.
        static = estimate_text_tokens(len(self._system) + len(msgspec.json.encode(tools)))
        bare = info.provider in self._bare_providers
        return GenerateRequest(
            model=info.id,
            system=self._system,
            messages=fit(paired(self._plain if bare else self._stamped), window - answer - static),
            tools=tools,
            max_tokens=min(answer, self._max_tokens or answer),
            temperature=self._temperature,
            session_key=self._session_key,
        )
