"""Sentences that were written by hand: how people really talk, which no template covers.

`mini/sentences/<language>/*.txt`: a line `# tool` begins a block, each other line is one sentence. Their spans are not
marked, so they teach which tool is meant and nothing about copying.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "sentences"


def written(tag: str, folder: Path = FOLDER) -> dict[str, tuple[str, ...]]:
    """Return the sentences of a language by tool, in lower case; none when there is no file. Raises ValueError."""
    found: dict[str, list[str]] = {}
    for path in sorted((folder / tag).glob("*.txt")):
        tool = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            text = " ".join(line.split())
            if text.startswith("#"):
                tool = text[1:].strip()
            elif text and not tool:
                raise ValueError(f"{tag}/{path.name}:{number}: a sentence stands in front of the first tool")
            elif text:
                found.setdefault(tool, []).append(text.lower())
    return {name: tuple(dict.fromkeys(texts)) for name, texts in found.items()}
