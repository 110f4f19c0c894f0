"""How a machine that does not run our image is updated."""

from __future__ import annotations

from pathlib import Path

import appliance


def _home() -> Path:
    return Path(appliance.__file__).resolve().parent.parent


def is_checkout() -> bool:
    """Tell whether this program runs from a git checkout."""
    return (_home() / ".git").exists()


def how_to() -> str:
    """Return how a machine without our image is updated, with the command for this installation."""
    home = _home()
    if is_checkout():
        return (
            "This machine runs Homarus from a git checkout, not from an image of its own: "
            f"`git -C {home} pull`, then `homarus gateway restart`, brings it up to date. The system below it is "
            "Debian's: `sudo apt update && sudo apt upgrade`."
        )
    return (
        "This machine runs Homarus as a Python package, not from an image of its own: "
        "`pip install --upgrade homarus`, then `homarus gateway restart`, brings it up to date. The system below it is "
        "Debian's: `sudo apt update && sudo apt upgrade`."
    )
