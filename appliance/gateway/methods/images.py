"""homarus.chat.image: the bytes of an image that a transcript names."""

from __future__ import annotations

import base64
from typing import Any, Protocol

from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.attachments import sniff_image
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.images import ChatImageParams, ChatImageResult
from appliance.protocol.roles import READ
from appliance.sessions.model import Entry
from appliance.storage.errors import BlobMissingError

SESSIONS_READ = "operator.sessions.read"


class EntryReader(Protocol):
    """What is read here (sessions.store)."""

    async def entry(self, key: str, entry_id: str) -> Entry | None: ...


class BlobReader(Protocol):
    """Where images are kept (storage.blobs)."""

    async def get(self, sha256: str) -> bytes: ...


def methods(*, store: EntryReader, blobs: BlobReader, addressing: Addressing) -> tuple[Method, ...]:
    """Return homarus.chat.image."""

    async def image(_: Call, params: ChatImageParams) -> ChatImageResult:
        place = addressing.locate(params.session_key, params.agent_id)
        entry = await store.entry(place.key, params.message_id)
        # A hash alone opens nothing: who may read a session sees its images and no others.
        if entry is None or not _names(entry, params.sha256):
            raise invalid_request("this message has no such image")
        try:
            content = await blobs.get(params.sha256)
        except BlobMissingError:
            raise invalid_request("the image is not kept any more; send it again") from None
        # What a message says of its type is not asked: a page would show markup as markup (imports can say anything).
        media_type = sniff_image(content)
        if media_type is None:
            raise invalid_request("this is no image that can be shown")
        return ChatImageResult(mime_type=media_type, content=base64.b64encode(content).decode())

    return (Method("homarus.chat.image", READ, ChatImageParams, image, narrow=SESSIONS_READ, result=ChatImageResult),)


def _names(entry: Entry, sha256: str) -> bool:
    """Tell whether an entry has this image as a part."""
    content: Any = entry.message.get("content")
    parts = () if isinstance(content, str) else content or ()
    return any(part.get("type") == "image" and part.get("blob") == sha256 for part in parts)
