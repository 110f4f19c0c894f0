"""Attachments of a message: decoded, measured, recognised by their bytes instead of by what the sender says."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from appliance.foundation.visible import visible_name
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.chat import Attachment

MAX_TOTAL_BYTES = 19_464_192  # policy.attachments.maxBytes of hello; base64 of it fits the 25 MiB frame
MAX_IMAGE_BYTES = 6 * 1024 * 1024  # policy.attachments.maxImageBytes
MAX_TEXT_BYTES = 128 * 1024  # a text file becomes part of the prompt: more would push everything else out
MAX_COUNT = 20

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_MARKUP = str.maketrans({'"': "'", "<": "‹", ">": "›"})
_MAX_NAME_CHARS = 128
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/yaml", "application/x-yaml")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image; `media_type` is what its first bytes say."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file, to be read as part of the message."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Attached:
    """All attachments of one message."""

    pictures: tuple[Picture, ...] = ()
    texts: tuple[TextFile, ...] = ()


def sniff_image(content: bytes) -> str | None:
    """Return the media type of an image by its first bytes; None when it is none that models read."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def decode(attachments: Sequence[Attachment]) -> Attached:
    """Decode the attachments of a request. Raises WireError that names the attachment and the limit."""
    if len(attachments) > MAX_COUNT:
        raise invalid_request(f"too many attachments: {len(attachments)} (at most {MAX_COUNT})")
    pictures: list[Picture] = []
    texts: list[TextFile] = []
    total = 0
    for number, attachment in enumerate(attachments, 1):
        name = attachment.file_name or f"attachment {number}"
        content, said = _content(attachment, name)
        total += len(content)
        if total > MAX_TOTAL_BYTES:
            raise invalid_request(f"attachments exceed size limit ({MAX_TOTAL_BYTES} bytes in all)")
        media_type = sniff_image(content)
        if media_type is not None:
            pictures.append(_picture(name, media_type, content))
        else:
            texts.append(_text(name, said, content))
    return Attached(tuple(pictures), tuple(texts))


def _picture(name: str, media_type: str, content: bytes) -> Picture:
    if len(content) > MAX_IMAGE_BYTES:
        size = f"{len(content)} > {MAX_IMAGE_BYTES} bytes"
        raise invalid_request(f"attachment {name}: image exceeds size limit ({size})")
    return Picture(media_type, content)


def _text(name: str, said: str, content: bytes) -> TextFile:
    if not said.startswith(_TEXT_TYPES):
        raise invalid_request(
            f"attachment {name}: {said or 'this type'} is not supported; send an image (PNG, JPEG, GIF, WebP) or text"
        )
    if len(content) > MAX_TEXT_BYTES:
        raise invalid_request(f"attachment {name}: text exceeds size limit ({len(content)} > {MAX_TEXT_BYTES} bytes)")
    try:
        return TextFile(name, content.decode())
    except UnicodeDecodeError:
        raise invalid_request(f"attachment {name}: is not UTF-8 text") from None


def _content(attachment: Attachment, name: str) -> tuple[bytes, str]:
    encoded: Any = attachment.content
    said = (attachment.mime_type or "").lower()
    if not isinstance(encoded, str) or not encoded:
        raise invalid_request(f"attachment {name}: content must be base64 string")
    if encoded.startswith("data:"):
        head, _, encoded = encoded.partition(",")
        if not head.endswith(";base64"):
            raise invalid_request(f"attachment {name}: a data URL must be base64")
        said = said or head[5:].split(";")[0].lower()
    if len(encoded) > MAX_TOTAL_BYTES * 4 // 3 + 4:
        raise invalid_request(f"attachment {name}: exceeds size limit ({MAX_TOTAL_BYTES} bytes in all)")
    try:
        return base64.b64decode(encoded, validate=True), said
    except (binascii.Error, ValueError):
        raise invalid_request(f"attachment {name}: invalid base64 content") from None


def _harmless(name: str) -> str:
    """Return the name of a file so that it stays the name of a file: it came with the file, from anywhere."""
    return visible_name(name.translate(_MARKUP), _MAX_NAME_CHARS)


def with_texts(message: str, texts: Sequence[TextFile]) -> str:
    """Return the message followed by its text files, each fenced by its name."""
    blocks = [f'<file name="{_harmless(one.name)}">\n{one.text}\n</file>' for one in texts]
    return "\n\n".join(part for part in (message, *blocks) if part)
