"""What to do with an answer that ran in circles: what of it is good, and the short prompt that brings it back.

Pure. The monitor of the engine decides that an answer degenerated (engine.monitor); this only repairs.
"""

from __future__ import annotations

from collections.abc import Sequence

from appliance.messages import ToolResult

MAX_TIMES = 2  # one model is brought back so often in one turn; then the next one takes over
_MAX_PERIOD = 400  # characters of what repeats
_LEAST_REPEATS = 3
_LEAST_REPEATED = 24  # characters; "ha ha ha" is no fault
_DROPPED = 120  # characters before the halt that nobody can vouch for, where nothing repeats
_MAX_OBJECTIVE, _MAX_FACT, _MAX_FACTS = 400, 200, 6
_SENTENCE_ENDS = (".", "!", "?")
_ENDS = (". ", "! ", "? ", ".\n", "!\n", "?\n", "\n\n", "。")

GIVEN_UP = "I could not finish this answer: the model on this box lost the thread. Ask once more, or in smaller parts."


def good_part(text: str) -> str:
    """Return the beginning of a degenerated answer that is worth keeping."""
    at = _repetition(text)
    if at is not None:
        return text[: at + (text[at : at + 1] in _SENTENCE_ENDS)].rstrip()
    kept = text[: max(0, len(text) - _DROPPED)]
    ends = [found + 1 for mark in _ENDS if (found := kept.rfind(mark)) >= 0]
    return kept[: max(ends, default=0)].rstrip()


def _repetition(text: str) -> int | None:
    """Return the index behind the first of the pieces that repeat at the end; the last one may be cut off."""
    best: int | None = None
    found = dict[int, int]()  # where each period begins to hold, so that its multiples are not looked for again
    for period in range(1, min(_MAX_PERIOD, len(text) // _LEAST_REPEATS) + 1):
        known = (begins + period - one for one, begins in found.items() if period % one == 0)
        at = min([len(text), *known])
        while at > period and text[at - 1] == text[at - 1 - period]:
            at -= 1
        repeated = len(text) - (at - period)
        enough = repeated >= max(_LEAST_REPEATED, _LEAST_REPEATS * period)
        if enough:
            found[period] = at
        if enough and (best is None or at < best):
            best = at
    return best


def grounding_prompt(objective: str, results: Sequence[ToolResult]) -> str:
    """Return the words that bring a model back: the task, what is known, and what to do now."""
    facts = [f"- {result.name}: {_line(result.text, _MAX_FACT)}" for result in results[-_MAX_FACTS:]]
    known = "\n".join(["This is known:", *facts, ""]) if facts else ""
    return (
        "[Your answer ran in circles and was halted.]\n"
        f"The task is: {_line(objective, _MAX_OBJECTIVE)}\n{known}"
        "Finish the answer in few words, in the language of the task. Do not repeat what you said."
    )


def note_text(model: str, reason: str, times: int) -> str:
    """Return the line for the transcript."""
    again = "It was reminded of the task." if times <= MAX_TIMES else "The next model takes over."
    return f"[The answer of {model} ran in circles ({reason or 'monitor'}) and was halted. {again}]"


def _line(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
