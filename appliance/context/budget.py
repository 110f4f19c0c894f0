"""How much fits: a pure estimate of tokens and the cut of a history that keeps it valid."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.messages import Image, Message, Role, Text, ToolCall, ToolResult

# English and German text is about 3.5 to 4.5 characters a token; the low end errs on the safe side.
_CHARACTERS_PER_TOKEN = 3.2
_TOKENS_PER_MESSAGE = 6
_TOKENS_PER_IMAGE = 1600


def estimate_text_tokens(characters: int) -> int:
    """Return about how many tokens a text of so many characters takes as one message."""
    return int(characters / _CHARACTERS_PER_TOKEN) + _TOKENS_PER_MESSAGE


def estimate_tokens(message: Message) -> int:
    """Return about how many tokens a message takes, rather too many than too few."""
    characters = 0
    images = 0
    for part in message.parts:
        match part:
            case Text(text):
                characters += len(text)
            case Image():
                images += 1
            case ToolCall():
                characters += len(part.name) + len(str(part.arguments))
            case ToolResult():
                characters += len(part.text)
    return estimate_text_tokens(characters) + images * _TOKENS_PER_IMAGE


def fit(history: Sequence[Message], budget_tokens: int) -> tuple[Message, ...]:
    """Return the newest part of `history` that fits, starting at something a person said.

    The last person's message and all after it is always kept: without it there is no turn. A cut never parts a
    tool call from its result, because it only falls in front of a USER message.
    """
    starts = [index for index, message in enumerate(history) if message.role is Role.USER]
    if not starts:
        return tuple(history)
    kept = starts[-1]
    used = sum(estimate_tokens(message) for message in history[kept:])
    for start in reversed(starts[:-1]):
        used += sum(estimate_tokens(message) for message in history[start:kept])
        if used > budget_tokens:
            break
        kept = start
    return tuple(history[kept:])
