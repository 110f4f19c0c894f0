"""What may be started, and with what: the modules of each place and every option they take.

Whoever asks may be an enemy who holds the gateway. The worst that he gets from here: our own modules, with options of
this list and files of the folders of this sandbox, a few at a time, in a slice that is first to go. He chooses which
model file llama.cpp reads, and a fault of its reader is then his; but it runs as the user he already is, with fewer
rights than the gateway has: it sees neither database nor keys. No shell, no other program, no library of his own.
"""

from __future__ import annotations

import os

# Options by what follows them: a path, a path with something after a colon, a word, nothing. A free word has no option.
_ENGINE = {
    "--socket": "path", "--model": "path", "--profile": "path", "--state": "path", "--draft": "path",
    "--certificate": "path", "--key": "path", "--clients": "path", "--lora": "scaled path",
    "--name": "word", "--context": "word", "--cells": "word", "--threads": "word", "--active": "word",
    "--waiting": "word", "--ram-bytes": "word", "--disk-bytes": "word", "--peer-bytes": "word", "--listen": "word",
    "--embeddings": "", "--force-draft": "",
}  # fmt: skip
_TUNING = {"--model": "path", "--out": "path", "--seconds": "word", "--step-ms": "word"}
_MEASURE = {"--threads": "word", "--profile": "path"}

ENGINE, OWN = "engine", "own"  # whose Python: the engine's environment or the gateway's

# place -> module -> (whose Python, options, free words)
PLACES: dict[str, dict[str, tuple[str, dict[str, str], int]]] = {
    "engine": {"appliance.engine": (ENGINE, _ENGINE, 0)},
    "worker": {
        "appliance.engine.tuning": (ENGINE, _TUNING, 0),
        "appliance.engine.models.recommend.measure": (ENGINE, _MEASURE, 0),
        "appliance.understanding.learning": (ENGINE, {}, 0),
        "appliance.discovery": (OWN, {}, 1),
    },
}
_MAX_WORDS = 200
_VARIABLES = ("LLAMA_", "GGML_", "OMP_", "OPENBLAS_")
_SET_HERE = ("PYTHONPATH",)  # sent along for a child of the gateway's own; here it is what this program runs with


class RuleError(Exception):
    """Something that may not be; the text says what would be right."""


def checked_program(place: str, module: object) -> str:
    """Return whose Python runs a module. Raises RuleError."""
    modules = PLACES.get(place, {})
    if not isinstance(module, str) or module not in modules:
        raise RuleError(f"{str(module)[:80]!r} is not on the list of what {place} may start")
    return modules[module][0]


def checked_arguments(place: str, module: str, arguments: object, folders: list[str]) -> list[str]:
    """Return the arguments when each is known and each path lies in one of `folders`. Raises RuleError."""
    _, options, free = PLACES[place][module]
    if not isinstance(arguments, list) or len(arguments) > _MAX_WORDS:
        raise RuleError(f"arguments are a list of at most {_MAX_WORDS} words")
    words = [word for word in arguments if isinstance(word, str) and "\0" not in word]
    if len(words) != len(arguments):
        raise RuleError("an argument is a word")
    rest = iter(words)
    for word in rest:
        kind = options.get(word)
        if kind is None:
            free -= 1
            if free < 0 or word.startswith("-"):
                raise RuleError(f"{module} takes no {word[:80]!r} here")
        elif kind:
            _check_value(word, kind, next(rest, None), folders)
    return words


def _check_value(option: str, kind: str, value: str | None, folders: list[str]) -> None:
    if value is None or value.startswith("-"):  # argparse would read it as the next option
        raise RuleError(f"{option} needs a value")
    if kind == "scaled path" and ":" in value:
        value = value.rpartition(":")[0]
    if kind != "word" and not inside(value, folders):
        raise RuleError(
            f"{option} {value!r} lies in none of {', '.join(folders)}; put the file there, or name its folder in "
            "HOMARUS_MODEL_FOLDERS of homarus-engine@.service"
        )


def checked_variables(variables: object, trusted: list[str]) -> dict[str, str]:
    """Return the variables when each is a number or a folder of the program's own. Raises RuleError."""
    if not isinstance(variables, dict):
        raise RuleError("variables are an object")
    found: dict[str, str] = {}
    for name, value in variables.items():
        if name in _SET_HERE:
            continue
        # A library of another folder would be code of whoever asks.
        harmless = isinstance(value, str) and (value.isdigit() or inside(value, trusted))
        if not isinstance(name, str) or not name.startswith(_VARIABLES) or not harmless:
            raise RuleError(f"the variable {str(name)[:40]!r} may not be set, or not to that")
        found[name] = str(value)
    return found


def inside(path: str, folders: list[str]) -> bool:
    """Tell whether an absolute path lies in one of some folders, whatever links it goes over."""
    if not path.startswith("/"):
        return False
    real = os.path.realpath(path)
    return any(os.path.commonpath([real, root]) == root for root in map(os.path.realpath, folders))
