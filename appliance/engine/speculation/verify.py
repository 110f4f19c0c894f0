"""The comparison that makes guessing exact: what was drafted counts only where the main model chooses the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def verified(drafted: Sequence[int], choose: Callable[[int], int | None]) -> list[int]:
    """Return the tokens that one step yields: the accepted drafts and the choice that follows them.

    `choose(n)` returns what the main model chooses from the logits behind n drafted tokens, None when the answer has
    ended there. It is called for a row only after all rows before it agreed: the choices (and the random numbers that
    they draw, and the grammar that they advance) are those of a run without drafts.
    """
    taken: list[int] = []
    for row in range(len(drafted) + 1):
        token = choose(row)
        if token is None:
            break
        taken.append(token)
        if row == len(drafted) or token != drafted[row]:
            break
    return taken
