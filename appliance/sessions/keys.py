"""The grammar of session keys. Pure.

A key is a boundary of context and permission (mission S1), so two different conversations must never share one:
whatever comes from outside (peer ids, names) is escaped and never cut.
"""

from __future__ import annotations

import enum
import hashlib
import re
from dataclasses import dataclass

from appliance.sessions.errors import SessionKeyError

DEFAULT_AGENT = "main"
DEFAULT_MAIN_KEY = "main"

_MAX_KEY_CHARACTERS = 512
_MAX_PART_CHARACTERS = 128
_AGENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_UNSAFE = re.compile(r"[%:\s\x00-\x1f\x7f-\x9f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class KeyKind(enum.StrEnum):
    """What a key names."""

    NAMED = "named"
    DIRECT = "direct"
    GROUP = "group"
    CHANNEL = "channel"
    SUBAGENT = "subagent"
    CRON = "cron"
    DASHBOARD = "dashboard"
    OPENAI = "openai"
    GLOBAL = "global"


_FIRST_PART = {
    "subagent": KeyKind.SUBAGENT,
    "cron": KeyKind.CRON,
    "dashboard": KeyKind.DASHBOARD,
    "openai": KeyKind.OPENAI,
    "direct": KeyKind.DIRECT,
    "global": KeyKind.GLOBAL,
}
_CHAT_PART = {"direct": KeyKind.DIRECT, "group": KeyKind.GROUP, "channel": KeyKind.CHANNEL}


@dataclass(frozen=True, slots=True)
class SessionKey:
    """`agent:<agentId>:<parts…>`. `parts` are as they stand in the key, escaped."""

    agent_id: str
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> SessionKey:
        """Read a whole key; agent ids compare in lower case. Raises SessionKeyError that says what is wrong."""
        text = text.strip()
        if len(text) > _MAX_KEY_CHARACTERS:
            raise SessionKeyError(f"a session key has at most {_MAX_KEY_CHARACTERS} characters")
        if _CONTROL.search(text):
            raise SessionKeyError("a session key holds no control characters")
        head, *rest = text.split(":")
        if head != "agent" or len(rest) < 2:
            raise SessionKeyError(f"{text!r} is no session key; write agent:<agentId>:<name>, or main")
        agent_id, *parts = rest
        if not all(part.strip() for part in parts):
            raise SessionKeyError(f"{text!r} has an empty part; write agent:<agentId>:<name>")
        return cls(check_agent_id(agent_id), tuple(parts))

    def __str__(self) -> str:
        return ":".join(("agent", self.agent_id, *self.parts))

    @property
    def kind(self) -> KeyKind:
        """Read the kind off the shape; an unknown shape is a NAMED conversation."""
        parts = self.parts
        if parts == ("global",):
            return KeyKind.GLOBAL
        if len(parts) >= 2 and parts[0] in _FIRST_PART and parts[0] != "global":
            return _FIRST_PART[parts[0]]
        if len(parts) >= 3 and parts[1] in _CHAT_PART:
            return _CHAT_PART[parts[1]]
        if len(parts) >= 4 and parts[2] == "direct":
            return KeyKind.DIRECT
        return KeyKind.NAMED

    @property
    def wire_kind(self) -> str:
        """The `kind` of a SessionRow: direct, group or global."""
        match self.kind:
            case KeyKind.GROUP | KeyKind.CHANNEL:
                return "group"
            case KeyKind.GLOBAL:
                return "global"
        return "direct"

    @property
    def channel(self) -> str | None:
        """The channel a person or group writes from, where the key says so."""
        if self.kind in (KeyKind.GROUP, KeyKind.CHANNEL):
            return self.parts[0]
        return self.parts[0] if self.kind is KeyKind.DIRECT and self.parts[0] != "direct" else None

    @property
    def depth(self) -> int:
        """How many sub-agents deep: 0 for a conversation of a person."""
        return self.parts[::2].count("subagent") if self.kind is KeyKind.SUBAGENT else 0

    def child(self, sub_id: str) -> SessionKey:
        """Return the key of a sub-agent of this session; deeper levels nest (mission S1)."""
        own = self.parts if self.kind is KeyKind.SUBAGENT else ()
        return SessionKey(self.agent_id, (*own, "subagent", escape(sub_id)))

    @property
    def parent(self) -> SessionKey | None:
        """The sub-agent above this one; None at the first level, whose parent only the session row knows."""
        return SessionKey(self.agent_id, self.parts[:-2]) if self.depth > 1 else None


def check_agent_id(text: str) -> str:
    """Return the id in lower case. Raises SessionKeyError."""
    agent_id = text.lower()
    if not _AGENT.fullmatch(agent_id):
        raise SessionKeyError(f"{text!r} is no agent id: letters, digits, - and _, at most 64")
    return agent_id


def escape(part: str) -> str:
    """Return `part` as one part of a key: different inputs never give the same output.

    Case is kept (ids of some channels differ only in case); what is too long is named by its hash, with a mark that no
    escaped text starts with.
    """
    if not part:
        raise SessionKeyError("a part of a session key must not be empty")
    if len(part) > _MAX_PART_CHARACTERS:
        return "%23" + hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), part)


def main_key(agent_id: str = DEFAULT_AGENT, name: str = DEFAULT_MAIN_KEY) -> str:
    """Return the key of the main conversation of an agent."""
    return str(SessionKey(check_agent_id(agent_id), (escape(name),)))


def resolve_alias(text: str, *, agent_id: str = DEFAULT_AGENT, main_name: str = DEFAULT_MAIN_KEY) -> str:
    """Return the whole key for what a client wrote: a whole key, `main`, or a bare name of the given agent.

    Raises SessionKeyError.
    """
    text = text.strip()
    if text == "agent" or text.startswith("agent:"):
        return str(SessionKey.parse(text))
    if text == "main":
        return main_key(agent_id, main_name)
    return str(SessionKey.parse(f"agent:{agent_id}:{text}"))
