"""For whom a backup is sealed, and with what it is opened: options, the environment, or a question."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from appliance.storage.age import Identity, Passphrase, Recipient
from appliance.storage.age.stanza import Unwraps, Wraps

VARIABLE: Final = "HOMARUS_BACKUP_PASSPHRASE"
_SHORTEST: Final = 12
_MAX_KEY_BYTES: Final = 64 * 1024


def recipients(names: Sequence[str], passphrase: bool, environ: Mapping[str, str]) -> list[Wraps]:
    """Return for whom to seal: keys `age1…`, or one passphrase. Raises UsageError, WrongKeyError."""
    if names and passphrase:
        raise click.UsageError("A passphrase stands alone: age seals for keys, or for one passphrase.")
    if names:
        return [Recipient.parse(name) for name in names]
    if not passphrase and VARIABLE not in environ:
        raise click.UsageError(
            "Who may open it? Add --passphrase, or --recipient age1… of a key that `homarus backup key FILE` makes."
        )
    text = environ.get(VARIABLE) or _asked("A new passphrase for this backup", again=True)
    if len(text) < _SHORTEST:
        raise click.UsageError(f"A passphrase that protects a whole box has at least {_SHORTEST} characters.")
    return [Passphrase(text)]


def keys(identity: Path | None, environ: Mapping[str, str]) -> list[Unwraps]:
    """Return with what to open: the identity in a file, else a passphrase. Raises UsageError, WrongKeyError."""
    if identity is not None:
        with identity.open("rb") as file:
            return [Identity.parse(file.read(_MAX_KEY_BYTES).decode("utf-8", "replace"))]
    return [Passphrase(environ.get(VARIABLE) or _asked("The passphrase of this backup", again=False))]


def _asked(question: str, *, again: bool) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(f"Nobody can be asked here: put the passphrase into {VARIABLE}, or name a key.")
    answer: str = click.prompt(question, hide_input=True, confirmation_prompt=again, err=True)
    return answer
