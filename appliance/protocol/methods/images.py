"""The images of a transcript, whose bytes the history leaves out."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocol.methods.base import KeyText, Name200, NonEmpty, Params, Result


class ChatImageParams(Params, frozen=True):
    """An image part of the message `message_id`, by its `sha256` (hexadecimal)."""

    session_key: KeyText
    message_id: Name200
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    agent_id: NonEmpty | None = None


class ChatImageResult(Result, frozen=True):
    """`content` is base64."""

    mime_type: str
    content: str
