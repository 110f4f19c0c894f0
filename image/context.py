"""What one build is about; handed to every stage."""

from dataclasses import dataclass
from pathlib import Path

from image.board import Board
from image.keyring import Trust


@dataclass(frozen=True, slots=True)
class Context:
    """One build: the board, the version, where it works and where results go.

    `epoch` is the time that every file of the image bears (SOURCE_DATE_EPOCH, that of the last commit otherwise).
    """

    board: Board
    version: str
    epoch: int
    trust: Trust
    out: Path
    fresh: bool = False
    build: str = ""  # what the root slot was made from, in 12 digits; known when its key is
