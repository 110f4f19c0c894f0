"""The bytes of images in a transcript."""

from __future__ import annotations

import base64

import pytest

from tests.unit.gateway.methods.box import Box, Refused

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


async def send_picture(box: Box, key: str = "main") -> tuple[str, str]:
    """Send a picture; return the id of its message and its hash."""
    attachment = {"mimeType": "image/png", "fileName": "a.png", "content": base64.b64encode(PNG).decode()}
    params = {"sessionKey": key, "message": "look", "idempotencyKey": f"k-{key}", "attachments": [attachment]}
    await box.call("chat.send", params)
    await box.dispatcher.wait(f"k-{key}", 10)
    messages = (await box.call("chat.history", {"sessionKey": key}))["messages"]
    (said,) = [one for one in messages if one["role"] == "user"]
    (image,) = [part for part in said["content"] if part["type"] == "image"]
    return said["__openclaw"]["id"], image["sha256"]


async def test_an_image_of_a_message_comes_back_as_it_was_sent(box: Box) -> None:
    message, sha256 = await send_picture(box)
    found = await box.call("homarus.chat.image", {"sessionKey": "main", "messageId": message, "sha256": sha256})
    assert (found["mimeType"], base64.b64decode(found["content"])) == ("image/png", PNG)


async def test_a_hash_opens_only_what_the_message_names(box: Box) -> None:
    message, sha256 = await send_picture(box)
    await send_picture(box, "agent:main:other")
    for params in (
        {"sessionKey": "main", "messageId": message, "sha256": "0" * 64},
        {"sessionKey": "main", "messageId": "1-gone", "sha256": sha256},
        {"sessionKey": "agent:main:empty", "messageId": message, "sha256": sha256},
    ):
        with pytest.raises(Refused, match="no such image"):
            await box.call("homarus.chat.image", params)


async def test_an_image_that_was_swept_says_so(box: Box) -> None:
    message, sha256 = await send_picture(box)
    box.blobs.path(sha256).unlink()
    with pytest.raises(Refused, match="not kept any more"):
        await box.call("homarus.chat.image", {"sessionKey": "main", "messageId": message, "sha256": sha256})


async def test_a_path_is_no_hash(box: Box) -> None:
    with pytest.raises(Refused):
        await box.call("homarus.chat.image", {"sessionKey": "main", "messageId": "1-a", "sha256": "../" * 21 + "x"})


async def test_what_is_no_image_is_not_shown_whatever_its_message_says(box: Box) -> None:
    """A page that made a document of it would show markup of a stranger as its own."""
    blob = await box.blobs.put(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/png")
    part = {"type": "image", "mimeType": "text/html", "blob": blob.sha256}
    await box.store.ensure("agent:main:main", "main", 1)
    message = {"role": "user", "content": [part], "timestamp": 1}
    (entry,) = await box.store.append("agent:main:main", None, [("user", message, None)], 1)
    with pytest.raises(Refused, match="no image that can be shown"):
        await box.call("homarus.chat.image", {"sessionKey": "main", "messageId": entry.id, "sha256": blob.sha256})
