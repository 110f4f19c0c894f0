"""Reads the file: text, values, environment, sections. Never fails: what is wrong is in the issues."""

from __future__ import annotations

import hashlib
import hmac
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from appliance.config.document.json5 import MAX_CHARACTERS, parse, skip_space
from appliance.config.errors import ConfigSyntaxError, Issue, IssueSeverity, Refused
from appliance.config.reading import checks
from appliance.config.reading.convert import BAD, Converter
from appliance.config.reading.environment import apply_environment
from appliance.config.reading.secrets import Sources, read_regular
from appliance.config.schema import Config
from appliance.config.shape import fields

_CHECKS: Final[dict[str, Callable[[Any], Iterator[Issue]]]] = {
    "gateway": checks.check_gateway,
    "models": checks.check_models,
    "agents": checks.check_agents,
    "tools": checks.check_tools,
    "timezone": lambda name: checks.check_zone("timezone", name),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read. `raw` is the text as it is in the file and may hold secrets; show `redact.redacted(raw)`.

    `parsed` is its plain value ({} when it cannot be read). `overrides` maps a path to the environment variable that
    set it. `hash` guards a change against another change in between (protocol.md 11, baseHash).
    """

    config: Config
    issues: tuple[Issue, ...]
    raw: str
    parsed: dict[str, Any]
    hash: str
    exists: bool
    overrides: Mapping[str, str]

    @property
    def valid(self) -> bool:
        """Whether every part can start."""
        return not any(issue.severity is IssueSeverity.ERROR for issue in self.issues)


def load(path: Path, environ: Mapping[str, str], *, hash_key: bytes = b"") -> Loaded:
    """Read the file at `path`; a file that is not there is an empty one. `hash_key` is a secret of the box."""
    try:
        content = read_regular(path, 4 * MAX_CHARACTERS)
    except FileNotFoundError:
        return load_text("", environ, folder=path.parent, hash_key=hash_key, exists=False)
    except OSError as error:
        return _unreadable("", f"{path} cannot be read: {error.strerror}", hash_key)
    try:
        raw = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _unreadable("", f"{path} is not UTF-8 text (byte {error.start})", hash_key)
    loaded = load_text(raw, environ, folder=path.parent, hash_key=hash_key)
    return replace(loaded, issues=(*loaded.issues, *_mode_issues(path, loaded.parsed)))


def load_text(
    raw: str, environ: Mapping[str, str], *, folder: Path, hash_key: bytes = b"", exists: bool = True
) -> Loaded:
    """Read the text of a file, as `load` does; relative paths of secret files start at `folder`."""
    try:
        values = parse(raw) if skip_space(raw, 0) < len(raw) else {}
    except ConfigSyntaxError as error:
        return _unreadable(raw, f"not valid JSON5: {error}", hash_key)
    if not isinstance(values, dict):
        return _unreadable(raw, "the outermost value must be an object", hash_key)
    merged, overrides, issues = apply_environment(values, environ)
    converter = Converter(Sources(environ, folder))
    converter.issues.extend(issues)
    config = _config(converter, merged)
    found = tuple(_named_origin(issue, overrides) for issue in converter.issues)
    return Loaded(config, found, raw, values, config_hash(raw, hash_key), exists, overrides)


def config_hash(raw: str, key: bytes) -> str:
    """Return the hash of the text in the form of the protocol."""
    return "hmac-sha256:v1:" + hmac.new(key, raw.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _config(converter: Converter, values: dict[str, Any]) -> Config:
    known, parts = fields(Config), dict[str, Any]()
    for key, value in values.items():
        field = known.get(key)
        if field is None:
            converter.unknown(key, value, "", "", list(known))
            continue
        before = len(converter.issues)
        part = converter.field(field, value, key, key)
        if part is not BAD and key in _CHECKS:
            part = _checked(converter, key, part)
        if part is BAD:
            errors = [one for one in converter.issues[before:] if one.severity is IssueSeverity.ERROR]
            part = Refused(key, tuple(errors))
        parts[field.attribute] = part
    return Config(**parts)


def _checked(converter: Converter, key: str, part: Any) -> Any:
    """Apply the rules between options; a provider that breaks one goes alone, any other finding takes the section."""
    found = list(_CHECKS[key](part))
    converter.issues.extend(found)
    if key != "models":
        return BAD if found else part
    kept = {
        name: one for name, one in part.providers.items() if not any(checks.of_provider(issue, name) for issue in found)
    }
    rest = [issue for issue in found if not any(checks.of_provider(issue, name) for name in part.providers)]
    return BAD if rest else msgspec.structs.replace(part, providers=kept)


def _named_origin(issue: Issue, overrides: Mapping[str, str]) -> Issue:
    name = overrides.get(issue.path)
    return replace(issue, message=f"{issue.message} (set by {name})") if name else issue


def _unreadable(raw: str, message: str, hash_key: bytes) -> Loaded:
    issue = Issue("", "", message)
    refused = {field.attribute: Refused(key, (issue,)) for key, field in fields(Config).items()}
    return Loaded(Config(**refused), (issue,), raw, {}, config_hash(raw, hash_key), True, {})


def _mode_issues(path: Path, parsed: dict[str, Any]) -> Iterator[Issue]:
    """Warn when others on this machine can read secrets that are written in the file."""
    from appliance.config.redact import redacted_value

    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return
    if mode & 0o077 and redacted_value(parsed) != parsed:
        text = f"holds secrets and can be read by others on this machine (mode {mode:o})"
        yield Issue("", "", text, f"chmod 600 {path}", IssueSeverity.WARNING)
