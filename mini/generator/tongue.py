"""What the generator needs to know of a language; german/, french/ and english/ each fill it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mini.generator.grammar import Filler

__all__ = ["Filler", "Noise", "Tongue"]


@dataclass(frozen=True, slots=True)
class Noise:
    """How sentences of a language are mistyped and clipped.

    `neighbours`: keys beside a key; `droppable`: words that get lost; `fillers`: words that slip in; `short`: short
    and misspelled forms; `plain`: the sentence without accents, as some people type it.
    """

    neighbours: Mapping[str, str]
    droppable: frozenset[str]
    fillers: tuple[str, ...]
    short: Mapping[str, str]
    plain: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language. `fillers` are computed kinds, `compose` makes kinds from the definitions of shared.txt.

    Into the kinds of `strange` words are mixed that no list holds. `closers`, `before` and `after` are said around
    any wish, `joints` between two. `tidy` repairs an expanded sentence whose spans are still marked (elisions).
    """

    tag: str
    fillers: Mapping[str, Filler]
    compose: Callable[[Callable[[str], Filler]], Mapping[str, Filler]]
    strange: tuple[str, ...]
    invented: Filler
    closers: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    joints: tuple[str, ...]
    asking: re.Pattern[str]
    noise: Noise
    conditions: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    tidy: Callable[[str], str] = str
