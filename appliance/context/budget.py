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


def fit(
    history: Sequence[Message], budget_tokens: int, *, anchor: Message | None = None, refill: float = 1.0
) -> tuple[Message, ...]:
    """Return the newest part of `history` that fits, starting at something a person said.

    The last person's message and all after it is always kept: without it there is no turn. A cut never parts a
    tool call from its result, because it only falls in front of a USER message.

    `anchor` is where the history of the turn before began: it begins there again while that fits, so that its
    state stays valid. Otherwise only `refill` of the budget is used, so that the next turns fit behind it.
    """
    starts = [index for index, message in enumerate(history) if message.role is Role.USER]
    if not starts:
        return tuple(history)
    sizes = [estimate_tokens(message) for message in history]
    first = starts[0]
    if anchor is not None:
        first = next((index for index in starts if history[index] is anchor), first)
    if sum(sizes[first:]) <= budget_tokens:
        return tuple(history[first:])
    return tuple(history[_start(starts, sizes, int(budget_tokens * refill)) :])


def _start(starts: Sequence[int], sizes: Sequence[int], budget_tokens: int) -> int:
    """Return the earliest of `starts` from which everything fits; the last one when nothing does."""
    kept = starts[-1]
    used = sum(sizes[kept:])
    for start in reversed(starts[:-1]):
        used += sum(sizes[start:kept])
        if used > budget_tokens:
            break
        kept = start
    return kept
