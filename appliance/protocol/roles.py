"""Roles and operator scopes of protocol.md 6."""

from __future__ import annotations

from typing import Final

OPERATOR: Final = "operator"
NODE: Final = "node"

ADMIN: Final = "operator.admin"
READ: Final = "operator.read"
WRITE: Final = "operator.write"
SESSIONS_READ: Final = "operator.sessions.read"
SESSIONS_WRITE: Final = "operator.sessions.write"
APPROVALS: Final = "operator.approvals"
QUESTIONS: Final = "operator.questions"
PAIRING: Final = "operator.pairing"
TALK: Final = "operator.talk"
TALK_SECRETS: Final = "operator.talk.secrets"

SCOPES: Final = frozenset(
    {
        ADMIN,
        READ,
        WRITE,
        SESSIONS_READ,
        SESSIONS_WRITE,
        APPROVALS,
        QUESTIONS,
        PAIRING,
        TALK,
        TALK_SECRETS,
    }
)
