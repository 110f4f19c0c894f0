"""Changes the file on the disk: checked before it is written, atomic, private to the owner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.config.document.edit import remove_value, set_value
from appliance.config.document.json5 import MAX_CHARACTERS, parse, skip_space
from appliance.config.errors import ConfigError, ConfigSyntaxError, Issue, IssueSeverity
from appliance.config.load import Loaded, load_text
from appliance.config.migrate import migrate
from appliance.config.reading.secrets import read_regular
from appliance.foundation.atomicfile import write_atomic


class ConfigInvalidError(ConfigError):
    """The changed file would have errors that it does not have now; nothing was written."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__("; ".join(str(issue) for issue in issues[:5]))
        self.issues = tuple(issues)


def edit_file(path: Path, option: str, value: Any, environ: Mapping[str, str]) -> Loaded:
    """Set one option in the file, with its comments kept. For use while no gateway runs, under the state lock.

    Raises ConfigInvalidError, ConfigError (a path or a text that cannot be read) and OSError.
    """
    before = _text(path)
    return save(path, before, set_value(before, option, value), environ)


def unset_in_file(path: Path, option: str, environ: Mapping[str, str]) -> Loaded:
    """Take one option out of the file; raises what `edit_file` raises."""
    before = _text(path)
    return save(path, before, remove_value(before, option), environ)


def migrate_file(path: Path, environ: Mapping[str, str]) -> list[str]:
    """Bring the names in the file up to date; return what was changed."""
    before = _text(path)
    after, done = migrate(before)
    if done:
        save(path, before, after, environ)
    return done


def save(path: Path, before: str, after: str, environ: Mapping[str, str]) -> Loaded:
    """Write the new text when it adds no error; the errors of the old one must not forbid to mend another place."""
    known = {(issue.path, issue.message) for issue in load_text(before, environ, folder=path.parent).issues}
    loaded = load_text(after, environ, folder=path.parent)
    wrong = [
        issue
        for issue in loaded.issues
        if issue.severity is IssueSeverity.ERROR and (issue.path, issue.message) not in known
    ]
    if wrong:
        raise ConfigInvalidError(wrong)
    if after != before:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, after.encode())
    return loaded


def _text(path: Path) -> str:
    """Return what the file says. Raises ConfigError where no option could be put into it."""
    try:
        text = read_regular(path, 4 * MAX_CHARACTERS).decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text; edit it by hand.") from error
    if skip_space(text, 0) < len(text):
        try:
            parse(text)
        except ConfigSyntaxError as error:
            raise ConfigError(
                f"{path} is no JSON5 as it is, so nothing can be changed in it: {error}. Mend that place with an "
                "editor; `homarus config validate` says when it is right."
            ) from error
    return text
